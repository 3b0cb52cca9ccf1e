#include "apps/cli/common.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "kernels/targets.h"
#include "apps/cli/console.h"
#include "base/error.h"
#include "cells/cell.h"
#include "elman/schedule.h"
#include "io/atomic_file.h"
#include "model/model_file.h"
#include "optim/optimizer.h"
#include "tasks/forecast_family.h"
#include "tasks/forecast_head.h"

namespace elman::cli {
namespace {

template <class Entries, class NameOf>
std::string names_of(const Entries& entries, NameOf name_of) {
  std::vector<std::string_view> names;
  for (const auto& entry : entries) names.push_back(std::invoke(name_of, entry));
  return fmt::format("{}", fmt::join(names, ", "));
}

// Each with what it means.
std::string model_texts() {
  std::vector<std::string> texts;
  for (const ForecastFamily& family : forecast_families())
    texts.push_back(fmt::format("{} {}", family.name, family.meaning));
  return fmt::format("{}", fmt::join(texts, "; "));
}

// The part of a network and its training that all tasks share.
template <class Config>
void add_network_flags(Flags& flags, Config& config, double fewest_layers) {
  flags.group("Network");
  flags
      .add("--cell", config.cell, "NAME",
           "Recurrent cell: " + names_of(cells(), [](const Cell* cell) { return cell->spec.name; }))
      .check([](std::string_view name) { find_cell(name); });
  Setting& size = flags.add("--hidden-size", config.hidden_size, layer_size(1), "Units of each recurrent layer");
  if (config.hidden_size == 0) size.zero_means("by the data");
  flags.add("--num-layers", config.num_layers, at_least(fewest_layers),
            fewest_layers == 0 ? "Recurrent layers; 0: a linear map alone" : "Recurrent layers");
  flags.add("--dropout", config.dropout, kFraction, "Share of activations dropped in training");
}

template <class Config>
void add_training_flags(Flags& flags, Config& config) {
  flags.group("Training");
  flags.add("--epochs", config.epochs, at_least(0), "Passes over the data at most").zero_means("by the data");
  flags.add("--batch-size", config.batch_size, at_least(0), "Sequences for each update").zero_means("by the data");
  Setting& rate =
      flags.add("--learning-rate", config.learning_rate, above(0), "Step size of the optimiser at its highest");
  if (config.learning_rate == 0) rate.zero_means("by the data");
  flags.add("--weight-decay", config.weight_decay, kNotNegative, "Pull of the weights towards 0");
  flags.add("--clip", config.clip_norm, kNotNegative, "Largest norm of the gradient; 0: any");
  flags.add("--patience", config.patience, at_least(0), "Validations without a new best before stopping; 0: never");
  flags.add("--seed", config.seed, kSeed, "Start of all random numbers");
}

}  // namespace

void Common::note(const std::string& line) const {
  if (!quiet) say(line);
}

void add_common(CommandLine& line, Verb& verb, Common& common) {
  verb.flags.group("General");
  verb.flags.add("--threads", common.threads, kThreads, "Threads; results do not depend on them")
      .zero_means("one for each core");
  add_instruction_set_flag(verb.flags, common.instruction_set);
  line.add_config_flag(verb);
  verb.flags.add("--json", common.json, "Print one JSON object instead of text").flag_only();
  verb.flags.add("-q,--quiet", common.quiet, "Say nothing but results and errors").flag_only();
  verb.flags.add("-v,--verbose", common.verbose, "Say more").flag_only();
}

void begin(const Common& common) {
  if (common.quiet && common.verbose) fail(ErrorCode::kUsage, "--quiet and --verbose contradict each other; keep one");
  use_instruction_set(common.instruction_set);
}

void add_instruction_set_flag(Flags& flags, std::string& name) {
  flags.add("--instruction-set", name, "NAME", "Kernels to run, such as AVX2; results do not depend on it")
      .zero_means("the fastest")
      .check([](std::string_view set) {
        if (!set.empty()) find_target(set);
      });
}

void use_instruction_set(const std::string& name) {
  static std::optional<ForcedTarget> forced;
  if (!name.empty()) forced.emplace(find_target(name));
}

void add_weights_flag(Flags& flags, std::string& weights) {
  flags.add("--weights", weights, "KIND", "f32, or bf16: rounded to 8 bits of precision, in half the memory and less")
      .check([](std::string_view kind) {
        if (kind != "f32" && kind != "bf16") fail(ErrorCode::kUsage, "no weights '{}'; weights: f32, bf16", kind);
      });
}

void add_series_flags(Verb& verb, SeriesOptions& options) {
  verb.flags.group("Columns");
  verb.flags.add("--target", options.target, "COLUMN", "Values to forecast").zero_means("found by itself");
  verb.flags.add("--time", options.time, "COLUMN", "Times").zero_means("found by itself");
  verb.flags.add("--id", options.id, "COLUMN", "Which series a row belongs to").zero_means("found by itself");
}

SeriesOptions overridden(SeriesOptions options, const SeriesOptions& by_user) {
  if (!by_user.target.empty()) options.target = by_user.target;
  if (!by_user.time.empty()) options.time = by_user.time;
  if (!by_user.id.empty()) options.id = by_user.id;
  return options;
}

void add_forecast_flags(Verb& verb, ForecastConfig& config) {
  Flags& flags = verb.flags;
  flags.group("Forecast");
  flags.add("--horizon", config.horizon, at_least(1), "Steps to forecast").zero_means("required");
  flags.add("--model", config.model, "NAME", "Kind of network: " + model_texts()).check([](std::string_view name) {
    find_family(name);
  });
  flags.add("--quantiles", config.quantiles, kLevel, "Levels to forecast, 0.5 among them");
  flags
      .add("--head", config.head, "NAME",
           "What is forecast for each step: " + names_of(forecast_heads(), &HeadEntry::name))
      .zero_means("by the model; negative_binomial for small counts, many of them 0")
      .check([](std::string_view name) { find_head(name); });
  flags.add("--season", config.season, at_least(0), "Steps of the season").zero_means("by the calendar, or detected");
  flags.add("--look-back", config.look_back, at_least(0), "Values read before each forecast")
      .zero_means("by the season; Theta then reads ten of few series, 104 of days");
  flags.add("--segment", config.segment, at_least(0), "Values read at each recurrent step").zero_means("by the model");
  CovariateColumns& columns = config.covariates;
  flags.add("--past", columns.past, "COLUMNS", "Covariates known up to the forecast, such as temperature,pressure")
      .zero_means("none");
  flags.add("--future", columns.future, "COLUMNS", "Covariates known ahead, such as price,holiday").zero_means("none");
  flags.add("--static", columns.fixed, "COLUMNS", "Covariates that tell series apart, such as region")
      .zero_means("none");
  flags
      .add("--base", config.bases, "NAMES",
           fmt::format("What forecasts correct, one or the mean of: {}", fmt::join(base_names(), ", ")))
      .zero_means("what proves best on held-out values")
      .check([](std::string_view list) {
        std::vector<std::string> names;
        parse_value(list, names);
        for (const std::string& name : names) find_base(name);
      });
  add_network_flags(flags, config, 0);
  add_training_flags(flags, config);
  flags.add("--batches-per-epoch", config.batches_per_epoch, at_least(0), "Updates between validations")
      .zero_means("by the data");
  flags
      .add("--validation-share", config.validation_share, at_least(0.0),
           "Share of each series held out first, and a horizon for each tenth")
      .zero_means("0.2 of few short series, else 0.1");
  flags.add("--refit", config.refit, "Keep the first training; do not train again on all data");
  flags
      .add("--ensemble", config.ensemble, at_least(0),
           "Networks trained again from different seeds; their mean forecasts")
      .zero_means("8 of few long series, 4 where a measure is known ahead, else 3");
  flags.add("--blend", config.blend,
            "Forecast by the network alone, without a share of Theta's forecast or of a ridge regression's");
  flags.add("--conformal", config.conformal, "Leave intervals as the network draws them");
}

void add_text_flags(Verb& verb, TextConfig& config) {
  Flags& flags = verb.flags;
  add_network_flags(flags, config, 1);
  flags.add("--embedding-size", config.embedding_size, layer_size(0), "Features of each symbol")
      .zero_means("by the data");
  add_training_flags(flags, config);
  flags
      .add("--optimizer", config.optimizer, "NAME",
           "How gradients become updates: " + names_of(optimizers(), &OptimizerEntry::name) +
               "; defaults suit adamw: all others want --weight-decay 0, sgd a larger --learning-rate too")
      .check([](std::string_view name) { find_optimizer(name); });
  flags
      .add(
          "--schedule", config.schedule, "NAME",
          "Learning rate after a warm-up: constant; cosine, to a hundredth; step, a tenth after each third of the run; "
          "plateau, half when validation stalls")
      .check([](std::string_view name) { find_schedule(name); });
  flags.add("--clip-value", config.clip_value, kNotNegative,
            "Largest element of the gradient, limited before its norm; 0: any");
  flags.add("--bptt", config.bptt, at_least(1), "Symbols between updates, and how far back gradients travel");
  flags.add("--carry-state", config.carry_state, "Start every chunk of symbols from a state of zeros");
  flags.add("--valid-fraction", config.valid_fraction, kLevel, "End of the text that validates and never trains");
  flags.add("--validate-every", config.validate_every, at_least(0), "Updates between validations")
      .zero_means("by the data");
}

void require_argument(bool given, std::string_view what, const Verb& verb) {
  if (!given) fail(ErrorCode::kUsage, "{} is missing; see 'elman {} --help'", what, verb.path);
}

void check_output(const std::string& output, const std::string& input) {
  if (output.empty()) return;
  std::error_code ignored;
  if (!input.empty() && (output == input || std::filesystem::equivalent(output, input, ignored)))
    fail(ErrorCode::kUsage, "the output {} is the input itself; choose another file", output);
  check_writable(output);
}

void check_distinct(const std::vector<std::pair<std::string_view, std::string>>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (!outputs[i].second.empty() && outputs[i].second == outputs[k].second)
        fail(ErrorCode::kUsage, "{} and {} are both {}; choose two files", outputs[k].first, outputs[i].first,
             outputs[i].second);
}

void check_task(const std::string& model, const std::string& expected) {
  const std::string task = load_model(model).task;
  if (task == expected) return;
  const std::string use = task == "text"       ? fmt::format("elman sample {}", model)
                          : task == "forecast" ? fmt::format("elman forecast {}", model)
                                               : fmt::format("elman inspect {}", model);
  fail(ErrorCode::kModel, "{}: a model of the task '{}', expected '{}'; try '{}'", model, task, expected, use);
}

bool is_model_file(const std::string& path) {
  std::array<char, 9> start{};  // 8 bytes of length, far below 2^56, then JSON
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return start[7] == '\0' && start[8] == '{';
}

}  // namespace elman::cli
