#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"
#include "tensor/tensor.h"

namespace elman {

// A named array in a file: read from it, or about to be written. It points at its elements and does not own them.
struct SafetensorsTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<size_t> shape;        // empty for a single number
  std::span<const std::byte> data;  // row-major, little-endian; of any alignment when read
};

// A tensor over values that outlive it.
template <class T>
SafetensorsTensor make_tensor(std::string name, std::vector<size_t> shape, std::span<const T> values) {
  return {std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(values)};
}

// Copies a tensor's elements out: to float or double from F16, BF16, F32 or F64, to int64_t from I64 alone.
// Throws kModel, naming the tensor, if its type is another or its size is not out.size().
template <class T>
void copy_values(const SafetensorsTensor& tensor, std::span<T> out);

struct SafetensorsFile {
  std::vector<SafetensorsTensor> tensors;  // in the order of the header; their data is in `bytes`
  std::map<std::string, std::string> metadata;
  Buffer<std::byte> bytes;

  const SafetensorsTensor* find(std::string_view name) const noexcept;
};

// Reads a whole file. The input may be hostile: every size is checked against the bytes left before it is used, and
// anything the format does not allow (https://github.com/huggingface/safetensors) is an error.
// Throws kModel naming the file, what was found and what to do.
SafetensorsFile read_safetensors(const std::string& path);

// Writes the tensors in the order given, atomically (see AtomicFile): the same arguments give the same bytes.
// Throws kUsage if a name is repeated or reserved, text is not UTF-8 or a shape disagrees with its data; kWrite if
// writing fails.
void write_safetensors(const std::string& path, std::span<const SafetensorsTensor> tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace elman
