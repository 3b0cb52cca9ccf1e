#include "tasks/backtest_report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tasks/baseline.h"

namespace elman {
namespace {

// A report whose methods err by these MASEs in each window.
BacktestReport report_of(const std::vector<double>& model, const std::vector<double>& seasonal_naive,
                         const std::vector<double>& other) {
  BacktestReport report;
  const std::pair<std::string, std::vector<double>> methods[] = {
      {"elman", model}, {std::string(kSeasonalNaiveName), seasonal_naive}, {"theta", other}};
  for (const auto& [name, errors] : methods) {
    MethodResult& method = report.methods.emplace_back();
    method.name = name;
    for (const double mase : errors) {
      method.by_window.emplace_back().mase = mase;
      method.metrics.mase += mase / static_cast<double>(errors.size());
    }
    method.metrics.mae = method.metrics.mase;
  }
  report.conclude(1);
  return report;
}

TEST(BacktestReport, NamesTheWinnerOfAClearDifference) {
  const BacktestReport wins = report_of({1, 1.1, 0.9, 1}, {4, 4, 4, 4}, {2.1, 2, 2, 1.9});
  EXPECT_EQ(wins.best_naive, "theta");
  EXPECT_LT(wins.test.statistic, 0);
  EXPECT_EQ(wins.verdict.find("elman wins by 50.0 %: MASE 1 against theta's 2 (Diebold-Mariano test over 4 windows"),
            0u)
      << wins.verdict;
  EXPECT_EQ(wins.verdict.find("use"), std::string::npos);
  const BacktestReport loses = report_of({4, 4.1, 4, 3.9}, {5, 5, 5, 5}, {1, 1, 1.1, 0.9});
  EXPECT_EQ(loses.verdict.find("theta wins by 75.0 %: MASE 1 against elman's 4"), 0u) << loses.verdict;
  EXPECT_NE(loses.verdict.find("use theta for this data"), std::string::npos);
}

TEST(BacktestReport, CallsNothingAWinThatMayBeChance) {
  const BacktestReport noisy = report_of({1, 3, 1, 3}, {9, 9, 9, 9}, {3, 1, 3, 1.4});
  EXPECT_GT(noisy.test.p_value, 0.05);
  EXPECT_EQ(noisy.verdict.find("wins"), std::string::npos);
  EXPECT_EQ(
      noisy.verdict.find("elman's error is 4.8 % smaller than theta's (MASE 2 against 2.1), but the difference is "
                         "not significant"),
      0u)
      << noisy.verdict;
  const BacktestReport one = report_of({1}, {4}, {2});
  EXPECT_EQ(one.verdict.find("wins"), std::string::npos);
  EXPECT_NE(one.verdict.find("1 window is too few to tell that from chance"), std::string::npos) << one.verdict;
  const BacktestReport equal = report_of({2, 2}, {4, 4}, {2, 2});
  EXPECT_EQ(equal.verdict, "elman and theta do equally well (MASE 2)");
  EXPECT_EQ(equal.test.p_value, 1);
}

TEST(BacktestReport, PrefersTheSimplerMethodWhereNothingIsProven) {
  const BacktestReport noisy = report_of({3, 1, 3, 1.4}, {9, 9, 9, 9}, {1, 3, 1, 3});
  EXPECT_GT(noisy.test.p_value, 0.05);
  EXPECT_EQ(noisy.verdict.find("theta wins by 4.8 %: MASE 2 against elman's 2.1; the difference is not significant ("),
            0u)
      << noisy.verdict;
  EXPECT_NE(noisy.verdict.find("the simpler is preferred"), std::string::npos) << noisy.verdict;
  EXPECT_EQ(noisy.verdict.find("use"), std::string::npos) << noisy.verdict;
}

TEST(BacktestReport, MeasuresSkillByTheSeasonalNaive) {
  const BacktestReport report = report_of({1, 1}, {4, 4}, {6, 6});
  EXPECT_DOUBLE_EQ(report.methods[0].skill, 0.75);
  EXPECT_DOUBLE_EQ(report.methods[1].skill, 0);
  EXPECT_DOUBLE_EQ(report.methods[2].skill, -0.5);
  EXPECT_TRUE(std::isnan(report_of({1}, {0}, {1}).methods[0].skill));
}

TEST(BacktestReport, TurnsToMaeWhereNoSeriesHasAScale) {
  BacktestReport report;
  for (const auto& [name, mae] : {std::pair{"elman", 1.0}, {"seasonal_naive", 2.0}}) {
    MethodResult& method = report.methods.emplace_back();
    method.name = name;
    method.metrics.mase = NAN;
    method.metrics.mae = mae;
    method.by_window.assign(2, method.metrics);
  }
  report.conclude(1);
  EXPECT_EQ(report.verdict.find("elman wins by 50.0 %: MAE 1"), 0u) << report.verdict;
}

TEST(BacktestReport, SaysNothingWhereNothingWasObserved) {
  EXPECT_NE(report_of({NAN}, {NAN}, {NAN}).verdict.find("nothing can be said"), std::string::npos);
}

}  // namespace
}  // namespace elman
