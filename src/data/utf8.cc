#include "data/utf8.h"

#include <cstdint>
#include <cstring>

namespace elman {

char32_t decode_utf8(std::string_view text, size_t& offset) noexcept {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(offset++);
  if (lead < 0x80) return lead;
  const size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || more > text.size() - offset) return kInvalidUtf8;
  char32_t character = lead & (0x3F >> more);
  for (size_t i = 0; i < more; ++i) {
    if ((byte(offset + i) & 0xC0) != 0x80) return kInvalidUtf8;
    character = character << 6 | (byte(offset + i) & 0x3F);
  }
  const char32_t least[] = {0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < least[more - 1] || character > 0x10FFFF || surrogate) return kInvalidUtf8;
  offset += more;
  return character;
}

std::string encode_utf8(char32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

size_t find_invalid_utf8(std::string_view text) noexcept {
  size_t offset = 0;
  while (offset < text.size()) {
    uint64_t eight;  // most text is ASCII: skip it by words
    while (text.size() - offset >= sizeof eight) {
      std::memcpy(&eight, text.data() + offset, sizeof eight);
      if (eight & 0x8080808080808080u) break;
      offset += sizeof eight;
    }
    if (offset == text.size()) break;
    const size_t start = offset;
    if (decode_utf8(text, offset) == kInvalidUtf8) return start;
  }
  return std::string_view::npos;
}

size_t count_characters(std::string_view text) noexcept {
  size_t count = 0;
  for (size_t offset = 0; offset < text.size(); ++count) decode_utf8(text, offset);
  return count;
}

}  // namespace elman
