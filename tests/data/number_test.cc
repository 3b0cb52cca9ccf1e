#include "data/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/random.h"
#include "data/expect_error.h"

namespace elman {
namespace {

TEST(Number, ReadsNumbers) {
  EXPECT_EQ(parse_number("0"), 0.0);
  EXPECT_EQ(parse_number("-12.5"), -12.5);
  EXPECT_EQ(parse_number("+3"), 3.0);
  EXPECT_EQ(parse_number("1e3"), 1000.0);
  EXPECT_EQ(parse_number("1.5E-2"), 0.015);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number(" 7\t"), 7.0);
  EXPECT_EQ(parse_number("1.7976931348623157e308"), 1.7976931348623157e308);
}

TEST(Number, WritesAndReadsBackTheSameBits) {
  Random random(1, 2);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::ldexp(random.uniform(-1, 1), static_cast<int>(random.below(2000)) - 1000);
    EXPECT_EQ(parse_number(fmt::format("{}", value)), value);
  }
}

TEST(Number, KnowsMissingValues) {
  for (std::string_view text :
       {"", " ", "NaN", "nan", "NAN", "NA", "na", "N/A", "<NA>", "null", "NULL", "None", "none", " NA "}) {
    EXPECT_TRUE(is_missing(text)) << text;
    EXPECT_TRUE(std::isnan(parse_number(text))) << text;
  }
  for (std::string_view text : {"0", "-", "n", "nil", "nan0", "nones", "NA NA"}) EXPECT_FALSE(is_missing(text)) << text;
}

TEST(Number, RefusesTheRestAndSaysWhy) {
  const auto refuse = [](std::string_view text, std::string_view part) {
    const std::string found = fmt::format("found \"{}\"", text);
    expect_error(ErrorCode::kData, {found, part}, [&] { parse_number(text); });
  };
  refuse("abc", "expected a number");
  refuse("12%", "expected a number");
  refuse("1 2", "expected a number");
  refuse("0x10", "expected a number");
  refuse("--1", "expected a number");
  refuse("+-1", "expected a number");
  refuse("nan(1)", "expected a");
  refuse("3,5", "write 3.5 for 3,5");
  refuse("-1.234,5", "decimal comma");
  refuse("1,234", "1234 for 1,234");
  refuse("1e400", "range");
  refuse("-1e400", "range");
  refuse("1e-400", "range");
  refuse("inf", "finite");
  refuse("-Infinity", "finite");
}

TEST(Number, ShortensLongTextBetweenCharacters) {
  EXPECT_EQ(in_quotes("abc"), "\"abc\"");
  const std::string shortened = in_quotes(std::string(59, 'a') + "é" + std::string(1000, 'b'));
  EXPECT_EQ(shortened, "\"" + std::string(59, 'a') + "…\"");
}

}  // namespace
}  // namespace elman
