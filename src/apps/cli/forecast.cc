#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "apps/cli/report_builder.h"
#include "apps/cli/report_page.h"
#include "apps/cli/sample_paths.h"
#include "apps/cli/svg_plot.h"
#include "apps/cli/terminal_plot.h"
#include "base/error.h"
#include "base/suggest.h"
#include "data/csv.h"
#include "io/atomic_file.h"
#include "tasks/forecast.h"
#include "tasks/split.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman forecast co2.safetensors                       # after 'elman train forecast data/co2.csv …'\n"
    "  elman forecast co2.safetensors --quantiles 0.1,0.5,0.9 -o forecast.csv --plot forecast.svg\n"
    "  elman forecast co2.safetensors --plot -              # draws in the terminal\n"
    "  elman forecast co2.safetensors data/co2.csv --report forecast.html   # a page to look at\n"
    "  elman forecast co2.safetensors data/co2.csv --horizon 36 --json\n"
    "  elman forecast co2.safetensors --samples 100 --seed 1 -o paths.csv   # possible futures";

constexpr const char* kTerminal = "-";  // where --plot draws, instead of into a file

struct Arguments {
  std::string model, data, future, output, plot, report, series, weights = "f32";
  size_t horizon = 0, samples = 0, seed = 1;
  std::vector<double> levels;
  bool mean = false;
  SeriesOptions columns;
  Common common;
};

// What is written of each step.
struct Columns {
  const std::vector<double>& levels;
  bool mean;

  std::vector<std::string> names() const {
    std::vector<std::string> names{"y_hat"};
    for (const double level : levels) names.push_back(fmt::format("q{}", level));
    if (mean) names.emplace_back("mean");
    return names;
  }
  // [names][horizon]
  std::vector<std::vector<double>> of(const Forecast& f) const {
    std::vector<std::vector<double>> values{f.y_hat};
    values.insert(values.end(), f.quantiles.begin(), f.quantiles.end());
    if (mean) values.push_back(f.mean);
    return values;
  }
};

// unique_id,ds,y_hat,q0.1,…: one row a series and step, numbers in the fewest digits that read back the same.
std::string to_csv(const std::vector<Forecast>& forecasts, const Columns& columns) {
  std::string csv = fmt::format("unique_id,ds,{}\n", fmt::join(columns.names(), ","));
  for (const Forecast& f : forecasts) {
    const std::string id = csv_escape(f.id);
    const std::vector<std::vector<double>> values = columns.of(f);
    for (size_t step = 0; step < f.ds.size(); ++step) {
      csv += fmt::format("{},{}", id, csv_escape(f.ds[step]));
      for (const std::vector<double>& column : values) csv += fmt::format(",{}", column[step]);
      csv += '\n';
    }
  }
  return csv;
}

Json to_json(const std::vector<Forecast>& forecasts, const Columns& columns) {
  const std::vector<std::string> names = columns.names();
  Json list = Json::array();
  for (const Forecast& f : forecasts) {
    Json entry{{"unique_id", f.id}, {"ds", f.ds}};
    const std::vector<std::vector<double>> values = columns.of(f);
    for (size_t i = 0; i < names.size(); ++i) entry[names[i]] = values[i];
    list.push_back(std::move(entry));
  }
  return list;
}

size_t find_series(const SeriesSet& data, const std::string& id) {
  if (id.empty()) return 0;
  std::vector<std::string_view> ids;
  for (const Series& s : data.series) {
    if (s.id == id) return ids.size();
    ids.push_back(s.id);
  }
  fail(ErrorCode::kUsage, "--series: no series '{}' among {} of {}{}", id, ids.size(), data.path, suggest(id, ids));
}

void check_samples(const Verb& verb, const Arguments& a) {
  const std::vector<std::string> given = verb.flags.given();
  const auto has = [&](const char* flag) { return std::find(given.begin(), given.end(), flag) != given.end(); };
  if (a.samples == 0 && has("--seed")) fail(ErrorCode::kUsage, "--seed is for sample paths; give --samples N too");
  if (a.samples == 0) return;
  for (const char* flag : {"--quantiles", "--mean", "--plot"})
    if (has(flag))
      fail(ErrorCode::kUsage, "--samples writes paths instead of quantiles, without {}; leave one of them out", flag);
}

void check(const Verb& verb, const Arguments& a) {
  begin(a.common);
  require_argument(!a.model.empty(), "MODEL, a file written by 'elman train forecast',", verb);
  check_samples(verb, a);
  if (!a.series.empty() && a.plot.empty() && a.report.empty())
    fail(ErrorCode::kUsage, "--series chooses what --plot and --report show; give --plot FILE.svg or --plot - too");
  if (a.plot == kTerminal && a.common.json)
    fail(ErrorCode::kUsage, "--json and --plot - both write to standard output; draw into --plot FILE.svg instead");
  check_distinct({{"--output", a.output}, {"--plot", a.plot}, {"--report", a.report}});
  for (const std::string& output : {a.output, a.plot == kTerminal ? "" : a.plot, a.report}) {
    check_output(output, a.model);
    check_output(output, a.data);
    check_output(output, a.future);
  }
}

std::string beyond_horizon(const Arguments& a, const ForecastModel& model) {
  return fmt::format(
      "{} steps are more than the {} trained for: medians are fed back, and the intervals beyond are too narrow",
      a.horizon, model.config().horizon);
}

void draw(const Arguments& a, const PlotContent& content) {
  if (a.plot == kTerminal) {
    const TerminalStyle style{
        .columns = terminal_columns(Channel::kOutput), .unicode = has_utf8(), .colour = has_colour(Channel::kOutput)};
    return print(terminal_plot(content, style));
  }
  write_file(a.plot, svg_plot(content));
  a.common.note(fmt::format("{}: a picture of '{}', to open in a browser", a.plot, content.title));
}

