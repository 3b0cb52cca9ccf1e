#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"

namespace elman {

// A header is JSON: {"__metadata__": {text: text…}, name: {"dtype": …, "shape": […], "data_offsets": [begin, end]}…}.
inline constexpr std::string_view kMetadataKey = "__metadata__";
inline constexpr size_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
inline constexpr size_t kMaxEntries = 1 << 18;          // tensors, and texts: bounds memory, far above any model
inline constexpr size_t kMaxDimensions = 8;             // of a tensor

// What a header says: tensors that have no data yet, and where in the data section each begins.
struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;
  std::vector<size_t> begins;
  std::map<std::string, std::string> metadata;
};

// Throws kModel naming `path` on anything but a header whose tensors cover the `data_bytes` after it exactly: no hole,
// no overlap, nothing beyond them and nothing left over.
SafetensorsHeader parse_header(const std::string& path, std::string_view text, size_t data_bytes);

// The name that two tensors share, if any do.
std::optional<std::string_view> repeated_name(std::span<const SafetensorsTensor> tensors);

// The bytes of an array of that type and shape; SIZE_MAX if the product overflows.
size_t byte_count(DType dtype, std::span<const size_t> shape) noexcept;

// How messages about a file that cannot be trusted end.
inline constexpr std::string_view kExportAgain =
    "the file is damaged or no safetensors file: copy it again, or export it with safetensors.torch.save_file";

// A name from a file as a message may show it: cut when long, without control characters.
std::string shown(std::string_view name);

}  // namespace elman
