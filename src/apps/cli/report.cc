#include "apps/cli/report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace elman::cli {
namespace {

Json method_json(const MethodResult& method) {
  Json json = elman::to_json(method.metrics);
  json["skill"] = method.skill;
  return json;
}

// {"0.8": [a share for each of some metrics], …}
Json cover_json(const std::vector<Metrics>& list) {
  Json cover = Json::object();
  for (const Metrics& m : list)
    for (const auto& [promised, held] : m.coverage) cover[fmt::format("{:.4g}", promised)].push_back(held);
  return cover;
}

// {"mae": [a value for each step], "mase": …}
Json steps_json(const MethodResult& method) {
  Json steps;
  for (const Metrics& m : method.by_step) {
    steps["mae"].push_back(m.mae);
    steps["rmse"].push_back(m.rmse);
    steps["smape"].push_back(m.smape);
    steps["mase"].push_back(m.mase);
  }
  if (Json cover = cover_json(method.by_step); !cover.empty()) steps["coverage"] = std::move(cover);
  return steps;
}

// {"hour": {"points": [a value for each hour], "mae": …, "coverage": …}, …}
Json calendar_json(const BacktestReport& report) {
  Json json = Json::object();
  for (const CalendarResult& result : report.by_calendar) {
    Json& cycle = json[std::string(result.cycle)];
    for (const Metrics& m : result.places) {
      cycle["points"].push_back(m.points);
      cycle["mae"].push_back(m.mae);
    }
    cycle["coverage"] = cover_json(result.places);
  }
  return json;
}

std::string row(const std::string& name, const std::vector<std::string>& cells, size_t name_width) {
  std::string text = fmt::format("{:<{}}", name, name_width);
  for (const std::string& cell : cells) text += fmt::format("  {:>9}", cell);
  return text + "\n";
}

std::string table(const BacktestReport& report) {
  std::vector<std::string> heads{"MASE", "skill", "sMAPE %", "MAE", "RMSE", "pinball"};
  std::vector<double> shares;
  for (const auto& [share, observed] : report.methods.front().metrics.coverage) {
    shares.push_back(share);
    heads.push_back(fmt::format("in {:.3g} %", 100 * share));
  }
  size_t width = 6;
  for (const MethodResult& method : report.methods) width = std::max(width, method.name.size());

  std::string text = row("method", heads, width);
  for (const MethodResult& method : report.methods) {
    const Metrics& m = method.metrics;
    std::vector<std::string> cells{brief(m.mase),  std::isnan(method.skill) ? "-" : fmt::format("{:.3f}", method.skill),
                                   brief(m.smape), brief(m.mae),
                                   brief(m.rmse),  brief(m.wql)};
    for (const double share : shares) {
      const auto found = m.coverage.find(share);
      cells.push_back(
          found == m.coverage.end() || std::isnan(found->second) ? "-" : fmt::format("{:.1f} %", 100 * found->second));
    }
    text += row(method.name, cells, width);
  }
  return text;
}

// "by hour 74.5 to 83.8 %": the least and the greatest share that the interval held in a place of the cycle, of those
// with enough values to tell; nothing if fewer than two have.
std::string cover_by(const CalendarResult& result, double promised) {
  constexpr size_t kEnough = 50;
  double least = 1, most = 0;
  size_t places = 0;
  for (const Metrics& m : result.places) {
    if (m.points < kEnough) continue;
    ++places;
    least = std::min(least, m.coverage.at(promised));
    most = std::max(most, m.coverage.at(promised));
  }
  return places < 2 ? "" : fmt::format("by {} {:.1f} to {:.1f} %", result.cycle, 100 * least, 100 * most);
}

// A line for each interval, of how even it is over the calendar.
std::string cover_lines(const BacktestReport& report) {
  std::string lines;
  for (const auto& [promised, held] : report.methods.front().metrics.coverage) {
    std::vector<std::string> cycles;
    for (const CalendarResult& result : report.by_calendar)
      if (std::string text = cover_by(result, promised); !text.empty()) cycles.push_back(std::move(text));
    if (!cycles.empty()) lines += fmt::format("in {:.3g} %: {}\n", 100 * promised, fmt::join(cycles, ", "));
  }
  return lines.empty() ? "" : "\n" + lines;
}

}  // namespace

Json report_json(const BacktestReport& report) {
  Json methods, by_step;
  for (const MethodResult& method : report.methods) {
    methods[method.name] = method_json(method);
    by_step[method.name] = steps_json(method);
  }
  const DieboldMariano& test = report.test;
  return {{"metrics", method_json(report.methods.front())},
          {"naive", method_json(report.method(report.best_naive))},
          {"best_naive", report.best_naive},
          {"methods", methods},
          {"diebold_mariano",
           {{"against", report.best_naive},
            {"statistic", test.statistic},
            {"p_value", test.p_value},
            {"windows", test.origins},
            {"lags", test.lags}}},
          {"series", report.series},
          {"windows", report.windows},
          {"skipped_series", report.skipped_series},
          {"overlapping", report.overlapping},
          {"verdict", report.verdict},
          {"by_step", by_step},
          {"by_calendar", calendar_json(report)}};
}

std::vector<std::string> warnings(const BacktestReport& report) {
  std::vector<std::string> lines;
  if (report.skipped_series > 0)
    lines.push_back(fmt::format("{} series are too short for these windows and were left out", report.skipped_series));
  if (report.overlapping > 0)
    lines.push_back(
        fmt::format("warning: {} of {} overlap with the data this model was trained on, so its figures are too good; "
                    "'elman backtest DATA.csv --horizon N' trains only on what was known before",
                    report.overlapping, counted(report.windows, "window")));
  return lines;
}

void print_report(const BacktestReport& report, const Common& common, const WrittenFiles& files) {
  for (const std::string& line : warnings(report)) common.note(line);
  if (common.json) {
    Json json = report_json(report);
    if (!files.output.empty()) json["output"] = files.output;
    if (!files.report.empty()) json["report"] = files.report;
    return print_json(json);
  }
  print(fmt::format("{} series, {}\n\n{}{}\n{}\n", report.series, counted(report.windows, "window"), table(report),
                    cover_lines(report), report.verdict));
}

}  // namespace elman::cli
