#include "tasks/naive.h"

#include <gtest/gtest.h>

#include <cmath>

namespace elman {
namespace {

constexpr double kMissing = NAN;

std::vector<double> run(std::string_view name, const std::vector<double>& past, size_t season, size_t horizon) {
  for (const NaiveMethod& method : naive_methods())
    if (method.name == name) return method.forecast(past, season, horizon);
  ADD_FAILURE() << "no method " << name;
  return {};
}

TEST(Naive, RepeatsTheLastObservedValue) {
  EXPECT_EQ(run("naive", {1, 2, 5}, 2, 3), (std::vector<double>{5, 5, 5}));
  EXPECT_EQ(run("naive", {1, 2, kMissing}, 2, 2), (std::vector<double>{2, 2}));
}

TEST(Naive, RepeatsTheLastSeason) {
  EXPECT_EQ(run("seasonal_naive", {1, 2, 3, 4, 5, 6}, 3, 5), (std::vector<double>{4, 5, 6, 4, 5}));
  // A missing place is filled from the season before.
  EXPECT_EQ(run("seasonal_naive", {1, 2, 3, 4, kMissing, 6}, 3, 3), (std::vector<double>{4, 2, 6}));
  // Shorter than a season: the last value.
  EXPECT_EQ(run("seasonal_naive", {7, 8}, 4, 4), (std::vector<double>{8, 8, 7, 8}));
}

TEST(Naive, GoesOnWithTheMeanSlope) {
  EXPECT_EQ(run("drift", {1, 9, 5}, 1, 2), (std::vector<double>{7, 9}));
  EXPECT_EQ(run("drift", {kMissing, 1, 3, kMissing}, 1, 2), (std::vector<double>{7, 9}));
  EXPECT_EQ(run("drift", {4}, 1, 2), (std::vector<double>{4, 4}));
}

}  // namespace
}  // namespace elman
