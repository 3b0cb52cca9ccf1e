#include "model/builder.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "cells/cell.h"
#include "layers/bidirectional.h"
#include "layers/containers.h"
#include "layers/decode.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/recurrent.h"
#include "layers/rollout.h"
#include "layers/shape.h"

namespace elman {
namespace {

constexpr size_t kMaxSize = 1 << 24;  // of any one dimension: products of two fit easily
constexpr size_t kMaxLayers = 1024;   // containers included
// Of an embedding that becomes part of the layer after it, which multiplies all symbols' vectors at each packing.
constexpr size_t kMaxTableSymbols = 512;

void check_size(const std::string& name, const char* field, size_t value) {
  if (value == 0) fail(ErrorCode::kUsage, "layer '{}': {} is 0, expected at least 1", name, field);
  if (value > kMaxSize)
    fail(ErrorCode::kLimit, "layer '{}': {} is {}, expected at most {}", name, field, value, kMaxSize);
}

void check_rate(const std::string& name, double rate) {
  if (!(rate >= 0 && rate < 1))
    fail(ErrorCode::kUsage, "layer '{}': dropout is {}, expected at least 0 and below 1", name, rate);
}

void check_features(const std::string& name, size_t features, size_t width) {
  if (features > width)
    fail(ErrorCode::kUsage, "layer '{}': features is {}, expected at most the {} it reads", name, features, width);
}

// The recurrent layer that alone reads what the first of `layers` writes, if that is an embedding of few symbols.
const Recurrent* reader_of_symbols(std::span<const LayerConfig> layers) {
  const auto* embedding = std::get_if<Embedding>(&layers[0]);
  const auto* reader = layers.size() > 1 ? std::get_if<Recurrent>(&layers[1]) : nullptr;
  if (!embedding || !reader || embedding->symbols > kMaxTableSymbols) return nullptr;
  const bool adds_its_input =
      reader->residual && reader->hidden_size * (reader->bidirectional ? 2 : 1) == embedding->output_size;
  return adds_its_input ? nullptr : reader;
}

// Turns descriptions into layers, counting ids and following the width of the features.
template <class T>
class Builder {
 public:
  explicit Builder(Parameters<T>& parameters) : parameters_(parameters) {}

  LayerPtr<T> list(const std::vector<LayerConfig>& configs, size_t input_size) {
    const size_t id = next_id();
    std::vector<LayerPtr<T>> layers;
    size_t width = input_size;
    for (size_t i = 0; i < configs.size(); ++i) {
      if (const Recurrent* reader = reader_of_symbols(std::span(configs).subspan(i)))
        add_with_symbols(*reader, std::get<Embedding>(configs[i++]), width, layers);
      else std::visit([&](const auto& c) { add(c, width, layers); }, configs[i]);
      width = layers.back()->output_size();
      if (width > kMaxSize) fail(ErrorCode::kLimit, "a layer writes {} features, expected at most {}", width, kMaxSize);
    }
    return std::make_unique<SequentialLayer<T>>(id, input_size, std::move(layers));
  }

 private:
  using Layers = std::vector<LayerPtr<T>>;
  size_t next_id() {
    if (ids_ >= kMaxLayers) fail(ErrorCode::kLimit, "the network has more than {} layers", kMaxLayers);
    return ids_++;
  }

  void add(const Recurrent& c, size_t width, Layers& layers, std::optional<Symbols> symbols = {}) {
    check_size(c.name, "hidden_size", c.hidden_size);
    check_size(c.name, "num_layers", c.num_layers);
    check_rate(c.name, c.dropout);
    for (size_t k = 0; k < c.num_layers; ++k) {
      if (k > 0 && c.dropout > 0) layers.push_back(std::make_unique<DropoutLayer<T>>(next_id(), width, c.dropout));
      layers.push_back(recurrent(c, k, width, k == 0 ? symbols : std::nullopt));
      width = layers.back()->output_size();
      if (c.layer_norm)
        layers.push_back(
            std::make_unique<LayerNormLayer<T>>(next_id(), width, fmt::format("{}.norm_l{}.", c.name, k), parameters_));
    }
  }

