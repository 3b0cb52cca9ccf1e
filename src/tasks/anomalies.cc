#include "tasks/anomalies.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "tasks/levels.h"

namespace elman {
namespace {

constexpr double kCertain = 1.0;         // scores above it are faults that no forecast should start from
constexpr size_t kRowsAtOnce = 1 << 13;  // bounds the memory that forecasts take
constexpr double kSlack = 1e-9;          // of a level, for sums of decimals
constexpr size_t kMostPasses = 8;        // over all rows

struct Row {
  size_t series, index;
  friend bool operator==(const Row&, const Row&) = default;
  friend bool operator<(const Row& a, const Row& b) {
    return std::pair(a.series, a.index) < std::pair(b.series, b.index);
  }
};

// The rows that can be judged.
std::vector<Row> rows_of(const SeriesSet& data, size_t season) {
  std::vector<Row> rows;
  for (size_t s = 0; s < data.series.size(); ++s) {
    const std::vector<double>& y = data.series[s].values;
    for (size_t i = std::min(season, y.size() / 2) + 1; i < y.size(); ++i)
      if (!std::isnan(y[i])) rows.push_back({s, i});
  }
  return rows;
}

double choose_level(double asked, const std::vector<double>& levels) {
  const double widest = widest_level(levels);
  const double level = asked > 0 ? asked : std::min(kAnomalyLevel, widest);
  if (level > 0 && level <= widest + kSlack) return level;
  const double wanted = asked > 0 ? asked : kAnomalyLevel;
  const std::string advice =
      fmt::format("train a model with --quantiles {:.6g},0.5,{:.6g}", (1 - wanted) / 2, (1 + wanted) / 2);
  if (widest == 0)
    fail(ErrorCode::kUsage, "the model's quantiles ({}) hold no interval around the median; {}",
         fmt::join(levels, ", "), advice);
  fail(ErrorCode::kUsage,
       "--level {}: the model's quantiles ({}) hold intervals of at most {:.6g}; ask for that, or {}", asked,
       fmt::join(levels, ", "), widest, advice);
}

// One-step forecasts of given rows, at the bounds of one interval and at the median.
class Expectation {
 public:
  // REQUIRES: model and data outlive it.
  Expectation(const ForecastModel& model, const SeriesSet& data, double level)
      : model_(model),
        data_(data),
        low_(*blend_of((1 - level) / 2, model.levels())),
        median_(*blend_of(0.5, model.levels())),
        high_(*blend_of((1 + level) / 2, model.levels())) {}

  // Calls visit(anomaly) for each row, in order, whose value lies outside. Forecasts start from `past`, which has the
  // shape of the data.
  template <class Visit>
  void for_each_outside(const std::vector<Row>& rows, const std::vector<Series>& past, ThreadPool& pool, Visit visit) {
    std::vector<ForecastModel::Request> requests;
    for (size_t first = 0; first < rows.size(); first += kRowsAtOnce) {
      requests.clear();
      const size_t count = std::min(kRowsAtOnce, rows.size() - first);
      for (size_t r = first; r < first + count; ++r) requests.push_back({&past[rows[r].series], rows[r].index});
      const std::vector<Quantiles> forecasts =
          model_.predict(data_, requests, pool, ForecastModel::Intervals::kAsTrained);
      for (size_t r = 0; r < count; ++r) {
        const Anomaly row = judge(rows[first + r], forecasts[r]);
        if (row.score > 0) visit(row);
      }
    }
  }

 private:
  Anomaly judge(const Row& row, const Quantiles& forecast) const {
    const auto at = [&](const LevelBlend& blend) { return blend.mix(forecast[blend.low][0], forecast[blend.high][0]); };
    Anomaly a{row.series, row.index, data_.series[row.series].values[row.index], at(median_), at(low_), at(high_), 0};
    const double outside = std::max({a.low - a.y, a.y - a.high, 0.0});
    // An interval may have no width: of a series that never falls below 0, say.
    const double half = std::max((a.high - a.low) / 2, 1e-9 * (std::abs(a.y) + std::abs(a.y_hat)));
    if (outside > 0) a.score = outside / half;
    return a;
  }

  const ForecastModel& model_;
  const SeriesSet& data_;
  LevelBlend low_, median_, high_;
};

}  // namespace

double widest_level(const std::vector<double>& levels) {
  return std::max(0.0, 1 - 2 * std::max(levels.front(), 1 - levels.back()));
}

AnomalyReport find_anomalies(const ForecastModel& model, const SeriesSet& data, double asked, ThreadPool& pool) {
  AnomalyReport report;
  report.level = choose_level(asked, model.levels());
  const std::vector<Row> rows = rows_of(data, model.config().season);
  report.rows = rows.size();
  Expectation expectation(model, data, report.level);
  // What follows a fault is forecast from it and may look like one, until the fault has been replaced: of rows found
  // within a season of each other, the first, and the others in a later pass if they still are.
  const size_t reach = std::max<size_t>(model.config().season, 1);
  std::vector<Series> past = data.series;
  std::vector<Row> certain;
  for (size_t pass = 0; pass < kMostPasses; ++pass) {
    std::vector<Series> mended = data.series;
    std::vector<Row> found;
    std::optional<Row> newest;  // that was not found before
    report.anomalies.clear();
    expectation.for_each_outside(rows, past, pool, [&](const Anomaly& a) {
      report.anomalies.push_back(a);
      if (a.score <= kCertain) return;
      const Row row{a.series, a.index};
      if (!std::binary_search(certain.begin(), certain.end(), row)) {
        if (newest && newest->series == row.series && row.index - newest->index <= reach) return;
        newest = row;
      }
      found.push_back(row);
      mended[a.series].values[a.index] = a.y_hat;
    });
    if (found == certain) break;
    certain = std::move(found);
    past = std::move(mended);
  }
  return report;
}

}  // namespace elman
