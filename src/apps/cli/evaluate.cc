#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "apps/cli/report.h"
#include "base/error.h"
#include "model/model_file.h"
#include "tasks/backtest.h"
#include "tasks/text.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman evaluate co2.safetensors data/co2.csv          # the last horizon of each series\n"
    "  elman evaluate readme.safetensors README.md --json   # a text model: nats for each character";

struct Arguments {
  std::string model, data, weights = "f32";
  SeriesOptions columns;
  Common common;
};

void evaluate_forecast(const Arguments& a, ThreadPool& pool) {
  const ForecastModel model = with_weights(ForecastModel::load(a.model), a.weights);
  const SeriesSet data = load_series(a.data, overridden(model.series_options(), a.columns));
  a.common.note(data.summary());
  print_report(backtest(model, data, {.windows = 1}, pool), a.common);
}

// Nats a symbol costs whoever knows nothing but how often each occurs in the very text.
double frequency_nats(const TextCorpus& corpus, size_t first) {
  std::map<uint16_t, size_t> counts;
  for (size_t i = first; i < corpus.tokens.size(); ++i) ++counts[corpus.tokens[i]];
  const double total = static_cast<double>(corpus.tokens.size() - first);
  double nats = 0;
  for (const auto& [symbol, count] : counts)
    nats -= static_cast<double>(count) / total * std::log(static_cast<double>(count) / total);
  return nats;
}

void evaluate_text(const Arguments& a, ThreadPool& pool) {
  const TextModel model = with_weights(TextModel::load(a.model), a.weights);
  const TextCorpus corpus = read_text_corpus(a.data, model.vocabulary());
  const size_t first = model.held_out_start(corpus), symbols = corpus.tokens.size() - first;
  if (first > 0)
    a.common.note(fmt::format(
        "the model was trained on the first {} symbols of this text; evaluated on the {} after them", first, symbols));
  const double nats = model.evaluate(corpus, pool, first), naive = frequency_nats(corpus, first);
  if (a.common.json)
    return print_json({{"metrics", {{"nats_per_char", nats}, {"bits_per_char", nats / std::log(2.0)}}},
                       {"naive", {{"nats_per_char", naive}, {"bits_per_char", naive / std::log(2.0)}}},
                       {"symbols", symbols}});
  print(fmt::format("{} symbols: {} nats per character ({} bits); {} by the frequency of characters alone\n", symbols,
                    brief(nats), brief(nats / std::log(2.0)), brief(naive)));
}

void run(const Verb& verb, const Arguments& a) {
  begin(a.common);
  require_argument(!a.model.empty(), "MODEL", verb);
  require_argument(!a.data.empty(), "DATA", verb);
  const std::string task = load_model(a.model).task;
  ThreadPool pool(a.common.threads);
  if (task == "forecast") return evaluate_forecast(a, pool);
  if (task == "text") return evaluate_text(a, pool);
  fail(ErrorCode::kModel, "{}: a model of the task '{}', which this version cannot evaluate", a.model, task);
}

}  // namespace

void add_evaluate(CommandLine& line) {
  Verb& verb = line.add("evaluate", "Say how good a model is on given data, beside simple methods", kExamples);
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("MODEL", a->model, "File written by 'elman train'");
  verb.flags.add_file("DATA", a->data, "Table or text, as the model's task needs");
  add_series_flags(verb, a->columns);
  verb.flags.group("Model");
  add_weights_flag(verb.flags, a->weights);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
