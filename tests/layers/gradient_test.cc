// The gradients of the layers without recurrence and of their combinations, in double, against central differences.
#include <gtest/gtest.h>

#include "layers/bidirectional.h"
#include "layers/containers.h"
#include "layers/decode.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/recurrent.h"
#include "layers/shape.h"
#include "support/gradient_check.h"

namespace elman {
namespace {

using D = double;

Steps packed() {
  const std::vector<size_t> lengths{5, 3, 3, 1};
  return Steps::packed(lengths);
}

void check(Layer<D>& layer, Parameters<D>& parameters, size_t input_size, const Steps& steps = packed(),
           std::optional<Random> dropout = {}) {
  parameters.allocate();
  randomize(parameters);
  check_gradients({layer, parameters},
                  {steps, random_tensor<D>(steps.rows(), input_size, 1), Start::kInitial, true, dropout});
}

RecurrentOptions lstm(size_t input_size, size_t hidden_size, const std::string& prefix) {
  return {.cell = &find_cell("lstm"), .input_size = input_size, .hidden_size = hidden_size, .prefix = prefix};
}

TEST(LayerGradient, Linear) {
  Parameters<D> parameters;
  LinearLayer<D> layer(0, {3, 5, false, ""}, parameters);
  check(layer, parameters, 3);
}

TEST(LayerGradient, Embedding) {
  Parameters<D> parameters;
  EmbeddingLayer<D> layer(0, 7, 5, "", parameters);
  parameters.allocate();
  randomize(parameters);
  const Steps steps = packed();
  Tensor<D> symbols(steps.rows(), 1);
  for (size_t r = 0; r < symbols.rows(); ++r) symbols(r, 0) = static_cast<D>((3 * r + 1) % 7);
  check_gradients({layer, parameters}, {steps, std::move(symbols), Start::kInitial, false});
}

TEST(LayerGradient, Dropout) {
  Parameters<D> parameters;
  DropoutLayer<D> layer(0, 6, 0.4);
  check(layer, parameters, 6, packed(), Random(1, 2));
}

TEST(LayerGradient, LayerNorm) {
  Parameters<D> parameters;
  LayerNormLayer<D> layer(0, 6, "", parameters);
  check(layer, parameters, 6);
}

TEST(LayerGradient, LastStep) {
  Parameters<D> parameters;
  LastStepLayer<D> layer(0, 6, false);
  check(layer, parameters, 6);
}

TEST(LayerGradient, LastStepOfBothDirections) {
  Parameters<D> parameters;
  LastStepLayer<D> layer(0, 6, true);
  check(layer, parameters, 6);
}

TEST(LayerGradient, Flatten) {
  Parameters<D> parameters;
  for (const size_t size : {3, 12}) {  // a few numbers and more are copied in different ways
    FlattenLayer<D> layer(0, 4, size);
    check(layer, parameters, size, Steps(4, 2));
  }
}

TEST(LayerGradient, Crop) {
  Parameters<D> parameters;
  CropLayer<D> layer(0, 1, 2, 4, 6);
  check(layer, parameters, 6, Steps(4, 3));
}

// A reader of three steps, four written, of whose rows two features are known.
TEST(LayerGradient, Decode) {
  for (const Cell* cell : cells()) {
    SCOPED_TRACE(cell->spec.name);
    Parameters<D> parameters;
    std::vector<LayerPtr<D>> reader;
    reader.push_back(std::make_unique<RecurrentLayer<D>>(1, lstm(3, 6, "a."), parameters));
    reader.push_back(std::make_unique<LastStepLayer<D>>(2, 6, false));
    DecodeLayer<D> layer(3, {cell, 3, 4, 5, 2, "decoder."},
                         std::make_unique<SequentialLayer<D>>(0, 3, std::move(reader)), parameters);
    check(layer, parameters, 3, Steps(7, 5));
  }
}

TEST(LayerGradient, Sequential) {
  Parameters<D> parameters;
  std::vector<LayerPtr<D>> layers;
  layers.push_back(std::make_unique<RecurrentLayer<D>>(1, lstm(3, 5, "a."), parameters));
  layers.push_back(std::make_unique<DropoutLayer<D>>(2, 5, 0.3));
  layers.push_back(std::make_unique<BidirectionalLayer<D>>(3, lstm(5, 4, "b."), parameters));
  layers.push_back(std::make_unique<LastStepLayer<D>>(6, 8, true));
  layers.push_back(std::make_unique<LinearLayer<D>>(7, LinearOptions{8, 2, false, "c."}, parameters));
  SequentialLayer<D> layer(0, 3, std::move(layers));
  check(layer, parameters, 3, packed(), Random(3, 4));
}

TEST(LayerGradient, SequentialOfNothingIsTheIdentity) {
  Parameters<D> parameters;
  SequentialLayer<D> layer(0, 3, {});
  check(layer, parameters, 3);
}

TEST(LayerGradient, Sum) {
  Parameters<D> parameters;
  std::vector<LayerPtr<D>> branches;
  branches.push_back(std::make_unique<SequentialLayer<D>>(1, 4, std::vector<LayerPtr<D>>{}));
  branches.push_back(std::make_unique<DropoutLayer<D>>(2, 4, 0.5));  // overwrites the gradient it is given
  branches.push_back(std::make_unique<RecurrentLayer<D>>(3, lstm(4, 4, "a."), parameters));
  branches.push_back(std::make_unique<LinearLayer<D>>(4, LinearOptions{4, 4, false, "b."}, parameters));
  SumLayer<D> layer(0, 4, std::move(branches), std::vector<double>{1, 0.5, -2, 3});
  check(layer, parameters, 4, packed(), Random(5, 6));
}

}  // namespace
}  // namespace elman
