#include "io/dtype.h"

#include <bit>

namespace elman {
namespace {

struct Row {
  std::string_view name;
  size_t size;
};

// By DType.
constexpr Row kRows[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
                         {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};

}  // namespace

std::string_view name_of(DType dtype) noexcept { return kRows[static_cast<size_t>(dtype)].name; }

size_t size_of(DType dtype) noexcept { return kRows[static_cast<size_t>(dtype)].size; }

std::optional<DType> find_dtype(std::string_view name) noexcept {
  for (size_t i = 0; i < std::size(kRows); ++i)
    if (kRows[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

float from_f16(uint16_t bits) noexcept {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 1023u;
  if (exponent == 0) {  // zero or subnormal: the fraction counts steps of 2^-24
    const float size = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -size : size;
  }
  const uint32_t wide = exponent == 31 ? 255u : exponent + (127 - 15);  // infinity and NaN stay themselves
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace elman
