#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

namespace elman {

// Figures of forecasts that came true or did not. MASE is the mean absolute error over the seasonal naive's in-sample
// one before the first origin (Hyndman & Koehler 2006); sMAPE in percent as in M4; wql is the mean pinball loss;
// coverage[c] the share of actual values inside the central interval that promises the share c. Over several series
// MASE and sMAPE are means of the series' own, the others means over all points. NaN: nothing to measure with.
struct Metrics {
  double mase = 0, smape = 0, mae = 0, rmse = 0, mse = 0;
  double wql = 0;                     // NaN for methods without quantiles
  std::map<double, double> coverage;  // nominal share → observed share
  size_t points = 0;

  // What methods are compared by: MASE unless no series has a scale, then MAE.
  double judged() const noexcept;
};

nlohmann::json to_json(const Metrics& metrics);

// Sums of the errors of one method over some points; sums of parts add up.
struct ErrorSums {
  double absolute = 0, square = 0, relative = 0, pinball = 0;
  std::vector<size_t> inside;  // by interval, outermost first; empty without quantiles
  size_t points = 0;

  // A missing actual value (NaN) is no point.
  void add(double actual, double forecast);
  // With quantiles: `forecasts` [levels], ascending.
  void add(double actual, double median, std::span<const double> levels, std::span<const double> forecasts);
  ErrorSums& operator+=(const ErrorSums& other);
  // MASE by `scale`, NaN if that is not above 0.
  Metrics metrics(const std::vector<double>& levels, double scale) const;
};

// Figures over series, added one after the other.
class SeriesMean {
 public:
  void add(const ErrorSums& sums, double scale);
  Metrics metrics(const std::vector<double>& levels) const;

 private:
  ErrorSums all_;
  double mase_ = 0, smape_ = 0;
  size_t series_ = 0, scaled_series_ = 0;
};

// Mean absolute difference over a season before step `end`, what MASE is scaled by; over one step on series shorter
// than a season.
double in_sample_error(std::span<const double> values, size_t end, size_t season);

}  // namespace elman
