#include "tasks/series_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace elman {

using nlohmann::json;

json to_json(const SeriesSet& set) {
  json list = json::array();
  for (const Series& s : set.series) {
    json values = json::array();
    for (const double v : s.values) values.push_back(std::isnan(v) ? json() : json(v));
    list.push_back({{"id", s.id}, {"start", s.start}, {"values", values}});
  }
  const TimeFormat& t = set.time_format;
  return {{"path", set.path},
          {"layout", static_cast<int>(set.layout)},
          {"id_column", set.id_column},
          {"time_column", set.time_column},
          {"target_column", set.target_column},
          {"time_format", {t.pattern, t.fraction_digits, t.offset_minutes}},
          {"frequency", {static_cast<int>(set.frequency.unit), set.frequency.count, set.frequency.day}},
          {"series", list}};
}

SeriesSet series_set_from_json(const json& j) {
  SeriesSet set;
  set.path = j.at("path");
  set.layout = static_cast<Layout>(j.at("layout").get<int>());
  set.id_column = j.at("id_column");
  set.time_column = j.at("time_column");
  set.target_column = j.at("target_column");
  const json& t = j.at("time_format");
  set.time_format = {t.at(0), t.at(1), t.at(2)};
  const json& f = j.at("frequency");
  set.frequency = {static_cast<Frequency::Unit>(f.at(0).get<int>()), f.at(1), f.at(2)};
  for (const json& item : j.at("series")) {
    Series s;
    s.id = item.at("id");
    s.start = item.at("start");
    for (const json& v : item.at("values")) s.values.push_back(v.is_null() ? NAN : v.get<double>());
    set.series.push_back(std::move(s));
  }
  return set;
}

}  // namespace elman
