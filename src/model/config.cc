#include "model/config.h"

#include <array>

#include "base/error.h"
#include "base/fields.h"

namespace elman {
namespace {

using nlohmann::json;

// Each layer's kind and fields, once, for writing and reading.
template <class Config>
struct Fields;

template <>
struct Fields<Recurrent> {
  static constexpr const char* kKind = "recurrent";
  static constexpr auto kList = std::make_tuple(
      std::pair{"cell", &Recurrent::cell}, std::pair{"hidden_size", &Recurrent::hidden_size},
      std::pair{"num_layers", &Recurrent::num_layers}, std::pair{"bidirectional", &Recurrent::bidirectional},
      std::pair{"dropout", &Recurrent::dropout}, std::pair{"layer_norm", &Recurrent::layer_norm},
      std::pair{"residual", &Recurrent::residual},
      std::pair{"learned_initial_state", &Recurrent::learned_initial_state}, std::pair{"name", &Recurrent::name});
};

template <>
struct Fields<Linear> {
  static constexpr const char* kKind = "linear";
  static constexpr auto kList =
      std::make_tuple(std::pair{"output_size", &Linear::output_size}, std::pair{"zero_start", &Linear::zero_start},
                      std::pair{"name", &Linear::name});
};

template <>
struct Fields<Embedding> {
  static constexpr const char* kKind = "embedding";
  static constexpr auto kList =
      std::make_tuple(std::pair{"symbols", &Embedding::symbols}, std::pair{"output_size", &Embedding::output_size},
                      std::pair{"name", &Embedding::name});
};

template <>
struct Fields<Dropout> {
  static constexpr const char* kKind = "dropout";
  static constexpr auto kList = std::make_tuple(std::pair{"rate", &Dropout::rate});
};

template <>
struct Fields<LayerNorm> {
  static constexpr const char* kKind = "layer_norm";
  static constexpr auto kList = std::make_tuple(std::pair{"name", &LayerNorm::name});
};

template <>
struct Fields<LastStep> {
  static constexpr const char* kKind = "last_step";
  static constexpr auto kList = std::make_tuple(std::pair{"bidirectional", &LastStep::bidirectional});
};

template <>
struct Fields<Decode> {
  static constexpr const char* kKind = "decode";
  static constexpr auto kList =
      std::make_tuple(std::pair{"cell", &Decode::cell}, std::pair{"steps", &Decode::steps},
                      std::pair{"position_size", &Decode::position_size}, std::pair{"features", &Decode::features},
                      std::pair{"name", &Decode::name});
};

template <>
struct Fields<Rollout> {
  static constexpr const char* kKind = "rollout";
  static constexpr auto kList =
      std::make_tuple(std::pair{"steps", &Rollout::steps}, std::pair{"features", &Rollout::features},
                      std::pair{"value", &Rollout::value}, std::pair{"lags", &Rollout::lags},
                      std::pair{"feedback", &Rollout::feedback}, std::pair{"positive", &Rollout::positive});
};

template <>
struct Fields<Crop> {
  static constexpr const char* kKind = "crop";
  static constexpr auto kList = std::make_tuple(std::pair{"first", &Crop::first}, std::pair{"count", &Crop::count},
                                                std::pair{"features", &Crop::features});
};

template <>
struct Fields<Flatten> {
  static constexpr const char* kKind = "flatten";
  static constexpr auto kList = std::make_tuple(std::pair{"steps", &Flatten::steps});
};

json layers_to_json(const std::vector<LayerConfig>& layers);
std::vector<LayerConfig> layers_from_json(const json& list, size_t depth);

constexpr size_t kMaxDepth = 16;  // of layers within layers: no file may exhaust the stack

void check_keys(const json& in, size_t known, const char* what) {
  if (in.size() != known) fail(ErrorCode::kModel, "'{}' has unknown keys; it was written by a newer version", what);
}

template <class Config>
json write(const Config& config) {
  json out = write_fields(config, Fields<Config>::kList);
  out["kind"] = Fields<Config>::kKind;
  return out;
}

template <class Config>
requires requires(const Config& config) { config.reader; }
json write(const Config& config) {
  json out = write_fields(config, Fields<Config>::kList);
  out["kind"] = Fields<Config>::kKind;
  out["reader"] = layers_to_json(config.reader);
  return out;
}

json write(const Sum& sum) {
  json branches = json::array();
  for (const auto& branch : sum.branches) branches.push_back(layers_to_json(branch));
  return {{"kind", "sum"}, {"branches", branches}, {"weights", sum.weights}};
}

json layers_to_json(const std::vector<LayerConfig>& layers) {
  json list = json::array();
  for (const LayerConfig& layer : layers)
    list.push_back(std::visit([](const auto& config) { return write(config); }, layer));
  return list;
}

// Its fields; `others` are keys that the caller reads, the kind among them.
template <class Config>
Config read_plain(const json& in, size_t others) {
  Config config;
  read_fields(in, config, Fields<Config>::kList);
  check_keys(in, std::tuple_size_v<decltype(Fields<Config>::kList)> + others, Fields<Config>::kKind);
  return config;
}

template <class Config>
LayerConfig read(const json& in, size_t) {
  return read_plain<Config>(in, 1);
}

void check_depth(size_t depth) {
  if (depth == kMaxDepth) fail(ErrorCode::kModel, "more than {} layers within each other", kMaxDepth);
}

template <class Config>
LayerConfig read_with_reader(const json& in, size_t depth) {
  check_depth(depth);
  std::vector<LayerConfig> reader = layers_from_json(in.at("reader"), depth + 1);
  Config config = read_plain<Config>(in, 2);
  config.reader = std::move(reader);
  return config;
}

LayerConfig read_sum(const json& in, size_t depth) {
  check_depth(depth);
  Sum sum;
  for (const json& branch : in.at("branches")) sum.branches.push_back(layers_from_json(branch, depth + 1));
  in.at("weights").get_to(sum.weights);
  check_keys(in, 3, "sum");
  if (sum.branches.empty()) fail(ErrorCode::kModel, "layer of kind 'sum' has no branches");
  return sum;
}

LayerConfig read_layer(const json& in, size_t depth) {
  using Reader = std::pair<const char*, LayerConfig (*)(const json&, size_t)>;
  static constexpr std::array kReaders = {Reader{Fields<Recurrent>::kKind, read<Recurrent>},
                                          Reader{Fields<Linear>::kKind, read<Linear>},
                                          Reader{Fields<Embedding>::kKind, read<Embedding>},
                                          Reader{Fields<Dropout>::kKind, read<Dropout>},
                                          Reader{Fields<LayerNorm>::kKind, read<LayerNorm>},
                                          Reader{Fields<LastStep>::kKind, read<LastStep>},
                                          Reader{Fields<Flatten>::kKind, read<Flatten>},
                                          Reader{Fields<Crop>::kKind, read<Crop>},
                                          Reader{Fields<Decode>::kKind, read_with_reader<Decode>},
                                          Reader{Fields<Rollout>::kKind, read_with_reader<Rollout>},
                                          Reader{"sum", read_sum}};
  const std::string kind = in.at("kind");
  for (const auto& [name, reader] : kReaders)
    if (kind == name) return reader(in, depth);
  fail(ErrorCode::kModel, "unknown layer kind '{}'; the model was written by a newer version", kind);
}

std::vector<LayerConfig> layers_from_json(const json& list, size_t depth) {
  std::vector<LayerConfig> layers;
  for (const json& layer : list) layers.push_back(read_layer(layer, depth));
  return layers;
}

}  // namespace

json to_json(const NetworkConfig& config) {
  return {{"input_size", config.input_size}, {"layers", layers_to_json(config.layers)}};
}

NetworkConfig network_from_json(const json& in) {
  try {
    NetworkConfig config{in.at("input_size").get<size_t>(), layers_from_json(in.at("layers"), 0)};
    check_keys(in, 2, "network");
    return config;
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "the network's description is damaged: {}", e.what());
  }
}

}  // namespace elman
