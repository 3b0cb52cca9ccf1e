#include "data/utf8.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace elman {
namespace {

TEST(Utf8, EncodesAndDecodesEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = encode_utf8(c);
    size_t offset = 0;
    ASSERT_EQ(decode_utf8(text, offset), c);
    ASSERT_EQ(offset, text.size());
  }
}

TEST(Utf8, KnownEncodings) {
  EXPECT_EQ(encode_utf8(U'A'), "A");
  EXPECT_EQ(encode_utf8(U'é'), "\xC3\xA9");
  EXPECT_EQ(encode_utf8(U'€'), "\xE2\x82\xAC");
  EXPECT_EQ(encode_utf8(U'😀'), "\xF0\x9F\x98\x80");
}

TEST(Utf8, RefusesInvalidBytes) {
  for (std::string_view bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
                               "\xF4\x90\x80\x80", "\xF8\x88\x80\x80", "\xFF", "\xC3(", "\xE2\x82"}) {
    size_t offset = 0;
    EXPECT_EQ(decode_utf8(bad, offset), kInvalidUtf8);
    EXPECT_EQ(offset, 1u);
  }
}

TEST(Utf8, FindsTheFirstInvalidByteAtAnyOffset) {
  EXPECT_EQ(find_invalid_utf8(""), std::string_view::npos);
  for (size_t at = 0; at < 40; ++at) {
    const std::string before(at, 'x'), after(40 - at, 'x');
    EXPECT_EQ(find_invalid_utf8(before + after), std::string_view::npos);
    EXPECT_EQ(find_invalid_utf8(fmt::format("{}é{}", before, after)), std::string_view::npos);
    EXPECT_EQ(find_invalid_utf8(fmt::format("{}\xFF{}", before, after)), at);
    EXPECT_EQ(find_invalid_utf8(fmt::format("{}\xC3{}é", before, after)), at);
  }
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(count_characters(""), 0u);
  EXPECT_EQ(count_characters("naïve €"), 7u);
  EXPECT_EQ(count_characters("a\xFFz"), 3u);
}

}  // namespace
}  // namespace elman
