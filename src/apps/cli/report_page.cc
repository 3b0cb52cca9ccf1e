#include "apps/cli/report_page.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/cli/console.h"
#include "apps/cli/markup.h"
#include "apps/cli/report.h"
#include "apps/cli/svg_plot.h"
#include "base/error.h"
#include "io/atomic_file.h"

namespace elman::cli {

// src/apps/cli/report/page.html with its styles and scripts, embedded by the build.
extern const std::string_view kReportTemplate;

namespace {

// Fills in each {{name}} of the template, once: what stands in a value stays as it is.
std::string fill_in(std::string_view text, const std::map<std::string_view, std::string>& values) {
  std::string page;
  for (size_t open; (open = text.find("{{")) != std::string_view::npos;) {
    const size_t close = text.find("}}", open);
    const auto value = close == text.npos ? values.end() : values.find(text.substr(open + 2, close - open - 2));
    page += text.substr(0, open);
    page += value == values.end() ? "{{" : value->second;
    text.remove_prefix(value == values.end() ? open + 2 : close + 2);
  }
  page += text;
  return page;
}

// Numbers that networks computed in float, in the seven digits it has.
std::vector<std::vector<double>> in_float_digits(const Quantiles& quantiles) {
  std::vector<std::vector<double>> rounded = quantiles;
  for (auto& values : rounded)
    for (double& v : values) v = std::strtod(fmt::format("{:.7g}", v).c_str(), nullptr);
  return rounded;
}

// Seconds, or the integers of the axis; evenly spaced ones as {"from", "step", "count"}.
Json times_json(const std::vector<Time>& times, bool integer_axis) {
  const auto number = [&](Time t) { return integer_axis ? Json(t) : Json(static_cast<double>(t) / kSecond); };
  const auto even = [&](size_t i) { return times[i] - times[i - 1] == times[1] - times[0]; };
  bool all_even = times.size() > 1;
  for (size_t i = 1; i < times.size(); ++i) all_even = all_even && even(i);
  if (all_even) return {{"from", number(times[0])}, {"step", number(times[1] - times[0])}, {"count", times.size()}};
  Json list = Json::array();
  for (const Time t : times) list.push_back(number(t));
  return list;
}

Json series_json(const ReportSeries& series, bool integer_axis) {
  Json windows = Json::array(), errors = Json::object();
  for (const auto& [at, quantiles] : series.windows)
    windows.push_back({{"at", at}, {"quantiles", in_float_digits(quantiles)}});
  for (const auto& [method, error] : series.errors) errors[method] = error;
  return {{"id", series.id},
          {"times", times_json(series.times, integer_axis)},
          {"history", series.history},
          {"median", series.forecast.y_hat},
          {"quantiles", series.forecast.quantiles},
          {"windows", windows},
          {"errors", errors}};
}

// Of the shares that levels promise, those that were observed.
Json shares_json(const QuantileShares& shares) {
  Json observed = Json::array();
  for (const size_t below : shares.below)
    observed.push_back(static_cast<double>(below) / static_cast<double>(shares.points));
  return {{"levels", shares.levels}, {"observed", observed}, {"points", shares.points}};
}

Json to_json(const ReportContent& content) {
  Json series = Json::array();
  for (const ReportSeries& s : content.series) series.push_back(series_json(s, content.integer_axis));
  Json json{{"integer_axis", content.integer_axis},
            {"levels", content.levels},
            {"shown", content.shown},
            {"series", series},
            {"record", elman::to_json(content.record)}};
  if (content.backtest) {
    json["backtest"] = report_json(*content.backtest);
    json["shares"] = shares_json(content.shares);
  }
  return json;
}

// ASCII without "<", so that nothing in it can end the element that holds it.
std::string inert(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (c == '<') text += "\\u003c";
    else text += c;
  }
  return text;
}

std::string percent(double share) { return std::isnan(share) ? "–" : fmt::format("{:.1f} %", 100 * share); }

// The error as a bar beside its number: the worst method's fills it.
std::string bar(double value, double worst) {
  if (!(value >= 0 && worst > 0)) return "";
  return fmt::format(
      "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
      "width=\"{:.1f}\" height=\"8\" rx=\"1\"/></svg>",
      100 * value / worst);
}

std::string method_row(const BacktestReport& report, const MethodResult& method, double worst) {
  const Metrics& m = method.metrics;
  const bool is_model = &method == &report.methods.front();
  std::string row =
      fmt::format("<tr{}><th scope=\"row\">{}</th>", is_model ? " class=\"model\"" : "", escape_markup(method.name));
  row += fmt::format("<td>{}</td><td class=\"bar\">{}</td>", brief(m.mase), bar(m.judged(), worst));
  for (const double figure : {m.smape, m.mae}) row += fmt::format("<td>{}</td>", brief(figure));
  for (const auto& [share, observed] : report.methods.front().metrics.coverage) {
    const auto own = m.coverage.find(share);
    row += fmt::format("<td>{}</td>", own == m.coverage.end() ? "–" : percent(own->second));
  }
  return row + "</tr>\n";
}

// Best first.
std::string methods_table(const BacktestReport& report) {
  std::vector<const MethodResult*> methods;
  double worst = 0;
  for (const MethodResult& m : report.methods) {
    methods.push_back(&m);
    worst = std::fmax(worst, m.metrics.judged());
  }
  std::stable_sort(methods.begin(), methods.end(), [](const MethodResult* a, const MethodResult* b) {
    return a->metrics.judged() < b->metrics.judged();
  });
  std::string table =
      "<div class=\"scroll\"><table class=\"methods\">\n<thead><tr><th scope=\"col\">method</th>"
      "<th scope=\"col\">MASE</th><td class=\"bar\"></td><th scope=\"col\">sMAPE %</th><th scope=\"col\">MAE</th>";
  for (const auto& [share, observed] : report.methods.front().metrics.coverage)
    table += fmt::format("<th scope=\"col\">in {:.3g} %</th>", 100 * share);
  table += "</tr></thead>\n<tbody>\n";
  for (const MethodResult* method : methods) table += method_row(report, *method, worst);
  return table + fmt::format(
                     "</tbody></table></div>\n<p class=\"caption\">{} of {} series; smaller errors are better, "
                     "an interval should hold the share it promises.</p>",
                     counted(report.windows, "window"), report.series);
}

std::string pairs_list(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string list = "<dl>\n";
  for (const auto& [name, value] : pairs)
    list += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_markup(name), escape_markup(value));
  return list + "</dl>";
}

std::string notes_list(const std::vector<std::string>& notes) {
  if (notes.empty()) return "";
  std::string list = "<ul class=\"notes\">\n";
  for (const std::string& note : notes) list += fmt::format("<li>{}</li>\n", escape_markup(note));
  return list + "</ul>";
}

}  // namespace

std::string report_page(const ReportContent& content) {
  return fill_in(kReportTemplate, {{"title", escape_markup(content.title)},
                                   {"headline", escape_markup(content.headline)},
                                   {"notes", notes_list(content.notes)},
                                   {"methods", content.backtest ? methods_table(*content.backtest) : ""},
                                   {"picture", svg_plot(content.picture)},
                                   {"settings", pairs_list(content.settings)},
                                   {"facts", pairs_list(content.facts)},
                                   {"data", inert(to_json(content))}});
}

void write_report(const std::string& path, const ReportContent& content) { write_file(path, report_page(content)); }

}  // namespace elman::cli
