#include "tasks/covariates.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/number.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr float kClamp = 10.0f;  // scaled numbers stay within it, whatever an outlier does

CovariateScale scale_of(const SeriesSet& data, size_t column) {
  CovariateScale scale{.categories = data.categories[column]};
  if (!scale.categories.empty()) return scale;
  double sum = 0, squares = 0, count = 0;
  const auto for_each_value = [&](auto&& visit) {
    for (const Series& s : data.series)
      for (size_t i = 0; i < std::min(s.values.size(), s.covariates[column].size()); ++i)
        if (!std::isnan(s.covariates[column][i])) visit(s.covariates[column][i]);
  };
  for_each_value([&](double v) { sum += v, ++count; });
  if (count == 0)
    fail(ErrorCode::kData, "{}: column '{}' holds no value, expected some; leave it out", data.path,
         data.covariate_columns[column]);
  scale.mean = sum / count;
  for_each_value([&](double v) { squares += (v - scale.mean) * (v - scale.mean); });
  const double deviation = std::sqrt(squares / count);
  scale.deviation = deviation > 0 ? deviation : 1;
  return scale;
}

// What a column tells of a whole series: the first value given, NaN if there is none.
double fixed_value(const std::vector<double>& values) {
  const auto given = std::find_if(values.begin(), values.end(), [](double v) { return !std::isnan(v); });
  return given == values.end() ? NAN : *given;
}

// A value of the future's column `c` as one of the data's `column`, which comes to know the categories it lacks.
double taken_over(double value, const SeriesSet& future, size_t c, SeriesSet& data, size_t column) {
  const size_t known = future.categories[c].size();
  if (known == 0 || !(value >= static_cast<double>(known))) return value;
  const UnseenCategory& found = future.unseen[c][static_cast<size_t>(value) - known];
  data.unseen.resize(data.covariate_columns.size());
  std::vector<UnseenCategory>& unseen = data.unseen[column];
  const auto same = std::find_if(unseen.begin(), unseen.end(), [&](const auto& u) { return u.text == found.text; });
  const auto index = known + static_cast<size_t>(same - unseen.begin());
  if (same == unseen.end()) unseen.push_back(found);
  return static_cast<double>(index);
}

// Takes over what `rows` of a future file tell of the time after the series' end, into its columns from `first` on.
void extend(Series& series, const Series& rows, size_t first, const SeriesSet& future, SeriesSet& data) {
  const auto offset = rows.start < series.start ? std::nullopt : future.frequency.index_of(series.start, rows.start);
  if (!offset)
    fail(ErrorCode::kData, "{}: the time {} of series '{}' is no step of it, expected those that follow its {} values",
         future.path, in_quotes(format_time(rows.start, future.time_format)), series.id, series.values.size());
  const auto begin = static_cast<size_t>(*offset);
  for (size_t c = 0; c < rows.covariates.size(); ++c) {
    std::vector<double>& to = series.covariates[first + c];
    const std::vector<double>& from = rows.covariates[c];
    to.resize(std::max(to.size(), begin + from.size()), NAN);
    for (size_t i = series.values.size() - std::min(series.values.size(), begin); i < from.size(); ++i)
      to[begin + i] = taken_over(from[i], future, c, data, first + c);
  }
}

// Throws kData when the step of a series holds a category that training did not know.
void check_category(const SeriesSet& data, size_t index, size_t c, size_t step) {
  constexpr size_t kMostShown = 8;
  const std::vector<std::string>& known = data.categories[c];
  const double value = data.series[index].covariates[c][step];
  if (known.empty() || !(value >= static_cast<double>(known.size()))) return;
  const UnseenCategory& found = data.unseen.at(c).at(static_cast<size_t>(value) - known.size());
  const auto end = known.begin() + static_cast<ptrdiff_t>(std::min(known.size(), kMostShown));
  fail(ErrorCode::kData,
       "{}: found {} in column '{}' of series '{}' at {}, expected one of the {} categories that training knew ({}{}), "
       "as it is known ahead; write one of these, or train again on data that hold it",
       found.place, in_quotes(found.text), data.covariate_columns[c], data.series[index].id,
       data.time_text(index, static_cast<int64_t>(step)), known.size(), fmt::join(known.begin(), end, ", "),
       known.size() > kMostShown ? ", …" : "");
}

}  // namespace

void CovariateColumns::ask_for(SeriesOptions& options) const {
  for (const auto* list : {&past, &future, &fixed})
    options.covariates.insert(options.covariates.end(), list->begin(), list->end());
  options.future_rows = !future.empty();
}

void CovariateScale::encode(double value, float* features) const {
  std::fill_n(features, width(), 0.0f);
  if (std::isnan(value)) return;
  if (categories.empty()) features[0] = std::clamp(static_cast<float>((value - mean) / deviation), -kClamp, kClamp);
  else if (value < static_cast<double>(categories.size())) features[static_cast<size_t>(value)] = 1.0f;
}

Covariates::Covariates(const CovariateColumns& columns, const SeriesSet& data)
    : past_(columns.past.size()), future_(columns.future.size()), fixed_(columns.fixed.size()) {
  scales_.resize(past_ + future_ + fixed_);
  check_columns(data);
  for (size_t c = 0; c < scales_.size(); ++c) scales_[c] = scale_of(data, c);
}

size_t Covariates::width(size_t first, size_t count) const noexcept {
  size_t sum = 0;
  for (size_t c = first; c < first + count; ++c) sum += scales_[c].width();
  return sum;
}

