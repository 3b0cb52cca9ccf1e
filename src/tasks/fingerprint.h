#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "data/series.h"

namespace elman {

// Tells one data set from another: FNV-1a of 64 bits over all that was added. Not a defence against forgery.
class Fingerprint {
 public:
  void add(const void* bytes, size_t size) noexcept {
    for (size_t i = 0; i < size; ++i) hash_ = (hash_ ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001b3u;
  }
  std::string hex() const { return fmt::format("{:016x}", hash_); }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

// Of ids, start times and values.
std::string fingerprint(const SeriesSet& data);

}  // namespace elman
