#include <algorithm>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/progress.h"
#include "apps/cli/report.h"
#include "base/error.h"
#include "tasks/backtest.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman backtest data/co2.csv --horizon 24 --windows 5         # trains on what was known before the windows\n"
    "  elman backtest data/elnino.csv --horizon 12 --windows 10 --cell lstm --json\n"
    "  elman backtest co2.safetensors data/co2.csv --windows 5      # a model at hand";

struct Arguments {
  std::string first, second;  // DATA, or MODEL and DATA
  ForecastConfig config;
  BacktestOptions options;
  SeriesOptions columns;
  double time_limit = 0;
  Common common;
};

// Flags that mean something to a model at hand; the others train one.
void check_flags_of_model(const Verb& verb) {
  constexpr std::string_view kAllowed[] = {"--horizon", "--windows", "--stride", "--target", "--time",   "--id",
                                           "--threads", "--config",  "--json",   "--quiet",  "--verbose"};
  for (const std::string& flag : verb.flags.given())
    if (std::find(std::begin(kAllowed), std::end(kAllowed), flag) == std::end(kAllowed))
      fail(ErrorCode::kUsage, "{} is for training, but a trained model is given; leave one of them out", flag);
}

ForecastModel train_before(const SeriesSet& data, const Arguments& a, ThreadPool& pool) {
  const SeriesSet known = before_first_origin(data, a.options.horizon, a.options);
  a.common.note(fmt::format("training on what was known before the first of {} windows", a.options.windows));
  const InterruptGuard guard(a.common.quiet);
  Progress progress(a.common);
  TrainRun training;
  training.time_limit = a.time_limit;
  training.observer = progress.observer();
  return ForecastModel::train(known, a.config, pool, training);
}

void backtest_data(const Verb& verb, const Arguments& a, ThreadPool& pool) {
  require_argument(a.options.horizon ? "given" : "", "--horizon N, the number of steps to forecast,", verb);
  const SeriesSet data = load_series(a.first, a.columns);
  a.common.note(data.summary());
  print_report(backtest(train_before(data, a, pool), data, a.options, pool), a.common);
}

void backtest_model(const Verb& verb, const Arguments& a, ThreadPool& pool) {
  check_flags_of_model(verb);
  check_task(a.first, "forecast");
  const ForecastModel model = ForecastModel::load(a.first);
  const SeriesSet data = load_series(a.second, overridden(model.series_options(), a.columns));
  a.common.note(data.summary());
  print_report(backtest(model, data, a.options, pool), a.common);
}

void run(const Verb& verb, Arguments& a) {
  check_common(a.common);
  require_argument(a.first, "DATA.csv, or MODEL DATA.csv,", verb);
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
  Verb& verb = line.add("backtest", "Forecast the past and compare with what came, beside naive methods", kExamples);
  verb.sections = {"train", "train.forecast", "backtest"};
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("DATA.csv", a->first, "Table with a time column and one or more value columns; or MODEL");
  verb.flags.add_file("MODEL_DATA", a->second, "After a MODEL: the table to forecast");
  verb.flags.group("Windows");
  verb.flags.add("--windows", a->options.windows, at_least(1), "Times to forecast from, at the end of each series");
  verb.flags.add("--stride", a->options.stride, at_least(0), "Steps between them").zero_means("the horizon");
  add_forecast_flags(verb, a->config);
  verb.flags.add("--time-limit", a->time_limit, kNotNegative, "Seconds to train at most").zero_means("none");
  add_series_flags(verb, a->columns);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