void report(const Arguments& a, const ForecastModel& model, const SeriesSet& data, size_t shown,
            const std::vector<Forecast>& forecasts, const std::vector<double>& levels) {
  ReportBuilder builder(data, shown);
  builder.add_model(model, forecasts, levels);
  builder.add_fact("model", a.model);
  if (a.horizon > model.config().horizon) builder.add_note(beyond_horizon(a, model));
  if (a.data.empty())
    builder.add_note(
        fmt::format("the history is the end that the model keeps; 'elman forecast {} DATA.csv' shows more", a.model));
  // The end of the data, as a model keeps it, is not enough to train on.
  if (const size_t windows = a.data.empty() ? 1 : windows_with_room(data, model.config(), 5))
    builder.add_note(
        fmt::format("how good such forecasts are: elman backtest {} --horizon {} --windows {} --report FILE", data.path,
                    model.config().horizon, windows));
  write_report(a.report, builder.finish());
  a.common.note(fmt::format("{}: a page to open in a browser", a.report));
}

void print_result(const Arguments& a, const SeriesSet& data, const std::vector<Forecast>& forecasts,
                  const Columns& columns) {
  if (a.common.json) {
    Json result{{"model", a.model}, {"task", "forecast"}, {"series", forecasts.size()}};
    result["horizon"] = forecasts.empty() ? 0 : forecasts[0].y_hat.size();
    result["quantiles"] = columns.levels;
    if (!a.output.empty()) result["output"] = a.output;
    else result["forecasts"] = to_json(forecasts, columns);
    if (!a.plot.empty()) result["plot"] = a.plot;
    if (!a.report.empty()) result["report"] = a.report;
    return print_json(result);
  }
  if (a.output.empty() && a.plot != kTerminal) return print(to_csv(forecasts, columns));
  if (a.output.empty()) return;
  a.common.note(fmt::format("{}: {} steps of {} series after {}", a.output,
                            forecasts.empty() ? 0 : forecasts[0].y_hat.size(), forecasts.size(), data.path));
}

void run(const Verb& verb, const Arguments& a) {
  check(verb, a);
  check_task(a.model, "forecast");
  const ForecastModel model = with_weights(ForecastModel::load(a.model), a.weights);
  std::optional<SeriesSet> given;
  if (!a.data.empty()) given = load_series(a.data, overridden(model.series_options(), a.columns));
  if (!a.future.empty()) {
    if (!given) given = model.context();
    add_future_file(a.future, model.config().covariates, *given);
  }
  const SeriesSet& data = given ? *given : model.context();
  if (!a.data.empty()) a.common.note(given->summary());
  const size_t shown = find_series(data, a.series);
  ThreadPool pool(a.common.threads);
  if (a.samples > 0) {
    if (model.dependence().pairs == 0)
      a.common.note(
          "no two successive steps were held out in training that show how they hang together: each is drawn by "
          "itself");
    return print_samples(model, given ? &*given : nullptr, {a.samples, a.seed, a.horizon, a.model, a.output}, a.common,
                         pool);
  }
  if (a.horizon > model.config().horizon) a.common.note(beyond_horizon(a, model));

  const std::vector<double> levels = a.levels.empty() ? model.levels() : a.levels;
  const std::vector<Forecast> forecasts = model.forecast(given ? &*given : nullptr, a.horizon, levels, pool);
  const Columns columns{levels, a.mean};
  if (!a.output.empty()) write_file(a.output, to_csv(forecasts, columns));
  if (!a.plot.empty()) draw(a, plot_content(data, shown, forecasts[shown], levels));
  if (!a.report.empty()) report(a, model, data, shown, forecasts, levels);
  print_result(a, data, forecasts, columns);
}

}  // namespace

void add_forecast(CommandLine& line) {
  Verb& verb = line.add("forecast", "Continue series with a trained model", kExamples);
  const auto a = std::make_shared<Arguments>();
  Flags& flags = verb.flags;
  flags.add_file("MODEL", a->model, "File written by 'elman train forecast'");
  flags.add_file("DATA.csv", a->data, "Series to continue instead of those the model was trained on");
  flags.group("Forecast");
  flags.add("--horizon", a->horizon, at_least(1), "Steps to forecast").zero_means("as trained");
  flags.add("--quantiles", a->levels, kLevel, "Levels to forecast").zero_means("as trained");
  flags.add("--mean", a->mean, "Also the mean of each step, which sums add up, in a last column").flag_only();
  flags.add("--future-file", a->future, "FILE.csv", "Covariates known of the time after the series' ends").flag_only();
  flags.add("--samples", a->samples, at_least(1), "Possible futures of each series to draw, instead of quantiles")
      .flag_only()
      .zero_means("none");
  flags.add("--seed", a->seed, kSeed, "Start of the random numbers of --samples").flag_only();
  add_weights_flag(flags, a->weights);
  flags.group("Output");
  flags.add("-o,--output", a->output, "FILE.csv", "Table to write, instead of standard output").flag_only();
  flags.add("--plot", a->plot, "FILE.svg", "Picture to write; - draws it in the terminal instead of the table")
      .flag_only();
  flags.add("--report", a->report, "FILE.html", "Page to write: forecast, training and settings, to look at")
      .flag_only();
  flags.add("--series", a->series, "ID", "Series in the picture, and first on the page")
      .flag_only()
      .zero_means("the first");
  add_series_flags(verb, a->columns);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
