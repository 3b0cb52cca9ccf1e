#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace elman {

inline constexpr char32_t kInvalidUtf8 = 0xFFFFFFFF;
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // that some programs begin a file with

// The character at `text[offset]`, moving `offset` past it; at an invalid byte returns kInvalidUtf8 and moves by one.
// Overlong forms, surrogates and code points above U+10FFFF are invalid. REQUIRES offset < text.size().
char32_t decode_utf8(std::string_view text, size_t& offset) noexcept;

// REQUIRES a code point that decode_utf8 may return.
std::string encode_utf8(char32_t character);

// Offset of the first byte that is not valid UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text) noexcept;

// Characters in `text`, an invalid byte counting as one.
size_t count_characters(std::string_view text) noexcept;

}  // namespace elman
