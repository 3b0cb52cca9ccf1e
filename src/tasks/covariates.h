#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/series.h"

namespace elman {

// Which columns of a table tell more about a series than its values do.
struct CovariateColumns {
  std::vector<std::string> past;    // known up to the time of forecasting: another sensor, the weather as it was
  std::vector<std::string> future;  // known ahead as well: a calendar, a price, a weather forecast
  std::vector<std::string> fixed;   // the same at every step of a series: a region, a kind

  bool empty() const noexcept { return past.empty() && future.empty() && fixed.empty(); }
  // Adds them to what is read of a table: past, future, fixed.
  void ask_for(SeriesOptions& options) const;
};

// How one column becomes features: a number less its mean, over its deviation; a category as a one among zeros. What is
// missing or unseen is 0 either way.
struct CovariateScale {
  double mean = 0, deviation = 1;
  std::vector<std::string> categories;

  size_t width() const noexcept { return categories.empty() ? 1 : categories.size(); }
  void encode(double value, float* features) const;  // writes width() of them
};

// The covariates of a training set, scaled by what was known then.
class Covariates {
 public:
  Covariates() = default;
  // REQUIRES: data holds the columns, in the order of ask_for().
  Covariates(const CovariateColumns& columns, const SeriesSet& data);

  // Features at each step, and of each series.
  size_t past_width() const noexcept { return width(0, past_); }
  size_t future_width() const noexcept { return width(past_, future_); }
  size_t fixed_width() const noexcept { return width(past_ + future_, fixed_); }
  // Steps at or after `end`, and those before the start or beyond what is given, are missing: zeros.
  void encode_past(const Series& series, int64_t step, int64_t end, float* features) const;
  void encode_future(const Series& series, int64_t step, int64_t end, float* features) const;
  void encode_fixed(const Series& series, float* features) const;

  // The series from its last `length` values on, still telling what is the same at every step of the whole.
  Series last_values(const Series& series, const Frequency& frequency, size_t length) const;
  // Throws kData if a step of [begin, end) lacks what must be known ahead, or holds an unseen category, naming it.
  void check_future(const SeriesSet& data, size_t series, size_t begin, size_t end) const;
  // Throws kUsage if the data was read without these columns.
  void check_columns(const SeriesSet& data) const;
  // Of each column, to read other data alike: SeriesOptions::categories.
  std::vector<std::vector<std::string>> categories() const;

  friend nlohmann::json to_json(const Covariates& covariates);
  friend Covariates covariates_from_json(const nlohmann::json& json);

 private:
  size_t width(size_t first, size_t count) const noexcept;
  void encode(const Series& series, size_t first, size_t count, int64_t step, int64_t end, float* features) const;

  size_t past_ = 0, future_ = 0, fixed_ = 0;  // columns
  std::vector<CovariateScale> scales_;        // [columns]
};

nlohmann::json to_json(const Covariates& covariates);
Covariates covariates_from_json(const nlohmann::json& json);

// A line for each column that lacks values up to the ends of the series, counting them and saying what they are read
// as. REQUIRES: data holds the columns, in the order of ask_for().
std::vector<std::string> explain_missing(const CovariateColumns& columns, const SeriesSet& data);

// Adds to each series of `data` what the table at `path` tells of the time after its end: rows of an id, a time and the
// future's columns. Throws kData where a series or a time does not fit.
void add_future_file(const std::string& path, const CovariateColumns& columns, SeriesSet& data);

}  // namespace elman