void Covariates::encode(const Series& series, size_t first, size_t count, int64_t step, int64_t end,
                        float* features) const {
  for (size_t c = first; c < first + count; ++c) {
    const std::vector<double>& values = series.covariates[c];
    const bool given = step >= 0 && step < end && step < static_cast<int64_t>(values.size());
    scales_[c].encode(given ? values[static_cast<size_t>(step)] : NAN, features);
    features += scales_[c].width();
  }
}

void Covariates::encode_past(const Series& series, int64_t step, int64_t end, float* features) const {
  encode(series, 0, past_, step, end, features);
}

void Covariates::encode_future(const Series& series, int64_t step, int64_t end, float* features) const {
  encode(series, past_, future_, step, end, features);
}

void Covariates::encode_fixed(const Series& series, float* features) const {
  for (size_t c = past_ + future_; c < scales_.size(); ++c) {
    scales_[c].encode(fixed_value(series.covariates[c]), features);
    features += scales_[c].width();
  }
}

Series Covariates::last_values(const Series& series, const Frequency& frequency, size_t length) const {
  Series end = elman::last_values(series, frequency, length);
  for (size_t c = past_ + future_; c < scales_.size(); ++c)
    if (!end.covariates[c].empty()) end.covariates[c][0] = fixed_value(series.covariates[c]);
  return end;
}

void Covariates::check_future(const SeriesSet& data, size_t index, size_t begin, size_t end) const {
  const Series& series = data.series[index];
  for (size_t c = past_; c < past_ + future_; ++c)
    for (size_t step = begin; step < end; ++step) {
      if (step < series.covariates[c].size() && !std::isnan(series.covariates[c][step])) {
        check_category(data, index, c, step);
        continue;
      }
      fail(ErrorCode::kData,
           "{}: found no '{}' of series '{}' at {}, expected all {} steps after its last value, as it is known ahead; "
           "add rows with an empty target, or a --future-file",
           data.path, data.covariate_columns[c], series.id, data.time_text(index, static_cast<int64_t>(step)),
           end - begin);
    }
}

void Covariates::check_columns(const SeriesSet& data) const {
  if (data.covariate_columns.size() != scales_.size())
    fail(ErrorCode::kUsage, "{}: {} covariates were read, the forecaster wants {}; read it with its series_options()",
         data.path, data.covariate_columns.size(), scales_.size());
}

std::vector<std::vector<std::string>> Covariates::categories() const {
  std::vector<std::vector<std::string>> categories;
  for (const CovariateScale& scale : scales_) categories.push_back(scale.categories);
  return categories;
}

std::vector<std::string> explain_missing(const CovariateColumns& columns, const SeriesSet& data) {
  std::vector<std::string> lines;
  const auto add = [&](size_t c, size_t missing, size_t all, std::string_view unit) {
    if (missing > 0)
      lines.push_back(fmt::format("'{}' is missing in {} of {} {}, read as {}", data.covariate_columns[c], missing, all,
                                  unit, data.categories[c].empty() ? "its mean" : "none of its categories"));
  };
  const size_t stepwise = columns.past.size() + columns.future.size();
  for (size_t c = 0; c < stepwise + columns.fixed.size(); ++c) {
    size_t missing = 0, steps = 0, bare = 0;
    for (const Series& s : data.series) {
      const std::vector<double>& values = s.covariates[c];
      const auto up_to_end = static_cast<ptrdiff_t>(std::min(values.size(), s.values.size()));
      const auto given = [](double v) { return !std::isnan(v); };
      steps += s.values.size();
      missing +=
          s.values.size() - static_cast<size_t>(std::count_if(values.begin(), values.begin() + up_to_end, given));
      bare += std::none_of(values.begin(), values.end(), given);
    }
    if (c < stepwise) add(c, missing, steps, "steps");
    else add(c, bare, data.series.size(), "series");
  }
  return lines;
}

json to_json(const Covariates& covariates) {
  json scales = json::array();
  for (const CovariateScale& s : covariates.scales_) scales.push_back({s.mean, s.deviation, s.categories});
  return {{"past", covariates.past_},
          {"future", covariates.future_},
          {"fixed", covariates.fixed_},
          {"scales", std::move(scales)}};
}

Covariates covariates_from_json(const json& j) {
  Covariates covariates;
  covariates.past_ = j.at("past");
  covariates.future_ = j.at("future");
  covariates.fixed_ = j.at("fixed");
  for (const json& scale : j.at("scales")) covariates.scales_.push_back({scale.at(0), scale.at(1), scale.at(2)});
  const size_t columns = covariates.scales_.size();
  if (covariates.past_ > columns || covariates.future_ > columns || covariates.fixed_ > columns ||
      covariates.past_ + covariates.future_ + covariates.fixed_ != columns)
    fail(ErrorCode::kModel, "the forecaster's covariates are damaged: {} columns have a scale", columns);
  return covariates;
}

void add_future_file(const std::string& path, const CovariateColumns& columns, SeriesSet& data) {
  if (columns.future.empty())
    fail(ErrorCode::kUsage, "--future-file: the model knows nothing ahead; train it with --future COLUMN");
  SeriesOptions options{.time = data.time_column, .id = data.id_column, .covariates = columns.future};
  options.frequency = data.frequency;
  options.no_target = true;
  const auto first = data.categories.begin() + static_cast<ptrdiff_t>(columns.past.size());
  options.categories.emplace(first, first + static_cast<ptrdiff_t>(columns.future.size()));
  const SeriesSet future = load_series(path, options);
  for (Series& series : data.series)
    for (const Series& rows : future.series)
      if (data.id_column.empty() || rows.id == series.id) extend(series, rows, columns.past.size(), future, data);
}

}  // namespace elman
