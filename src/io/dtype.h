#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace elman {

static_assert(std::endian::native == std::endian::little, "files are little-endian and copied as they are");

// Element types of safetensors files.
enum class DType : uint8_t { kBool, kU8, kI8, kU16, kI16, kF16, kBF16, kU32, kI32, kF32, kU64, kI64, kF64 };

std::string_view name_of(DType dtype) noexcept;  // "F32", as files spell it
size_t size_of(DType dtype) noexcept;            // bytes an element
std::optional<DType> find_dtype(std::string_view name) noexcept;

template <class T>
constexpr DType dtype_of() noexcept {
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  else if constexpr (std::is_same_v<T, double>) return DType::kF64;
  else if constexpr (std::is_same_v<T, int64_t>) return DType::kI64;
  else {
    static_assert(std::is_same_v<T, uint8_t>, "no element type of this kind is written");
    return DType::kU8;
  }
}

// The exact value of a half-precision number (IEEE binary16) given by its bits; bfloat16 is in tensor/bfloat16.h.
float from_f16(uint16_t bits) noexcept;

}  // namespace elman
