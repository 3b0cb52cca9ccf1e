#include <algorithm>
#include <memory>
#include <optional>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "apps/cli/error_table.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/progress.h"
#include "apps/cli/report.h"
#include "apps/cli/report_builder.h"
#include "apps/cli/report_page.h"
#include "base/error.h"
#include "tasks/backtest.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman backtest data/co2.csv --horizon 24 --windows 5         # trains on what was known before the windows\n"
    "  elman backtest data/elnino.csv --horizon 12 --windows 10 --cell lstm --json\n"
    "  elman backtest data/co2.csv --horizon 24 --windows 5 --retrain   # five trainings, as one would do in use\n"
    "  elman backtest co2.safetensors data/co2.csv --windows 5 -o errors.csv   # a model at hand\n"
    "  elman backtest data/co2.csv --horizon 24 --windows 5 --report backtest.html    # a page to look at";

struct Arguments {
  std::string first, second;  // DATA, or MODEL and DATA
  std::string output, report;
  ForecastConfig config;
  BacktestOptions options;
  SeriesOptions columns;
  bool retrain = false;
  double time_limit = 0;
  Common common;
};

// Flags that mean something to a model at hand; the others train one.
void check_flags_of_model(const Verb& verb) {
  constexpr std::string_view kAllowed[] = {"--horizon", "--windows", "--stride", "--target", "--time",
                                           "--id",      "--threads", "--config", "--json",   "--quiet",
                                           "--verbose", "--output",  "--report"};
  for (const std::string& flag : verb.flags.given())
    if (std::find(std::begin(kAllowed), std::end(kAllowed), flag) == std::end(kAllowed))
      fail(ErrorCode::kUsage, "{} is for training, but a trained model is given; leave one of them out", flag);
}

ForecastModel train_before(size_t window, const SeriesSet& known, const Arguments& a, ThreadPool& pool) {
  a.common.note(fmt::format("training on what was known before window {} of {}", window + 1, a.options.windows));
  const InterruptGuard guard(a.common.quiet);
  Progress progress(a.common);
  TrainRun training;
  training.time_limit = a.time_limit;
  training.observer = progress.observer();
  return ForecastModel::train(known, a.config, pool, training);
}

// Takes in what a backtest finds, for the files that are wanted beside the printed result.
class Findings {
 public:
  Findings(const SeriesSet& data, const Arguments& a, ThreadPool& pool) : data_(data), a_(a), pool_(pool) {
    if (!a.output.empty()) table_.emplace(a.output);
    if (!a.report.empty()) builder_.emplace(data);
  }

  // The model that is judged, of several the newest: the page shows its training, and its forecast after the data.
  void add_model(const ForecastModel& model) {
    if (!builder_) return;
    const size_t horizon = a_.options.horizon ? a_.options.horizon : model.config().horizon;
    const std::vector<Forecast> forecasts = forecast_after(model, horizon);
    builder_->add_model(model, forecasts, model.levels());
    if (!a_.second.empty()) builder_->add_fact("model", a_.first);
    else
      builder_->add_note(
          fmt::format("the {} of the {} model, which knows nothing from the {} window on",
                      forecasts.front().y_hat.empty() ? "training is" : "forecast after the data and the training are",
                      a_.retrain ? "last" : "judged", a_.retrain ? "last" : "first"));
  }
  OnSeries on_series() {
    if (!table_ && !builder_) return {};
    return [this](const BacktestedSeries& series) {
      if (table_) table_->add(series);
      if (builder_) builder_->add(series);
    };
  }
  void write(const BacktestReport& report) {
    if (table_) {
      table_->commit();
      a_.common.note(
          fmt::format("{}: errors by series, step and method, {}", a_.output, counted(table_->rows(), "row")));
    }
    if (builder_) {
      for (const std::string& line : warnings(report)) builder_->add_note(line);
      write_report(a_.report, builder_->finish(report));
      a_.common.note(fmt::format("{}: a page to open in a browser", a_.report));
    }
    print_report(report, a_.common, {a_.output, a_.report});
  }

