#include "elman/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace elman {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846;

TEST(ScheduleTest, ConstantIsConstantAfterTheWarmUp) {
  const Schedule schedule(0.5, {.warmup_steps = 4});
  for (int64_t step = 0; step < 4; ++step) EXPECT_DOUBLE_EQ(schedule.rate(step), 0.1 * static_cast<double>(step + 1));
  for (const int64_t step : {4, 5, 1000000}) EXPECT_EQ(schedule.rate(step), 0.5);
}

TEST(ScheduleTest, CosineFallsToItsFractionAndStaysThere) {
  const Schedule schedule(
      2.0, {.kind = ScheduleKind::kCosine, .warmup_steps = 10, .total_steps = 110, .final_fraction = 0.1});
  EXPECT_DOUBLE_EQ(schedule.rate(0), 2.0 / 11.0);
  EXPECT_DOUBLE_EQ(schedule.rate(10), 2.0);
  EXPECT_DOUBLE_EQ(schedule.rate(60), 2.0 * 0.55);
  for (int64_t step = 10; step <= 110; ++step) {
    const double cosine = std::cos(kPi * static_cast<double>(step - 10) / 100.0);
    EXPECT_NEAR(schedule.rate(step), 2.0 * (0.1 + 0.9 * 0.5 * (1.0 + cosine)), 1e-15) << step;
  }
  for (const int64_t step : {110, 111, 5000}) EXPECT_DOUBLE_EQ(schedule.rate(step), 0.2);
}

TEST(ScheduleTest, StepsCutByTheirFactor) {
  const Schedule schedule(1.0, {.kind = ScheduleKind::kStep, .warmup_steps = 2, .step_every = 3, .step_factor = 0.5});
  const double expected[] = {1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25};
  for (size_t step = 0; step < std::size(expected); ++step)
    EXPECT_DOUBLE_EQ(schedule.rate(static_cast<int64_t>(step)), expected[step]) << step;
  EXPECT_EQ(schedule.rate(INT64_MAX), 0.0);
}

TEST(ScheduleTest, PlateausCutAsInPyTorch) {
  std::ifstream file(ELMAN_TEST_DATA "/golden/optim.json");
  const nlohmann::json golden = nlohmann::json::parse(file)["plateau"];
  Schedule schedule(1.0, {.kind = ScheduleKind::kPlateau,
                          .final_fraction = golden["floor"],
                          .patience = golden["patience"],
                          .plateau_factor = golden["factor"]});
  const std::vector<double> losses = golden["losses"], rates = golden["rates"];
  for (size_t i = 0; i < losses.size(); ++i) {
    schedule.observe(losses[i]);
    EXPECT_DOUBLE_EQ(schedule.rate(static_cast<int64_t>(i)), rates[i]) << i;
  }
}

TEST(ScheduleTest, NanIsNeverABest) {
  Schedule schedule(1.0, {.kind = ScheduleKind::kPlateau, .patience = 1, .plateau_factor = 0.5});
  schedule.observe(kNan);
  EXPECT_FALSE(schedule.state().best.has_value());
  schedule.observe(3.0);
  EXPECT_EQ(schedule.state().best, 3.0);
  EXPECT_EQ(schedule.state().waited, 0);
  schedule.observe(kNan);
  schedule.observe(kNan);
  EXPECT_EQ(schedule.state().best, 3.0);
  EXPECT_EQ(schedule.rate(0), 0.5);
}

TEST(ScheduleTest, ARestoredScheduleGoesOn) {
  const ScheduleConfig config{.kind = ScheduleKind::kPlateau, .patience = 1, .plateau_factor = 0.5};
  Schedule first(1.0, config), second(1.0, config);
  for (const double loss : {1.0, 2.0, 2.0, 2.0}) first.observe(loss);
  EXPECT_EQ(first.rate(0), 0.5);
  second.restore(first.state());
  for (const double loss : {2.0, 2.0, 0.5, 2.0}) {
    first.observe(loss);
    second.observe(loss);
    EXPECT_EQ(first.rate(9), second.rate(9));
  }
  EXPECT_EQ(second.rate(9), 0.25);
}

TEST(ScheduleTest, NamesAreFoundAndGuessed) {
  for (const char* name : {"constant", "cosine", "step", "plateau"}) EXPECT_EQ(name_of(find_schedule(name)), name);
  try {
    find_schedule("cosin");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("did you mean 'cosine'"), std::string::npos) << error.what();
  }
}

TEST(ScheduleTest, BadSettingsAreRefused) {
  using enum ScheduleKind;
  const ScheduleConfig bad[] = {{.warmup_steps = -1},
                                {.final_fraction = 1.5},
                                {.final_fraction = kNan},
                                {.kind = kCosine},
                                {.kind = kCosine, .warmup_steps = 10, .total_steps = 10},
                                {.kind = kStep},
                                {.kind = kStep, .step_every = 1, .step_factor = -0.5},
                                {.kind = kPlateau, .patience = -1},
                                {.kind = kPlateau, .plateau_factor = 2.0}};
  for (const ScheduleConfig& config : bad) EXPECT_THROW(Schedule(0.1, config), Error);
  for (const double rate : {-0.1, kNan}) EXPECT_THROW(Schedule(rate, {}), Error);
}

}  // namespace
}  // namespace elman
