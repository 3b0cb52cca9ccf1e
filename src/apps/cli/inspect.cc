#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "base/error.h"
#include "model/config.h"
#include "model/model_file.h"
#include "tasks/forecast.h"
#include "tasks/text.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman inspect co2.safetensors          # after 'elman train forecast data/co2.csv …'\n"
    "  elman inspect co2.safetensors --json";

struct Arguments {
  std::string model;
  Common common;
};

std::string field_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// A layer in words, from its description: any kind, those to come included.
std::string layer_text(const nlohmann::json& layer, const std::string& indent);

std::string list_text(const std::string& heading, const nlohmann::json& layers, const std::string& indent) {
  std::string text = indent + heading + "\n";
  for (const auto& layer : layers) text += layer_text(layer, indent + "  ");
  return text;
}

std::string layer_text(const nlohmann::json& layer, const std::string& indent) {
  std::string text = indent + layer.at("kind").get<std::string>();
  std::string nested;
  for (const auto& [key, value] : layer.items()) {
    if (key == "kind") continue;
    if (key == "branches") {
      for (const auto& branch : value) nested += list_text("branch", branch, indent + "  ");
    } else if (key == "reader") {
      nested += list_text("reader", value, indent + "  ");
    } else if (!(value.is_boolean() && !value.get<bool>())) {
      text += fmt::format("  {} {}", key, field_text(value));
    }
  }
  return text + "\n" + nested;
}

std::string shape_text(const std::vector<size_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string architecture_text(const Network<float>& network) {
  std::string text = fmt::format("\nNetwork: {} features in, {} out\n", network.input_size(), network.output_size());
  const nlohmann::json description = to_json(network.config());
  for (const auto& layer : description.at("layers")) text += layer_text(layer, "  ");
  text += fmt::format("\n{} parameters\n", network.parameter_count());
  for (const Parameter& p : network.parameters().list())
    text += fmt::format("  {:<28} {:>14} {:>10}\n", p.name, shape_text(p.shape), p.size());
  return text;
}

std::string settings_text(const nlohmann::json& settings) {
  std::string text = "\nSettings\n";
  for (const auto& [key, value] : settings.items()) text += fmt::format("  {:<20} {}\n", key, field_text(value));
  return text;
}

std::string training_text(const TrainRecord& r) {
  if (r.steps == 0) return fmt::format("\nTraining: none, loss over the past {}\n", brief(r.valid_loss));
  std::string text = fmt::format("\nTraining: {}, {} steps{}\n  train loss {}, valid loss {}, best at step {}\n",
                                 counted(r.epochs, "epoch"), r.steps, r.stopped_early ? ", stopped early" : "",
                                 brief(r.train_loss), brief(r.valid_loss), r.best_step);
  if (r.skipped_steps > 0) text += fmt::format("  {} steps skipped, {} rollbacks\n", r.skipped_steps, r.rollbacks);
  return text;
}

// What the model learned from, and what was chosen by it.
std::vector<std::string> data_lines(const std::string& path, const std::string& task) {
  if (task == "forecast") {
    const ForecastModel model = ForecastModel::load(path);
    std::vector<std::string> lines = explain(model.config(), model.context());
    lines.insert(lines.begin(),
                 fmt::format("trained on {} series of {}", model.context().series.size(), model.context().path));
    return lines;
  }
  if (task == "text") {
    const TextModel model = TextModel::load(path);
    const bool bytes = model.vocabulary().mode() == Vocabulary::Mode::kBytes;
    return {fmt::format("reads and writes {} {}", model.vocabulary().size(), bytes ? "bytes" : "characters")};
  }
  return {};
}

Json to_json(const Arguments& a, const ModelFile& file, uintmax_t bytes) {
  Json parameters = Json::array();
  for (const Parameter& p : file.network->parameters().list())
    parameters.push_back({{"name", p.name}, {"shape", p.shape}});
  return {{"model", a.model},
          {"task", file.task},
          {"version", file.version},
          {"bytes", bytes},
          {"parameters", file.network->parameter_count()},
          {"tensors", parameters},
          {"network", elman::to_json(file.network->config())},
          {"config", file.task_data.value("config", nlohmann::json::object())},
          {"record", file.record}};
}

void run(const Verb& verb, const Arguments& a) {
  begin(a.common);
  require_argument(!a.model.empty(), "MODEL", verb);
  const ModelFile file = load_model(a.model);
  const uintmax_t bytes = std::filesystem::file_size(a.model);
  if (a.common.json) return print_json(to_json(a, file, bytes));
  std::string text = fmt::format("{}: a model of the task '{}', {} bytes, written by elman {}\n", a.model, file.task,
                                 bytes, file.version);
  for (const std::string& line : data_lines(a.model, file.task)) text += "  " + line + "\n";
  text += architecture_text(*file.network);
  text += settings_text(file.task_data.value("config", nlohmann::json::object()));
  if (!file.record.empty()) text += training_text(train_record_from_json(file.record));
  print(text);
}

}  // namespace

void add_inspect(CommandLine& line) {
  Verb& verb = line.add("inspect", "Show what is in a model file", kExamples);
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("MODEL", a->model, "File written by 'elman train'");
  verb.flags.group("General");
  verb.flags.add("--json", a->common.json, "Print one JSON object instead of text").flag_only();
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