 private:
  // Of no step where a covariate that the model needs is not known: what was asked for are figures of the past.
  std::vector<Forecast> forecast_after(const ForecastModel& model, size_t horizon) {
    try {
      return model.forecast(&data_, horizon, model.levels(), pool_);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kData) throw;
      builder_->add_note(fmt::format("no forecast after the data: {}", e.what()));
    }
    std::vector<Forecast> none;
    for (const Series& series : data_.series)
      none.push_back({series.id, {}, {}, {}, std::vector<std::vector<double>>(model.levels().size())});
    return none;
  }

  const SeriesSet& data_;
  const Arguments& a_;
  ThreadPool& pool_;
  std::optional<ErrorTable> table_;
  std::optional<ReportBuilder> builder_;
};

void backtest_data(const Verb& verb, Arguments& a, ThreadPool& pool) {
  require_argument(a.options.horizon > 0, "--horizon N, the number of steps to forecast,", verb);
  a.config.covariates.ask_for(a.columns);
  const SeriesSet data = load_series(a.first, a.columns);
  a.common.note(data.summary());
  Findings findings(data, a, pool);
  const TrainForWindow train = [&](const SeriesSet& known, size_t window) {
    ForecastModel model = train_before(window, known, a, pool);
    if (!a.retrain || window + 1 == a.options.windows) findings.add_model(model);
    return model;
  };
  if (a.retrain) return findings.write(backtest(train, data, a.options, pool, findings.on_series()));
  const ForecastModel model = train(before_first_origin(data, a.options.horizon, a.options), 0);
  findings.write(backtest(model, data, a.options, pool, findings.on_series()));
}

void backtest_model(const Verb& verb, const Arguments& a, ThreadPool& pool) {
  check_flags_of_model(verb);
  check_task(a.first, "forecast");
  const ForecastModel model = ForecastModel::load(a.first);
  const SeriesSet data = load_series(a.second, overridden(model.series_options(), a.columns));
  a.common.note(data.summary());
  Findings findings(data, a, pool);
  findings.add_model(model);
  findings.write(backtest(model, data, a.options, pool, findings.on_series()));
}

void run(const Verb& verb, Arguments& a) {
  begin(a.common);
  require_argument(!a.first.empty(), "DATA.csv, or MODEL DATA.csv,", verb);
  check_distinct({{"--output", a.output}, {"--report", a.report}});
  for (const std::string& input : {a.first, a.second})
    for (const std::string& output : {a.output, a.report}) check_output(output, input);
  a.options.horizon = a.config.horizon;
  ThreadPool pool(a.common.threads);
  if (a.second.empty()) {
    if (is_model_file(a.first))
      fail(ErrorCode::kUsage, "{} is a model; name the data after it: elman backtest {} DATA.csv", a.first, a.first);
    return backtest_data(verb, a, pool);
  }
  if (is_model_file(a.second) && !is_model_file(a.first))
    fail(ErrorCode::kUsage, "the model comes first: elman backtest {} {}", a.second, a.first);
  backtest_model(verb, a, pool);
}

}  // namespace

void add_backtest(CommandLine& line) {
  Verb& verb =
      line.add("backtest", "Forecast the past and compare with what came, beside naive methods and Theta", kExamples);
  verb.sections = {"train", "train.forecast", "backtest"};
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("DATA.csv", a->first, "Table with a time column and one or more value columns; or MODEL");
  verb.flags.add_file("MODEL_DATA", a->second, "After a MODEL: the table to forecast");
  verb.flags.group("Windows");
  verb.flags.add("--windows", a->options.windows, at_least(1), "Times to forecast from, at the end of each series");
  verb.flags.add("--stride", a->options.stride, at_least(0), "Steps between them").zero_means("the horizon");
  verb.flags.add("--retrain", a->retrain, "Train anew before every window instead of once before the first");
  add_forecast_flags(verb, a->config);
  verb.flags.add("--time-limit", a->time_limit, kNotNegative, "Seconds to train at most").zero_means("none");
  verb.flags.group("Output");
  verb.flags.add("-o,--output", a->output, "FILE.csv", "Table to write: errors of every method by series and step")
      .flag_only();
  verb.flags
      .add("--report", a->report, "FILE.html",
           "Page to write: forecasts over the history, errors, intervals, training, to look at")
      .flag_only();
  add_series_flags(verb, a->columns);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
