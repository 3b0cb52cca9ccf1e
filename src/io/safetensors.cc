#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/error.h"
#include "io/safetensors_header.h"
#include "tensor/bfloat16.h"

namespace elman {
namespace {

constexpr size_t kLengthBytes = 8;  // the header's length, before the header

// What a file that is no safetensors file looks like from its first bytes, and how to get one from it.
std::string foreign_format(std::string_view start) {
  constexpr std::string_view kExport = "load it in Python and write it with safetensors.torch.save_file";
  if (start.starts_with("PK\x03\x04"))
    return fmt::format("a zip archive, as torch.save and Keras write, not a safetensors file; {}", kExport);
  if (start.starts_with("\x80") && start.size() > 1 && start[1] >= 2 && start[1] <= 5)
    return fmt::format("a Python pickle, as torch.save writes, not a safetensors file; {}", kExport);
  if (start.starts_with("\x89HDF"))
    return fmt::format("an HDF5 file, as Keras writes, not a safetensors file; {}", kExport);
  return "";
}

// Reads from a file whose size is known, never past it.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {
    std::error_code error;
    if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
      fail(ErrorCode::kModel, "{}: not a file, expected a safetensors file; check the path", path);
    left_ = std::filesystem::file_size(path, error);
    if (!error) file_.open(path, std::ios::binary);
    if (error || !file_)
      fail(ErrorCode::kModel, "{}: cannot open the model: {}; check the path", path,
           error ? error.message() : std::generic_category().message(errno));
  }

  size_t left() const noexcept { return left_; }

  // REQUIRES: bytes <= left().
  void read(void* to, size_t bytes) {
    if (!file_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes)))
      fail(ErrorCode::kModel, "{}: cannot read {} bytes that should be there; copy the file again", path_, bytes);
    left_ -= bytes;
  }

 private:
  const std::string& path_;
  std::ifstream file_;
  size_t left_ = 0;
};

std::string read_header(const std::string& path, Reader& reader) {
  const size_t size = reader.left();
  if (size < kLengthBytes + 2)
    fail(ErrorCode::kModel, "{}: the file has {} bytes, expected at least {}; {}", path, size, kLengthBytes + 2,
         kExportAgain);
  char start[kLengthBytes];
  reader.read(start, sizeof start);
  const uint64_t length = std::bit_cast<uint64_t>(start);
  const auto check = [&](bool good, const std::string& fault) {
    if (good) return;
    const std::string foreign = foreign_format({start, sizeof start});
    if (!foreign.empty()) fail(ErrorCode::kModel, "{}: this is {}", path, foreign);
    fail(ErrorCode::kModel, "{}: {}; {}", path, fault, kExportAgain);
  };
  check(length <= kMaxHeaderBytes, fmt::format("a header of {} bytes, expected at most {}", length, kMaxHeaderBytes));
  check(length <= reader.left(), fmt::format("a header of {} bytes in a file of {}", length, size));
  std::string header(length, '\0');
  reader.read(header.data(), length);
  check(header.starts_with('{'), "the header does not begin with '{'");
  return header;
}

float widen(uint16_t bits, DType dtype) noexcept {
  return dtype == DType::kF16 ? from_f16(bits) : BFloat16{bits}.value();
}

// Elements of type From, at any alignment, each through `convert`.
template <class From, class T, class Convert>
void convert_each(const std::byte* from, std::span<T> out, Convert convert) {
  for (T& value : out) {
    From stored;
    std::memcpy(&stored, from, sizeof stored);
    value = static_cast<T>(convert(stored));
    from += sizeof stored;
  }
}

}  // namespace

const SafetensorsTensor* SafetensorsFile::find(std::string_view name) const noexcept {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

SafetensorsFile read_safetensors(const std::string& path) {
  Reader reader(path);
  const std::string text = read_header(path, reader);
  SafetensorsHeader header = parse_header(path, text, reader.left());

  SafetensorsFile file{std::move(header.tensors), std::move(header.metadata), {}};
  file.bytes.resize(reader.left());
  reader.read(file.bytes.data(), file.bytes.size());
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    SafetensorsTensor& tensor = file.tensors[i];
    tensor.data = {file.bytes.data() + header.begins[i], byte_count(tensor.dtype, tensor.shape)};
  }
  return file;
}

template <class T>
void copy_values(const SafetensorsTensor& tensor, std::span<T> out) {
  if (tensor.data.size() != out.size() * size_of(tensor.dtype))
    fail(ErrorCode::kModel, "tensor '{}' has {} elements, expected {}", shown(tensor.name),
         tensor.data.size() / size_of(tensor.dtype), out.size());
  const std::byte* from = tensor.data.data();
  const auto same = [](auto value) { return value; };
  if constexpr (std::is_integral_v<T>) {
    if (tensor.dtype == dtype_of<T>()) return convert_each<T>(from, out, same);
  } else {
    const auto wide = [&](uint16_t bits) { return widen(bits, tensor.dtype); };
    switch (tensor.dtype) {
      case DType::kF64: return convert_each<double>(from, out, same);
      case DType::kF32: return convert_each<float>(from, out, same);
      case DType::kF16:
      case DType::kBF16: return convert_each<uint16_t>(from, out, wide);
      default: break;
    }
  }
  fail(ErrorCode::kModel, "tensor '{}' is {}, expected {}; export it with that type", shown(tensor.name),
       name_of(tensor.dtype), std::is_integral_v<T> ? name_of(dtype_of<T>()) : "F32, F64, F16 or BF16");
}

template void copy_values(const SafetensorsTensor&, std::span<float>);
template void copy_values(const SafetensorsTensor&, std::span<double>);
template void copy_values(const SafetensorsTensor&, std::span<int64_t>);

}  // namespace elman
