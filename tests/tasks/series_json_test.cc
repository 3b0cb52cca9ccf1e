// The calendar that a model file carries: what cannot be is refused before a time is counted with it.
#include "tasks/series_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/expect_error.h"

namespace elman {
namespace {

using nlohmann::json;

SeriesSet monthly() {
  SeriesSet set;
  set.path = "sales.csv";
  set.layout = Layout::kLong;
  set.time_format = {"%Y-%m-%d", 0, 0};
  set.frequency = {Frequency::Unit::kMonths, 3, 31};
  set.series = {{.id = "a", .start = from_civil({2020, 1, 31}), .values = {1, NAN, 3}, .covariates = {}}};
  return set;
}

json with(const char* key, const json& value) {
  json changed = to_json(monthly());
  changed.at(key) = value;
  return changed;
}

TEST(SeriesJson, IsReadAsItWasWritten) {
  const SeriesSet set = monthly(), read = series_set_from_json(to_json(set));
  EXPECT_EQ(read.layout, set.layout);
  EXPECT_EQ(read.time_format, set.time_format);
  EXPECT_EQ(read.frequency, set.frequency);
  EXPECT_EQ(read.series[0].start, set.series[0].start);
  EXPECT_EQ(read.series[0].values[2], 3);
  EXPECT_TRUE(std::isnan(read.series[0].values[1]));
}

// A step of 0 would divide by it, one below 0 would forecast the past.
TEST(SeriesJson, ADamagedCalendarIsRefused) {
  for (const json& frequency : {json{0, 0, 0}, json{2, 0, 0}, json{2, -1, 0}, json{1, -5, 0}, json{2, 1, 99},
                                json{2, 1000000000, 0}, json{9, 1, 0}})
    expect_error(ErrorCode::kModel, {"frequency " + frequency.dump()},
                 [&] { series_set_from_json(with("frequency", frequency)); });
  for (const json& format : {json{"", 0, 0}, json{"%Q", 0, 0}, json{"%Y-%m-%d", 99, 0}, json{"%Y-%m-%d", 0, 1000000}})
    expect_error(ErrorCode::kModel, {"time format " + format.dump()},
                 [&] { series_set_from_json(with("time_format", format)); });
  for (const int layout : {-1, 3})
    expect_error(ErrorCode::kModel, {"layout " + std::to_string(layout)},
                 [&] { series_set_from_json(with("layout", layout)); });
}

}  // namespace
}  // namespace elman