  LayerPtr<T> recurrent(const Recurrent& c, size_t k, size_t width, std::optional<Symbols> symbols) {
    const RecurrentOptions options{.cell = &find_cell(c.cell),
                                   .input_size = width,
                                   .hidden_size = c.hidden_size,
                                   .reverse = false,
                                   .learned_state = c.learned_initial_state,
                                   .symbols = symbols,
                                   .prefix = c.name + ".",
                                   .suffix = fmt::format("_l{}", k)};
    LayerPtr<T> layer;
    if (c.bidirectional) {
      layer = std::make_unique<BidirectionalLayer<T>>(ids_, options, parameters_);
      ids_ += BidirectionalLayer<T>::kIds;
    } else {
      layer = std::make_unique<RecurrentLayer<T>>(next_id(), options, parameters_);
    }
    if (!c.residual || layer->output_size() != width) return layer;
    Layers branches;
    branches.push_back(list({}, width));
    branches.push_back(std::move(layer));
    return std::make_unique<SumLayer<T>>(next_id(), width, std::move(branches), std::vector<T>{1, 1});
  }

  void add(const Linear& c, size_t width, Layers& layers) {
    check_size(c.name, "output_size", c.output_size);
    const LinearOptions options{width, c.output_size, c.zero_start, c.name + "."};
    layers.push_back(std::make_unique<LinearLayer<T>>(next_id(), options, parameters_));
  }

  void check(const Embedding& c, size_t width) {
    check_size(c.name, "symbols", c.symbols);
    check_size(c.name, "output_size", c.output_size);
    if (width != 1)
      fail(ErrorCode::kUsage, "layer '{}': an embedding reads 1 feature, the index; got {}", c.name, width);
  }

  void add(const Embedding& c, size_t width, Layers& layers) {
    check(c, width);
    layers.push_back(
        std::make_unique<EmbeddingLayer<T>>(next_id(), c.symbols, c.output_size, c.name + ".", parameters_));
  }

  // Ids and parameters are those of two layers: what states and files hold does not depend on how they are computed.
  void add_with_symbols(const Recurrent& reader, const Embedding& c, size_t width, Layers& layers) {
    check(c, width);
    const size_t id = next_id(), weight = add_embedding(parameters_, c.name + ".", c.symbols, c.output_size);
    add(reader, c.output_size, layers, Symbols{id, c.symbols, weight});
  }

  void add(const Dropout& c, size_t width, Layers& layers) {
    check_rate("dropout", c.rate);
    layers.push_back(std::make_unique<DropoutLayer<T>>(next_id(), width, c.rate));
  }

  void add(const LayerNorm& c, size_t width, Layers& layers) {
    layers.push_back(std::make_unique<LayerNormLayer<T>>(next_id(), width, c.name + ".", parameters_));
  }

  void add(const LastStep& c, size_t width, Layers& layers) {
    layers.push_back(std::make_unique<LastStepLayer<T>>(next_id(), width, c.bidirectional));
  }

  void add(const Decode& c, size_t width, Layers& layers) {
    check_size(c.name, "steps", c.steps);
    check_size(c.name, "position_size", c.position_size);
    check_features(c.name, c.features, width);
    LayerPtr<T> reader = list(c.reader, width);
    if (c.reader.empty() || reader->output_steps(Steps(2, 1)).steps() != 1)
      fail(ErrorCode::kUsage, "layer '{}': its reader writes every step, expected one; end it with last_step", c.name);
    const DecodeOptions options{&find_cell(c.cell), width, c.steps, c.position_size, c.features, c.name + "."};
    layers.push_back(std::make_unique<DecodeLayer<T>>(ids_, options, std::move(reader), parameters_));
    ids_ += DecodeLayer<T>::kIds;
  }

