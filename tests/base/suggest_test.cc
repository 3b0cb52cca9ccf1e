#include "base/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace elman {
namespace {

using namespace std::string_view_literals;

constexpr std::array kColumns = {"Time"sv, "Demand"sv, "Temperature"sv, "Date"sv, "Holiday"sv};

TEST(Suggest, FindsSlipsOfTheFinger) {
  EXPECT_EQ(nearest("Demnad", kColumns), "Demand");   // swapped
  EXPECT_EQ(nearest("Dmand", kColumns), "Demand");    // left out
  EXPECT_EQ(nearest("Demandd", kColumns), "Demand");  // doubled
  EXPECT_EQ(nearest("Derand", kColumns), "Demand");   // hit beside
  EXPECT_EQ(nearest("temperature", kColumns), "Temperature");
  EXPECT_EQ(nearest("Holidays", kColumns), "Holiday");
}

TEST(Suggest, PrefersTheClosestThenTheFirst) {
  EXPECT_EQ(nearest("Datee", kColumns), "Date");
  constexpr std::array kTwins = {"abcdx"sv, "abcdy"sv};
  EXPECT_EQ(nearest("abcdz", kTwins), "abcdx");
}

TEST(Suggest, KeepsSilentWhenNothingIsClose) {
  EXPECT_EQ(nearest("wind_speed", kColumns), "");
  EXPECT_EQ(nearest("", kColumns), "");
  EXPECT_EQ(nearest("x", std::array{"y"sv}), "");
  EXPECT_EQ(nearest("lstm", {}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), std::array{"aaaa"sv}), "");
}

TEST(Suggest, EndsAMessage) {
  EXPECT_EQ(suggest("Demnad", kColumns), "; did you mean 'Demand'?");
  EXPECT_EQ(suggest("wind_speed", kColumns), "");
  EXPECT_EQ(suggest("Demnad", kColumns, "all: 5"), "; did you mean 'Demand'? all: 5");
  EXPECT_EQ(suggest("wind_speed", kColumns, "all: 5"), "; all: 5");
}

}  // namespace
}  // namespace elman
