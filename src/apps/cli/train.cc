#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/progress.h"
#include "base/error.h"
#include "tasks/forecast.h"
#include "tasks/split.h"
#include "tasks/text.h"

namespace elman::cli {
namespace {

constexpr const char* kForecastExamples =
    "  elman train forecast data/co2.csv --horizon 24 -o co2.safetensors\n"
    "  elman train forecast data/elnino.csv --horizon 12 --cell lstm --hidden-size 32 --seed 7 -o elnino.safetensors\n"
    "  elman train forecast data/co2.csv --horizon 24 -o co2.safetensors --resume";
constexpr const char* kTextExamples =
    "  elman train text README.md --hidden-size 64 --epochs 5 -o readme.safetensors\n"
    "  elman train text CORPUS.txt --cell lstm --hidden-size 512 --num-layers 2 --bptt 100 -o corpus.safetensors";

// What all trainings share.
struct Arguments {
  std::string data, output;
  bool resume = false;
  double time_limit = 0, memory_limit = 0;
  size_t checkpoint_every = 0;
  Common common;
};

void add_arguments(CommandLine& line, Verb& verb, Arguments& a) {
  verb.flags.group("Run");
  verb.flags.add("-o,--output", a.output, "FILE", "Model file to write").flag_only();
  verb.flags.add("--resume", a.resume, "Go on from the checkpoint of a stopped run, FILE.checkpoint").flag_only();
  verb.flags.add("--time-limit", a.time_limit, kNotNegative, "Seconds to train at most").zero_means("none");
  verb.flags
      .add("--checkpoint-every", a.checkpoint_every, at_least(0),
           "Steps through time between two states that are kept; the way back computes the rest anew, in less memory")
      .zero_means("all is kept");
  verb.flags
      .add("--memory-limit", a.memory_limit, kNotNegative,
           "MiB that passes through time may keep; where they need more, --checkpoint-every is chosen")
      .zero_means("none");
  add_common(line, verb, a.common);
}

void check_arguments(const Verb& verb, const Arguments& a, std::string_view data) {
  begin(a.common);
  require_argument(!a.data.empty(), data, verb);
  require_argument(!a.output.empty(), "-o MODEL.safetensors, the file to write,", verb);
  check_output(a.output, a.data);
}

TrainRun run_of(const Arguments& a, Progress& progress) {
  return {.checkpoint = a.output + ".checkpoint",
          .resume = a.resume,
          .time_limit = a.time_limit,
          .memory = {a.checkpoint_every, static_cast<size_t>(a.memory_limit * 0x1p20)},
          .observer = progress.observer()};
}

void print_result(const Arguments& a, std::string_view task, const TrainRecord& r, uint64_t seed, size_t parameters) {
  if (a.common.json)
    return print_json({{"model", a.output},
                       {"task", task},
                       {"epochs", r.epochs},
                       {"seconds", r.seconds},
                       {"train_loss", r.train_loss},
                       {"valid_loss", r.valid_loss},
                       {"seed", seed},
                       {"steps", r.steps},
                       {"best_step", r.best_step},
                       {"stopped_early", r.stopped_early},
                       {"skipped_steps", r.skipped_steps},
                       {"rollbacks", r.rollbacks},
                       {"parameters", parameters}});
  if (r.steps == 0)
    return print(fmt::format("{}: no network trained, loss over the past {}\n", a.output, brief(r.valid_loss)));
  print(fmt::format("{}: {} parameters, {} in {}, train loss {}, valid loss {} (best at step {} of {})\n", a.output,
                    parameters, counted(r.epochs, "epoch"), duration_text(r.seconds), brief(r.train_loss),
                    brief(r.valid_loss), r.best_step, r.steps));
}

struct ForecastArguments : Arguments {
  SeriesOptions columns;
  ForecastConfig config;
};

void train_forecast(const Verb& verb, ForecastArguments& a) {
  check_arguments(verb, a, "DATA.csv, a table with times and values,");
  require_argument(a.config.horizon > 0, "--horizon N, the number of steps to forecast,", verb);
  a.config.covariates.ask_for(a.columns);
  const SeriesSet data = load_series(a.data, a.columns);
  a.common.note(data.summary());
  ThreadPool pool(a.common.threads);
  const InterruptGuard guard(a.common.quiet);
  std::optional<Progress> progress(a.common);
  const ForecastModel model = ForecastModel::train(data, a.config, pool, run_of(a, *progress));
  progress.reset();
  model.save(a.output);
  print_result(a, "forecast", model.record(), a.config.seed, model.network().parameter_count());
  a.common.note(fmt::format("next: elman forecast {} -o forecast.csv --report forecast.html", a.output));
  if (const size_t windows = windows_with_room(data, model.config(), 5))
    a.common.note(
        fmt::format("      elman backtest {} --horizon {} --windows {}   # how good it is, on what it has not seen",
                    a.data, a.config.horizon, windows));
}

struct TextArguments : Arguments {
  TextConfig config;
};

void train_text(const Verb& verb, const TextArguments& a) {
  check_arguments(verb, a, "CORPUS.txt, the text to learn,");
  const TextCorpus corpus = read_text_corpus(a.data);
  ThreadPool pool(a.common.threads);
  const InterruptGuard guard(a.common.quiet);
  std::optional<Progress> progress(a.common);
  const auto save = [&](const TextModel& model) { model.save(a.output); };
  const TextModel model = TextModel::train(corpus, a.config, pool, run_of(a, *progress), save);
  progress.reset();
  model.save(a.output);
  print_result(a, "text", model.record(), a.config.seed, model.network().parameter_count());
  a.common.note(fmt::format("next: elman sample {0} --length 400\n      elman evaluate {0} {1}", a.output, a.data));
}

}  // namespace

void add_train(CommandLine& line) {
  line.add_family("train", "Train a model");
  {
    Verb& verb = line.add("train forecast", "Train a forecaster on the series of a table", kForecastExamples);
    const auto a = std::make_shared<ForecastArguments>();
    verb.flags.add_file("DATA.csv", a->data, "Table with a time column and one or more value columns");
    add_forecast_flags(verb, a->config);
    add_series_flags(verb, a->columns);
    add_arguments(line, verb, *a);
    verb.run = [a, &verb] { train_forecast(verb, *a); };
  }
  {
    Verb& verb = line.add("train text", "Train a model of a text, character by character", kTextExamples);
    const auto a = std::make_shared<TextArguments>();
    verb.flags.add_file("CORPUS.txt", a->data, "Text to learn");
    add_text_flags(verb, a->config);
    add_arguments(line, verb, *a);
    verb.run = [a, &verb] { train_text(verb, *a); };
  }
}

}  // namespace elman::cli
