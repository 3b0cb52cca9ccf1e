#include "io/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.h"

namespace elman {
namespace {

using Json = nlohmann::json;

// Takes the header apart while it is parsed and stops at the first thing the format does not know, so that a hostile
// one never grows into a document in memory.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}
  SafetensorsHeader header;
  std::vector<size_t> ends;

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(number_integer_t value) override { unexpected(fmt::format("{}", value)); }
  bool number_float(number_float_t, const string_t& text) override { unexpected(shown(text)); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape && shape().size() < kMaxDimensions) shape().push_back(value);
    else if (place_ == Place::kOffsets && offsets_ < 2) (offsets_++ == 0 ? header.begins : ends).back() = value;
    else unexpected(fmt::format("{}", value));
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::kMetadata) return add_metadata(text);
    if (place_ != Place::kTensor || field_ != kDtype) unexpected("a text");
    const std::optional<DType> dtype = find_dtype(text);
    if (!dtype) unexpected(fmt::format("'{}'", shown(text)));
    header.tensors.back().dtype = *dtype;
    return true;
  }

  bool start_object(size_t) override {
    if (place_ == Place::kStart) place_ = Place::kTop;
    else if (place_ == Place::kTop && key_ == kMetadataKey) start_metadata();
    else if (place_ == Place::kTop) start_tensor();
    else unexpected("an object");
    return true;
  }

  bool key(string_t& key) override {
    key_ = std::move(key);
    if (place_ != Place::kTensor) return true;
    field_ = static_cast<Field>(std::find(std::begin(kFields), std::end(kFields), key_) - std::begin(kFields));
    if (field_ == kFieldCount) reject("has a field '{}', expected dtype, shape and data_offsets alone", shown(key_));
    if (seen_[field_]) reject("has two {}", kFields[field_]);
    seen_[field_] = true;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTop) {
      place_ = Place::kEnd;
      return true;
    }
    for (size_t field = 0; place_ == Place::kTensor && field < kFieldCount; ++field)
      if (!seen_[field]) reject("has no {}", kFields[field]);
    place_ = Place::kTop;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::kTensor || field_ == kDtype) unexpected("a list");
    place_ = field_ == kShape ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2)
      reject("has {} number(s) in its data_offsets, expected two", offsets_);
    place_ = Place::kTensor;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const Json::exception&) override { reject_json(position); }
  [[noreturn]] void reject_json(size_t position) const {
    fail(ErrorCode::kModel, "{}: the header is not valid JSON at its byte {}; {}", path_, position, kExportAgain);
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };
  enum Field { kDtype, kShape, kDataOffsets, kFieldCount };
  static constexpr std::string_view kFields[kFieldCount] = {"dtype", "shape", "data_offsets"};

  std::vector<size_t>& shape() { return header.tensors.back().shape; }

  bool add_metadata(std::string& text) {
    if (header.metadata.size() == kMaxEntries) too_many("texts");
    if (!header.metadata.emplace(key_, std::move(text)).second)
      fail(ErrorCode::kModel, "{}: {} has the key '{}' twice; {}", path_, kMetadataKey, shown(key_), kExportAgain);
    return true;
  }

  void start_metadata() {
    if (std::exchange(metadata_seen_, true))
      fail(ErrorCode::kModel, "{}: the header has {} twice; {}", path_, kMetadataKey, kExportAgain);
    place_ = Place::kMetadata;
  }

  void start_tensor() {
    if (header.tensors.size() == kMaxEntries) too_many("tensors");
    header.tensors.emplace_back().name = std::move(key_);
    header.begins.push_back(0);
    ends.push_back(0);
    std::fill(std::begin(seen_), std::end(seen_), false);
    offsets_ = 0;
    place_ = Place::kTensor;
  }

  [[noreturn]] void too_many(std::string_view what) const {
    fail(ErrorCode::kModel, "{}: more than {} {}, which no model has; {}", path_, kMaxEntries, what, kExportAgain);
  }

  // Fails on a fault of the tensor being read.
  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::kModel, "{}: tensor '{}' {}; {}", path_, shown(header.tensors.back().name),
         fmt::format(format, std::forward<Args>(args)...), kExportAgain);
  }

  // Fails on a value that cannot stand where it was found.
  [[noreturn]] void unexpected(const std::string& found) const {
    switch (place_) {
      case Place::kMetadata:
        fail(ErrorCode::kModel, "{}: {} '{}' is {}, expected a text; {}", path_, kMetadataKey, shown(key_), found,
             kExportAgain);
      case Place::kShape: reject("has {} in its shape, expected at most {} numbers not below 0", found, kMaxDimensions);
      case Place::kOffsets: reject("has {} in its data_offsets, expected two numbers not below 0", found);
      case Place::kTensor:
        if (field_ == kDtype)
          reject("has the type {}, which is not read here; expected a type such as F32, F64 or I64", found);
        reject("has {} as its {}, expected a list of numbers", found, kFields[field_]);
      default:
        fail(ErrorCode::kModel, "{}: the header has {} as '{}', expected a tensor's dtype, shape and data_offsets; {}",
             path_, found, shown(key_), kExportAgain);
    }
  }

  const std::string& path_;
  Place place_ = Place::kStart;
  Field field_ = kFieldCount;
  std::string key_;
  bool seen_[kFieldCount] = {};
  bool metadata_seen_ = false;
  size_t offsets_ = 0;  // numbers read of a pair
};

