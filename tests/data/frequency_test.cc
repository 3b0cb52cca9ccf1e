#include "data/frequency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/random.h"

namespace elman {
namespace {

using Unit = Frequency::Unit;

Time at(int32_t year, int32_t month, int32_t day, int64_t hour = 0) {
  return from_civil({year, month, day, hour * kHour});
}

std::optional<Frequency> find(const std::vector<Time>& times, bool integers = false) {
  FrequencyFinder finder(integers);
  for (size_t i = 1; i < times.size(); ++i) finder.add(times[i - 1], times[i]);
  return finder.find();
}

Frequency clock(int64_t count) { return {Unit::kMicroseconds, count}; }
Frequency months(int64_t count, int32_t day = 0) { return {Unit::kMonths, count, day}; }

TEST(Frequency, DescribesItself) {
  EXPECT_EQ(Frequency{}.describe(), "step 1");
  EXPECT_EQ((Frequency{Unit::kSteps, 5}).describe(), "step 5");
  EXPECT_EQ(months(1).describe(), "monthly");
  EXPECT_EQ(months(2).describe(), "every 2 months");
  EXPECT_EQ(months(3).describe(), "quarterly");
  EXPECT_EQ(months(6).describe(), "every 6 months");
  EXPECT_EQ(months(12).describe(), "yearly");
  EXPECT_EQ(months(120).describe(), "every 10 years");
  EXPECT_EQ(clock(kWeek).describe(), "weekly");
  EXPECT_EQ(clock(2 * kWeek).describe(), "every 2 weeks");
  EXPECT_EQ(clock(kDay).describe(), "daily");
  EXPECT_EQ(clock(2 * kDay).describe(), "every 2 days");
  EXPECT_EQ(clock(kHour).describe(), "hourly");
  EXPECT_EQ(clock(30 * kMinute).describe(), "every 30 minutes");
  EXPECT_EQ(clock(90 * kMinute).describe(), "every 90 minutes");
  EXPECT_EQ(clock(kMinute).describe(), "every minute");
  EXPECT_EQ(clock(10 * kSecond).describe(), "every 10 seconds");
  EXPECT_EQ(clock(kSecond).describe(), "every second");
  EXPECT_EQ(clock(20'000).describe(), "every 20 milliseconds");
  EXPECT_EQ(clock(7).describe(), "every 7 microseconds");
}

TEST(Frequency, SeasonLengths) {
  const std::pair<Frequency, size_t> expected[] = {{months(1), 12},
                                                   {months(3), 4},
                                                   {months(2), 6},
                                                   {months(12), 1},
                                                   {months(24), 1},
                                                   {clock(kWeek), 52},
                                                   {clock(kDay), 7},
                                                   {clock(2 * kDay), 1},
                                                   {clock(kHour), 24},
                                                   {clock(4 * kHour), 6},
                                                   {clock(30 * kMinute), 48},
                                                   {clock(15 * kMinute), 96},
                                                   {clock(10 * kMinute), 144},
                                                   {clock(kMinute), 1440},
                                                   {clock(7 * kMinute), 1},
                                                   {clock(kSecond), 3600},
                                                   {Frequency{}, 1},
                                                   {Frequency{Unit::kSteps, 24}, 1}};
  for (const auto& [frequency, season] : expected) EXPECT_EQ(frequency.season_length(), season) << frequency.describe();
}

TEST(Frequency, MonthsClampToTheMonthsLength) {
  const Frequency ends = months(1, 31);
  EXPECT_EQ(ends.time_at(at(2024, 1, 31), 1), at(2024, 2, 29));
  EXPECT_EQ(ends.time_at(at(2024, 2, 29), 1), at(2024, 3, 31));
  EXPECT_EQ(ends.index_of(at(2024, 2, 29), at(2025, 2, 28)), 12);
  EXPECT_EQ(months(1).time_at(at(2024, 1, 15, 6), -2), at(2023, 11, 15, 6));
  EXPECT_EQ(months(1).index_of(at(2024, 1, 15), at(2024, 2, 16)), std::nullopt);
  EXPECT_EQ(months(3).index_of(at(2024, 1, 1), at(2024, 3, 1)), std::nullopt);
  EXPECT_EQ(months(3).steps_between(at(2024, 1, 1), at(2024, 9, 1)), 2);
}

TEST(FrequencyProperty, IndexOfInvertsTimeAt) {
  const Frequency all[] = {Frequency{},   Frequency{Unit::kSteps, 3},
                           clock(kHour),  clock(kDay),
                           clock(kWeek),  clock(250'000),
                           months(1),     months(1, 31),
                           months(1, 30), months(3),
                           months(12)};
  for (const Frequency& frequency : all) {
    Random random(3, 3);
    for (int i = 0; i < 300; ++i) {
      Time start = at(1900 + static_cast<int32_t>(random.below(200)), 1 + static_cast<int32_t>(random.below(12)), 1, 5);
      if (frequency.day) start = frequency.time_at(start, 0);
      const int64_t steps = static_cast<int64_t>(random.below(1000));
      const Time time = frequency.time_at(start, steps);
      EXPECT_EQ(frequency.index_of(start, time), steps) << frequency.describe();
      EXPECT_EQ(frequency.time_at(time, -steps), start);
      EXPECT_EQ(frequency.steps_between(start, time), steps);
      EXPECT_EQ(frequency.index_of(start, time + 1).has_value(), frequency == Frequency{});
    }
  }
}

TEST(Frequency, AbsurdStepsWrapWithoutHarm) {
  Frequency{Unit::kSteps, int64_t{1} << 60}.time_at(int64_t{1} << 60, int64_t{1} << 60);
  EXPECT_TRUE(clock(kHour).is_valid());
  EXPECT_FALSE(clock(0).is_valid());
  EXPECT_FALSE(clock(-1).is_valid());
  EXPECT_FALSE(months(1, 32).is_valid());
  EXPECT_FALSE(months(1, -1).is_valid());
  EXPECT_FALSE(months(1'000'000).is_valid());
  EXPECT_FALSE((Frequency{static_cast<Unit>(9), 1}).is_valid());
}

TEST(FrequencyFinder, FindsTheStep) {
  EXPECT_EQ(find({1, 2, 3}, true), Frequency{});
  EXPECT_EQ(find({0, 5, 10, 20}, true), (Frequency{Unit::kSteps, 5}));
  EXPECT_EQ(find({at(2024, 1, 1), at(2024, 1, 2), at(2024, 1, 3)}), clock(kDay));
  EXPECT_EQ(find({at(2024, 1, 1), at(2024, 1, 8), at(2024, 1, 15)}), clock(kWeek));
  EXPECT_EQ(find({at(2024, 1, 1, 0), at(2024, 1, 1, 1), at(2024, 1, 1, 2)}), clock(kHour));
}

TEST(FrequencyFinder, TellsMonthsFromDays) {
  EXPECT_EQ(find({at(2024, 1, 1), at(2024, 2, 1), at(2024, 3, 1)}), months(1));
  EXPECT_EQ(find({at(2024, 1, 15, 7), at(2024, 2, 15, 7), at(2024, 4, 15, 7)}), months(1));
  EXPECT_EQ(find({at(2024, 1, 31), at(2024, 2, 29), at(2024, 3, 31)}), months(1, 31));
  EXPECT_EQ(find({at(2023, 9, 30), at(2023, 12, 31), at(2024, 3, 31), at(2024, 6, 30)}), months(3, 31));
  EXPECT_EQ(find({at(2023, 1, 30), at(2023, 2, 28), at(2023, 3, 30), at(2023, 4, 30)}), months(1, 30));
  EXPECT_EQ(find({at(2020, 1, 1), at(2021, 1, 1), at(2022, 1, 1)}), months(12));
  EXPECT_EQ(find({at(2024, 1, 1), at(2024, 1, 29), at(2024, 2, 26), at(2024, 3, 25)}), clock(4 * kWeek));
  EXPECT_EQ(find({at(2024, 1, 1, 0), at(2024, 2, 1, 1), at(2024, 3, 1, 2)}), std::nullopt);
}

TEST(FrequencyFinder, SeriesMayFallOnDifferentDays) {
  FrequencyFinder finder(false);
  finder.add(at(2024, 1, 1), at(2024, 2, 1));
  finder.add(at(2024, 1, 15), at(2024, 2, 15));
  EXPECT_EQ(finder.find(), months(1));
}

TEST(FrequencyFinder, GapsDoNoHarm) {
  EXPECT_EQ(find({1, 2, 4, 7, 8, 20}, true), Frequency{});
  std::vector<Time> business;
  for (int64_t day = 0; day < 70; ++day) {
    if (day % 7 < 5) business.push_back(at(2024, 1, 1) + day * kDay);
  }
  EXPECT_EQ(find(business), clock(kDay));
  std::vector<Time> thrice_a_week;  // the common divisor of differences of two and three days
  for (int64_t day = 0; day < 70; ++day) {
    if (day % 7 == 0 || day % 7 == 2 || day % 7 == 4) thrice_a_week.push_back(at(2024, 1, 1) + day * kDay);
  }
  EXPECT_EQ(find(thrice_a_week), clock(kDay));
}

TEST(FrequencyFinder, AStrayRowDoesNotMakeTheStepFiner) {
  std::vector<Time> times;
  for (int64_t hour = 0; hour < 200; ++hour) times.push_back(hour * kHour + (hour == 77 ? 13 * kSecond : 0));
  EXPECT_EQ(find(times), clock(kHour));
}

TEST(FrequencyFinder, FindsNothingWhereThereIsNone) {
  EXPECT_EQ(find({}), std::nullopt);
  EXPECT_EQ(find({5}), std::nullopt);
  std::vector<Time> irregular = {0};
  Random random(5, 5);
  for (int i = 0; i < 200; ++i) irregular.push_back(irregular.back() + 1 + static_cast<Time>(random.below(kDay)));
  EXPECT_EQ(find(irregular), std::nullopt);
  std::vector<Time> ever_longer = {0};
  for (int64_t i = 1; i < 100'000; ++i) ever_longer.push_back(ever_longer.back() + i);
  EXPECT_EQ(find(ever_longer, true), std::nullopt);
}

TEST(FrequencyProperty, RandomGapsNeverHideTheStep) {
  const Frequency all[] = {Frequency{},  clock(15 * kMinute), clock(kHour),  clock(kDay),
                           clock(kWeek), months(1),           months(1, 31), months(3)};
  for (const Frequency& frequency : all) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      Random random(seed, 11);
      const Time start = frequency.time_at(at(2001, 1, 1), static_cast<int64_t>(random.below(500)));
      std::vector<Time> times;
      for (int64_t i = 0; i < 120; ++i) {
        if (random.below(5) > 0) times.push_back(frequency.time_at(start, i));
      }
      EXPECT_EQ(find(times, frequency.unit == Unit::kSteps), frequency) << seed;
    }
  }
}

// ---- seasons

std::vector<double> seasonal(size_t length, size_t season, uint64_t seed, double noise, double trend = 0) {
  Random random(seed, 13);
  std::vector<double> shape(season), values;
  for (double& value : shape) value = random.normal();
  for (size_t i = 0; i < length; ++i)
    values.push_back(shape[i % season] + noise * random.normal() + trend * static_cast<double>(i));
  return values;
}

size_t detect(const std::vector<std::vector<double>>& series) {
  const std::vector<std::span<const double>> views(series.begin(), series.end());
  return detect_season(views);
}

TEST(Season, IsFoundInNoiseAndTrend) {
  for (size_t season : kSeasonCandidates) {
    for (uint64_t seed = 0; seed < 5; ++seed)
      EXPECT_EQ(detect({seasonal(season * 12, season, seed, 0.3, 0.5)}), season) << "seed " << seed;
  }
}

TEST(Season, IsOneWhereThereIsNone) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<double> noise, walk = {0};
    Random random(seed, 17);
    for (int i = 0; i < 600; ++i) {
      noise.push_back(random.normal());
      walk.push_back(walk.back() + random.normal());
    }
    EXPECT_EQ(detect({noise}), 1u);
    EXPECT_EQ(detect({walk}), 1u);
  }
  EXPECT_EQ(detect({}), 1u);
  EXPECT_EQ(detect({{}, {1.0}, {1.0, 2.0}}), 1u);
  EXPECT_EQ(detect({std::vector<double>(500, 3.0)}), 1u);
}

TEST(Season, ManyShortSeriesSpeakTogether) {
  std::vector<std::vector<double>> series;
  for (uint64_t seed = 0; seed < 100; ++seed) series.push_back(seasonal(48, 24, seed, 0.3));
  EXPECT_EQ(detect(series), 24u);
}

// Steps up that are alike are a trend, however alike they are a few steps apart.
TEST(Season, GrowthIsNone) {
  for (uint64_t set = 0; set < 10; ++set) {
    std::vector<std::vector<double>> series;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      Random random(seed, 19 + set);
      std::vector<double> values = {100};
      for (int i = 0; i < 19; ++i) values.push_back(values.back() + 1 + random.normal());
      series.push_back(values);
    }
    EXPECT_EQ(detect(series), 1u) << "set " << set;
  }
}

TEST(Season, MissingValuesAreSkipped) {
  std::vector<double> values = seasonal(400, 12, 1, 0.2);
  Random random(1, 1);
  for (double& value : values) {
    if (random.below(10) == 0) value = std::numeric_limits<double>::quiet_NaN();
  }
  EXPECT_EQ(detect({values}), 12u);
}

// ---- calendar

TEST(Calendar, PlacesOfTheCyclesThatStepsRunThrough) {
  const auto names = [](const Frequency& frequency) {
    std::vector<std::string_view> list;
    for (const CalendarCycle& cycle : calendar_cycles(frequency)) list.push_back(cycle.name);
    return list;
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(names(Frequency{}), Names{});
  EXPECT_EQ(names(months(12)), Names{});
  EXPECT_EQ(names(months(3)), Names{"month"});
  EXPECT_EQ(names(clock(kWeek)), Names{"month"});
  EXPECT_EQ(names(clock(kDay)), (Names{"month", "weekday"}));
  EXPECT_EQ(names(clock(kMinute)), (Names{"month", "weekday", "hour"}));

  const Time start = from_civil({.year = 2024, .month = 2, .day = 29, .of_day = 22 * kHour});  // a Thursday
  EXPECT_EQ(calendar_places(clock(kHour), start, 1, 3), (std::vector<size_t>{23, 0, 1}));
  EXPECT_EQ(calendar_places(clock(kDay), start, 0, 5), (std::vector<size_t>{3, 4, 5, 6, 0}));
  EXPECT_EQ(calendar_places(months(1), start, 9, 3), (std::vector<size_t>{10, 11, 0}));
  EXPECT_EQ(calendar_places(Frequency{}, 5, 0, 2), (std::vector<size_t>{0, 0}));
  for (const Frequency& frequency : {Frequency{}, months(1), clock(kDay), clock(kHour)})
    for (const size_t place : calendar_places(frequency, -start, 0, 1000)) EXPECT_LT(place, calendar_places(frequency));
}

TEST(Calendar, FeaturesThatVaryAtAFrequency) {
  using enum CalendarFeature;
  using Features = std::vector<CalendarFeature>;
  EXPECT_EQ(calendar_features(Frequency{}), Features{});
  EXPECT_EQ(calendar_features(months(12)), Features{});
  EXPECT_EQ(calendar_features(months(1)), Features{kMonthOfYear});
  EXPECT_EQ(calendar_features(clock(kWeek)), Features{kDayOfYear});
  EXPECT_EQ(calendar_features(clock(kDay)), (Features{kDayOfYear, kDayOfMonth, kDayOfWeek}));
  EXPECT_EQ(calendar_features(clock(kHour)), (Features{kDayOfYear, kDayOfWeek, kHourOfDay}));
  EXPECT_EQ(calendar_features(clock(10 * kMinute)), (Features{kDayOfYear, kDayOfWeek, kHourOfDay, kMinuteOfHour}));
}

TEST(Calendar, PhasesOfKnownTimes) {
  using enum CalendarFeature;
  const auto turns = [](Time time, CalendarFeature feature) {
    float out[2];
    fill_calendar(time, std::span(&feature, 1), out);
    const double angle = std::atan2(out[0], out[1]) / (2 * std::numbers::pi);
    return angle < -1e-6 ? angle + 1 : angle;
  };
  EXPECT_NEAR(turns(at(2024, 1, 1), kDayOfWeek), 0.0, 1e-6);  // a Monday
  EXPECT_NEAR(turns(at(2024, 1, 7, 23), kDayOfWeek), 6.0 / 7, 1e-6);
  EXPECT_NEAR(turns(at(1969, 12, 31, 5), kDayOfWeek), 2.0 / 7, 1e-6);  // a Wednesday before the epoch
  EXPECT_NEAR(turns(at(2024, 4, 1), kMonthOfYear), 0.25, 1e-6);
  EXPECT_NEAR(turns(at(2024, 7, 2), kDayOfYear), 183.0 / 366, 1e-6);
  EXPECT_NEAR(turns(at(2023, 2, 15), kDayOfMonth), 0.5, 1e-6);
  EXPECT_NEAR(turns(at(2024, 5, 5, 18), kHourOfDay), 0.75, 1e-6);
  EXPECT_NEAR(turns(at(2024, 5, 5, 18) + 15 * kMinute, kMinuteOfHour), 0.25, 1e-6);
}

TEST(Calendar, SinesAreAccurateAllAround) {
  for (int64_t second = 0; second < 24 * 3600; second += 7) {
    float out[2];
    const CalendarFeature feature = CalendarFeature::kHourOfDay;
    fill_calendar(second * kSecond, std::span(&feature, 1), out);
    const double angle = 2 * std::numbers::pi * static_cast<double>(second) / 86400;
    ASSERT_FLOAT_EQ(out[0], static_cast<float>(std::sin(angle))) << second;
    ASSERT_FLOAT_EQ(out[1], static_cast<float>(std::cos(angle))) << second;
  }
}

}  // namespace
}  // namespace elman
