#include <nlohmann/json.hpp>

#include "base/error.h"
#include "io/atomic_file.h"
#include "io/safetensors_header.h"

namespace elman {
namespace {

// A JSON string.
std::string quoted(const std::string& path, const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::kUsage, "{}: the text '{}' is not UTF-8, which the header needs", path, shown(text));
  }
}

// The header for tensors stored one after the other, padded with spaces to a multiple of 8 bytes.
std::string format_header(const std::string& path, std::span<const SafetensorsTensor> tensors,
                          const std::map<std::string, std::string>& metadata) {
  if (const auto name = repeated_name(tensors))
    fail(ErrorCode::kUsage, "{}: two tensors called '{}', expected a name once", path, *name);
  std::string text = "{";
  std::string_view comma;
  if (!metadata.empty()) {
    text += fmt::format("\"{}\":{{", kMetadataKey);
    for (const auto& [key, value] : metadata) {
      text += fmt::format("{}{}:{}", comma, quoted(path, key), quoted(path, value));
      comma = ",";
    }
    text += '}';
  }
  size_t begin = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.name == kMetadataKey || tensor.data.size() != byte_count(tensor.dtype, tensor.shape))
      fail(ErrorCode::kUsage, "{}: tensor '{}' of type {} and shape [{}] cannot have {} bytes or that name", path,
           tensor.name, name_of(tensor.dtype), fmt::join(tensor.shape, ", "), tensor.data.size());
    const size_t end = begin + tensor.data.size();
    text += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", comma,
                        quoted(path, tensor.name), name_of(tensor.dtype), fmt::join(tensor.shape, ","), begin, end);
    comma = ",";
    begin = end;
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::string& path, std::span<const SafetensorsTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = format_header(path, tensors, metadata);
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const SafetensorsTensor& tensor : tensors) file.write(tensor.data);
  file.commit();
}

}  // namespace elman
