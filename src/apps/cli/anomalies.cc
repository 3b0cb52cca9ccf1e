#include "tasks/anomalies.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "base/error.h"
#include "data/csv.h"
#include "io/atomic_file.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman train forecast data/co2.csv --horizon 1 --quantiles 0.005,0.5,0.995 -o co2.safetensors\n"
    "  elman anomalies co2.safetensors data/co2.csv                 # outside the 99 % interval, one step ahead\n"
    "  elman anomalies co2.safetensors data/co2.csv --level 0.95 -o anomalies.csv";

struct Arguments {
  std::string model, data, output;
  double level = 0;
  SeriesOptions columns;
  Common common;
};

// unique_id,ds,y,y_hat,low,high,score: numbers in the fewest digits that read back the same.
std::string to_csv(const SeriesSet& data, const std::vector<Anomaly>& anomalies) {
  std::string csv = "unique_id,ds,y,y_hat,low,high,score\n";
  for (const Anomaly& a : anomalies)
    csv += fmt::format("{},{},{},{},{},{},{}\n", csv_escape(data.series[a.series].id),
                       csv_escape(data.time_text(a.series, static_cast<int64_t>(a.index))), a.y, a.y_hat, a.low, a.high,
                       a.score);
  return csv;
}

Json to_json(const SeriesSet& data, const std::vector<Anomaly>& anomalies) {
  Json list = Json::array();
  for (const Anomaly& a : anomalies)
    list.push_back({{"unique_id", data.series[a.series].id},
                    {"ds", data.time_text(a.series, static_cast<int64_t>(a.index))},
                    {"y", a.y},
                    {"y_hat", a.y_hat},
                    {"low", a.low},
                    {"high", a.high},
                    {"score", a.score}});
  return list;
}

std::string percent(double share) { return fmt::format("{:.4g} %", 100 * share); }

// Says which interval was taken, and how many rows would lie outside if nothing were wrong.
void note_result(const Arguments& a, const ForecastModel& model, const AnomalyReport& report) {
  if (a.level == 0 && report.level < kAnomalyLevel - 1e-9)
    a.common.note(
        fmt::format("the {} interval is the widest that the model's quantiles ({}) allow; for 99 % train one with "
                    "--quantiles 0.005,0.5,0.995",
                    percent(report.level), fmt::join(model.levels(), ", ")));
  const double by_chance = (1 - report.level) * static_cast<double>(report.rows);
  a.common.note(
      fmt::format("{} of {} lie outside the {} interval forecast one step ahead; about {:.0f} would by chance",
                  report.anomalies.size(), counted(report.rows, "row"), percent(report.level), by_chance));
}

void print_result(const Arguments& a, const SeriesSet& data, const AnomalyReport& report) {
  if (a.common.json) {
    Json result{{"model", a.model}, {"level", report.level}, {"rows", report.rows}};
    result["count"] = report.anomalies.size();
    if (!a.output.empty()) result["output"] = a.output;
    else result["anomalies"] = to_json(data, report.anomalies);
    return print_json(result);
  }
  if (a.output.empty()) print(to_csv(data, report.anomalies));
}

void run(const Verb& verb, const Arguments& a) {
  begin(a.common);
  require_argument(!a.model.empty(), "MODEL, a file written by 'elman train forecast',", verb);
  require_argument(!a.data.empty(), "DATA.csv, the table to look through,", verb);
  for (const std::string& input : {a.model, a.data}) check_output(a.output, input);
  check_task(a.model, "forecast");
  const ForecastModel model = ForecastModel::load(a.model);
  const SeriesSet data = load_series(a.data, overridden(model.series_options(), a.columns));
  a.common.note(data.summary());
  ThreadPool pool(a.common.threads);
  const AnomalyReport report = find_anomalies(model, data, a.level, pool);
  note_result(a, model, report);
  if (!a.output.empty()) write_file(a.output, to_csv(data, report.anomalies));
  print_result(a, data, report);
}

}  // namespace

void add_anomalies(CommandLine& line) {
  Verb& verb = line.add("anomalies", "Find values outside the interval forecast one step ahead", kExamples);
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("MODEL", a->model, "File written by 'elman train forecast', best on data without faults");
  verb.flags.add_file("DATA.csv", a->data, "Series to look through");
  verb.flags.group("Anomalies");
  verb.flags.add("--level", a->level, kLevel, "Share of values the interval is to hold")
      .zero_means("0.99, or the widest the model allows");
  verb.flags.group("Output");
  verb.flags.add("-o,--output", a->output, "FILE.csv", "Table to write, instead of standard output").flag_only();
  add_series_flags(verb, a->columns);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