void check_layout(const std::string& path, const SafetensorsHeader& header, const std::vector<size_t>& ends,
                  size_t data_bytes) {
  const auto reject = [&](size_t i, const std::string& fault) {
    fail(ErrorCode::kModel, "{}: tensor '{}' {}; {}", path, shown(header.tensors[i].name), fault, kExportAgain);
  };
  std::vector<uint32_t> order(header.tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(header.begins[a], ends[a]) < std::pair(header.begins[b], ends[b]);
  });
  size_t covered = 0;
  for (const uint32_t i : order) {
    const SafetensorsTensor& tensor = header.tensors[i];
    const size_t begin = header.begins[i], end = ends[i];
    if (end < begin || end > data_bytes)
      reject(i, fmt::format("lies at bytes {} to {} of a data section of {} bytes", begin, end, data_bytes));
    if (end - begin != byte_count(tensor.dtype, tensor.shape))
      reject(i, fmt::format("has {} bytes, which is not what {} of shape [{}] takes", end - begin,
                            name_of(tensor.dtype), fmt::join(tensor.shape, ", ")));
    if (begin < covered) reject(i, fmt::format("begins at byte {}, inside the tensor before it", begin));
    if (begin > covered) reject(i, fmt::format("begins at byte {}, leaving a hole from byte {}", begin, covered));
    covered = end;
  }
  if (covered != data_bytes)
    fail(ErrorCode::kModel, "{}: {} bytes after the last tensor belong to none; {}", path, data_bytes - covered,
         kExportAgain);
}

}  // namespace

SafetensorsHeader parse_header(const std::string& path, std::string_view text, size_t data_bytes) {
  HeaderReader reader(path);
  if (const size_t nul = text.find('\0'); nul != text.npos) reader.reject_json(nul + 1);  // for the parser, the end
  Json::sax_parse(text.begin(), text.end(), &reader);
  if (const auto name = repeated_name(reader.header.tensors))
    fail(ErrorCode::kModel, "{}: tensor '{}' is there twice; {}", path, shown(*name), kExportAgain);
  check_layout(path, reader.header, reader.ends, data_bytes);
  return std::move(reader.header);
}

std::optional<std::string_view> repeated_name(std::span<const SafetensorsTensor> tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const SafetensorsTensor& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin == names.end()) return std::nullopt;
  return *twin;
}

size_t byte_count(DType dtype, std::span<const size_t> shape) noexcept {
  size_t bytes = size_of(dtype);
  for (const size_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return SIZE_MAX;
  return bytes;
}

std::string shown(std::string_view name) {
  constexpr size_t kLongest = 60;
  std::string text(name.substr(0, kLongest));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  if (name.size() > kLongest) {
    while (!text.empty() && (text.back() & 0xc0) == 0x80) text.pop_back();  // a character cut in two
    if (!text.empty() && (text.back() & 0x80)) text.pop_back();
    text += "…";
  }
  return text;
}

}  // namespace elman