  void add(const Rollout& c, size_t width, Layers& layers) {
    check_size("rollout", "steps", c.steps);
    check_features("rollout", c.features, width);
    if (c.value < c.features || c.value >= width)
      fail(ErrorCode::kUsage, "layer 'rollout': value is column {}, expected one of {} to {}, known of the past alone",
           c.value, c.features, width - 1);
    for (size_t i = 0, least = 1; i < c.lags.size(); least = c.lags[i++] + 1)
      if (c.lags[i] < least || c.lags[i] > kMaxSize)
        fail(ErrorCode::kUsage, "layer 'rollout': lags are {}, expected them to ascend from 1 or more",
             fmt::join(c.lags, ", "));
    if (c.lags.empty()) fail(ErrorCode::kUsage, "layer 'rollout': no lags, expected at least one");
    LayerPtr<T> reader = list(c.reader, width - 1 + c.lags.size());
    if (c.reader.empty() || reader->needs_future() || reader->output_steps(Steps(2, 1)).steps() != 2)
      fail(ErrorCode::kUsage, "layer 'rollout': its reader must write every step and need no later one");
    if (c.feedback >= reader->output_size())
      fail(ErrorCode::kUsage, "layer 'rollout': feedback is output {}, expected one of the {} its reader writes",
           c.feedback, reader->output_size());
    const RolloutOptions options{width, c.steps, c.features, c.value, c.lags, c.feedback, c.positive};
    layers.push_back(std::make_unique<RolloutLayer<T>>(next_id(), options, std::move(reader)));
  }

  void add(const Crop& c, size_t width, Layers& layers) {
    check_size("crop", "count", c.count);
    if (c.first > kMaxSize)
      fail(ErrorCode::kLimit, "layer 'crop': first is {}, expected at most {}", c.first, kMaxSize);
    check_features("crop", c.features, width);
    layers.push_back(
        std::make_unique<CropLayer<T>>(next_id(), c.first, c.count, c.features ? c.features : width, width));
  }

  void add(const Flatten& c, size_t width, Layers& layers) {
    check_size("flatten", "steps", c.steps);
    layers.push_back(std::make_unique<FlattenLayer<T>>(next_id(), c.steps, width));
  }

  void add(const Sum& c, size_t width, Layers& layers) {
    Layers branches;
    for (const auto& branch : c.branches) {
      branches.push_back(list(branch, width));
      const size_t expected = branches.front()->output_size(), got = branches.back()->output_size();
      if (got != expected)
        fail(ErrorCode::kUsage, "layer 'sum': branch {} writes {} features, expected {} as the first branch",
             branches.size(), got, expected);
    }
    if (branches.empty()) fail(ErrorCode::kUsage, "layer 'sum' has no branches, expected at least one");
    if (!c.weights.empty() && c.weights.size() != branches.size())
      fail(ErrorCode::kUsage, "layer 'sum': {} weights for {} branches, expected one each or none", c.weights.size(),
           branches.size());
    std::vector<T> weights(branches.size(), T{1});
    for (const double w : c.weights)
      if (!std::isfinite(w)) fail(ErrorCode::kUsage, "layer 'sum': weight {}, expected a finite number", w);
    std::transform(c.weights.begin(), c.weights.end(), weights.begin(), [](double w) { return static_cast<T>(w); });
    layers.push_back(std::make_unique<SumLayer<T>>(next_id(), width, std::move(branches), std::move(weights)));
  }

  Parameters<T>& parameters_;
  size_t ids_ = 0;
};

}  // namespace

template <class T>
LayerPtr<T> build_layers(const NetworkConfig& config, Parameters<T>& parameters) {
  check_size("input", "input_size", config.input_size);
  return Builder<T>(parameters).list(config.layers, config.input_size);
}

template LayerPtr<float> build_layers(const NetworkConfig&, Parameters<float>&);
template LayerPtr<double> build_layers(const NetworkConfig&, Parameters<double>&);

}  // namespace elman
