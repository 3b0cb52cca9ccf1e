#include "tasks/series_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace elman {

using nlohmann::json;

namespace {

json write(const std::vector<double>& values) {
  json list = json::array();
  for (const double v : values) list.push_back(std::isnan(v) ? json() : json(v));
  return list;
}

// A model knows no categories but those of training.
json write(std::vector<double> values, const std::vector<std::string>& categories) {
  if (!categories.empty())
    for (double& v : values)
      if (v >= static_cast<double>(categories.size())) v = NAN;
  return write(values);
}

bool are_categories(const std::vector<double>& values, const std::vector<std::string>& categories) {
  return std::all_of(values.begin(), values.end(), [&](double v) {
    return std::isnan(v) || (v >= 0 && v < static_cast<double>(categories.size()) && v == std::floor(v));
  });
}

std::vector<double> read(const json& list) {
  std::vector<double> values;
  for (const json& v : list) values.push_back(v.is_null() ? NAN : v.get<double>());
  return values;
}

}  // namespace

json to_json(const SeriesSet& set) {
  json list = json::array();
  for (const Series& s : set.series) {
    json covariates = json::array();
    for (size_t c = 0; c < s.covariates.size(); ++c) covariates.push_back(write(s.covariates[c], set.categories[c]));
    list.push_back({{"id", s.id}, {"start", s.start}, {"values", write(s.values)}, {"covariates", covariates}});
  }
  const TimeFormat& t = set.time_format;
  return {{"path", set.path},
          {"layout", static_cast<int>(set.layout)},
          {"id_column", set.id_column},
          {"time_column", set.time_column},
          {"target_column", set.target_column},
          {"covariate_columns", set.covariate_columns},
          {"categories", set.categories},
          {"time_format", {t.pattern, t.fraction_digits, t.offset_minutes}},
          {"frequency", {static_cast<int>(set.frequency.unit), set.frequency.count, set.frequency.day}},
          {"series", list}};
}

SeriesSet series_set_from_json(const json& j) {
  SeriesSet set;
  set.path = j.at("path");
  set.layout = static_cast<Layout>(j.at("layout").get<int>());
  if (set.layout < Layout::kSingle || set.layout > Layout::kWide)
    fail(ErrorCode::kModel, "the layout {} of the model's series is damaged", j.at("layout").dump());
  set.id_column = j.at("id_column");
  set.time_column = j.at("time_column");
  set.target_column = j.at("target_column");
  j.at("covariate_columns").get_to(set.covariate_columns);
  j.at("categories").get_to(set.categories);
  if (set.categories.size() != set.covariate_columns.size())
    fail(ErrorCode::kModel, "the model's series have {} covariates, of which {} say their categories",
         set.covariate_columns.size(), set.categories.size());
  const json& t = j.at("time_format");
  set.time_format = {t.at(0), t.at(1), t.at(2)};
  if (!set.time_format.is_valid())
    fail(ErrorCode::kModel, "the time format {} of the model's series is damaged: found none that a file of data has",
         t.dump());
  const json& f = j.at("frequency");
  set.frequency = {static_cast<Frequency::Unit>(f.at(0).get<int>()), f.at(1), f.at(2)};
  if (!set.frequency.is_valid())
    fail(ErrorCode::kModel, "the frequency {} of the model's series is damaged: found no step of a time axis",
         f.dump());
  for (const json& item : j.at("series")) {
    Series s;
    s.id = item.at("id");
    s.start = item.at("start");
    s.values = read(item.at("values"));
    for (const json& values : item.at("covariates")) s.covariates.push_back(read(values));
    if (s.covariates.size() != set.covariate_columns.size())
      fail(ErrorCode::kModel, "the series '{}' of the model has {} covariates, expected {}", s.id, s.covariates.size(),
           set.covariate_columns.size());
    for (size_t c = 0; c < s.covariates.size(); ++c)
      if (!set.categories[c].empty() && !are_categories(s.covariates[c], set.categories[c]))
        fail(ErrorCode::kModel, "the covariate '{}' of the model's series '{}' is damaged: found what is no category",
             set.covariate_columns[c], s.id);
    set.series.push_back(std::move(s));
  }
  return set;
}

}  // namespace elman
