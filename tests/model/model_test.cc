// The library as its users see it.
#include <elman/elman.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/targets.h"
#include "cells/cell.h"
#include "data/expect_error.h"
#include "tensor/bfloat16.h"

namespace elman {
namespace {

NetworkConfig network(const std::string& cell = "lstm") {
  return {2, {Recurrent{.cell = cell, .hidden_size = 6, .num_layers = 2, .dropout = 0.2}, Linear{.output_size = 3}}};
}

std::vector<float> wave(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = std::sin(0.7f * static_cast<float>(i));
  return values;
}

TEST(Model, AStreamIsTheForwardPassBitForBit) {
  for (const Cell* cell : cells()) {
    SCOPED_TRACE(cell->spec.name);
    const Model model(network(std::string(cell->spec.name)));
    const std::vector<float> x = wave(40);
    const std::vector<float> whole = model.forward({.values = x, .steps = 20});
    Stream stream = model.stream();
    std::vector<float> streamed(60);
    for (size_t t = 0; t < 20; ++t) stream.step(&x[2 * t], &streamed[3 * t]);
    EXPECT_EQ(streamed, whole);

    stream.reset();
    std::vector<float> again(3);
    stream.step(x.data(), again.data());
    EXPECT_TRUE(std::equal(again.begin(), again.end(), whole.begin()));
  }
}

// Sizes below, at and beyond a vector and a group of vectors; heads of one output, of some and of many.
void expect_streams_are_forward_passes() {
  for (const Cell* cell : cells())
    for (const size_t hidden : {1, 5, 8, 16, 20, 33, 40, 64, 100})
      for (const size_t outputs : {1, 6, 17}) {
        SCOPED_TRACE(fmt::format("{}, {} units, {} outputs", cell->spec.name, hidden, outputs));
        const Model model(
            {2,
             {Recurrent{.cell = std::string(cell->spec.name), .hidden_size = hidden}, Linear{.output_size = outputs}}});
        const std::vector<float> x = wave(14), whole = model.forward({.values = x, .steps = 7});
        Stream stream = model.stream();
        std::vector<float> streamed(whole.size());
        for (size_t t = 0; t < 7; ++t) stream.step(&x[2 * t], &streamed[t * outputs]);
        EXPECT_EQ(streamed, whole);
      }
}

TEST(Model, StreamsOfAllSizesAreForwardPasses) {
  expect_streams_are_forward_passes();  // each size by the set that suits it
  for (const InstructionSet& target : supported_targets()) {
    SCOPED_TRACE(target.name);
    const ForcedTarget forced(target);
    expect_streams_are_forward_passes();
  }
}

TEST(Model, ACopiedStreamIsAFork) {
  const Model model(network());
  const std::vector<float> x = wave(10);
  Stream stream = model.stream();
  std::vector<float> y(3), first(3), second(3);
  stream.step(&x[0], y.data());
  Stream fork = stream;
  stream.step(&x[2], first.data());
  stream.step(&x[4], y.data());
  fork.step(&x[2], second.data());
  EXPECT_EQ(first, second);
}

TEST(Model, AssignedAndMovedStreamsGoOnWhereTheOtherWas) {
  const Model model(network());
  const std::vector<float> x = wave(6), whole = model.forward({.values = x, .steps = 3});
  Stream stream = model.stream(), copy = Model(network("gru"), 5).stream(), moved = model.stream();
  std::vector<float> y(9);
  stream.step(&x[0], &y[0]);
  copy = stream;
  copy.step(&x[2], &y[3]);
  moved = std::move(copy);
  Stream last(std::move(moved));
  last.step(&x[4], &y[6]);
  EXPECT_EQ(y, whole);
  stream.step(&x[2], y.data());  // not moved on by its copy
  EXPECT_TRUE(std::equal(y.begin(), y.begin() + 3, whole.begin() + 3));
}

TEST(Model, AStreamKeepsItsNetworkAlive) {
  const std::vector<float> x = wave(2);
  std::vector<float> expected, y(3);
  const auto stream_of_a_temporary = [&] {
    const Model model(network());
    expected = model.forward({.values = x});
    return model.stream();
  };
  Stream stream = stream_of_a_temporary();
  stream.step(x.data(), y.data());
  EXPECT_EQ(y, expected);
}

// A stream from before an update goes on with the new weights, as a pass from before would.
TEST(Model, AStreamFollowsAnUpdate) {
  Model model(network("gru"));
  Stream stream = model.stream();
  for (float& value : model.parameters()) value *= 0.5f;
  model.update();
  const std::vector<float> x = wave(12), whole = model.forward({.values = x, .steps = 6});
  std::vector<float> streamed(18);
  for (size_t t = 0; t < 6; ++t) stream.step(&x[2 * t], &streamed[3 * t]);
  EXPECT_EQ(streamed, whole);
}

// Narrowed matrices compute what full ones of the rounded values do: in a pass, and in streams made before and after.
TEST(Model, ANarrowModelIsOneOfRoundedWeights) {
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    for (const Cell* cell : cells()) {
      SCOPED_TRACE(fmt::format("{}, {}", target.name, cell->spec.name));
      const size_t outputs = cell->spec.phases == 1 ? 3 : 40;  // a narrow head and a wide one
      const NetworkConfig config{
          2,
          {Recurrent{.cell = std::string(cell->spec.name), .hidden_size = 70, .num_layers = 2, .layer_norm = true},
           Linear{.output_size = outputs, .name = "head"}}};
      Model narrow(config), rounded(config);
      for (const char* name :
           {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.weight_ih_l1", "rnn.weight_hh_l1", "head.weight"}) {
        const std::span<float> weights = rounded.parameter(name);
        ASSERT_FALSE(weights.empty()) << name;
        for (float& weight : weights) weight = BFloat16::round(weight).value();
      }
      rounded.update();
      Stream before = narrow.stream();
      narrow.narrow();
      Stream after = narrow.stream();
      const std::vector<float> x = wave(40), expected = rounded.forward({.values = x, .steps = 20});
      EXPECT_EQ(narrow.forward({.values = x, .steps = 20}), expected);
      EXPECT_EQ(narrow.forward({.values = x, .steps = 5, .batch = 4}),
                rounded.forward({.values = x, .steps = 5, .batch = 4}));
      for (Stream* stream : {&before, &after}) {
        std::vector<float> streamed(20 * outputs);
        for (size_t t = 0; t < 20; ++t) stream->step(&x[2 * t], &streamed[t * outputs]);
        EXPECT_EQ(streamed, expected);
      }
    }
  }
}

TEST(Model, ANarrowModelOnlyRuns) {
  Model model(network());
  model.narrow();
  model.narrow();
  const std::vector<float> x = wave(2), y = wave(3);
  constexpr std::string_view kAdvice = "load it again";
  expect_error(ErrorCode::kUsage, {kAdvice}, [&] { model.update(); });
  expect_error(ErrorCode::kUsage, {kAdvice}, [&] { model.save("narrow.safetensors"); });
  expect_error(ErrorCode::kUsage, {kAdvice}, [&] { (void)model.copy(); });
  expect_error(ErrorCode::kUsage, {kAdvice}, [&] { model.backward({.values = x}, mse(y, 3)); });
  EXPECT_TRUE(model.parameters().empty());
  EXPECT_TRUE(model.parameter("rnn.weight_ih_l0").empty());
  EXPECT_EQ(model.parameter_count(), Model(network()).parameter_count());
}

TEST(BFloat16, RoundsToTheNearestEven) {
  EXPECT_EQ(BFloat16::round(1.0f).value(), 1.0f);
  EXPECT_EQ(BFloat16::round(1.0f + 0x1p-8f).value(), 1.0f) << "a tie, to even";
  EXPECT_EQ(BFloat16::round(1.0f + 3 * 0x1p-8f).value(), 1.0f + 0x1p-6f) << "a tie, to even";
  EXPECT_EQ(BFloat16::round(-1.0f - 0x1.2p-8f).value(), -1.0f - 0x1p-7f);
  EXPECT_EQ(BFloat16::round(3.4e38f).value(), INFINITY) << "beyond the largest";
  EXPECT_TRUE(std::isnan(BFloat16::round(NAN).value()));
}

TEST(Model, SavedAndLoadedAndCopiedAreTheSame) {
  const TempFolder folder;
  const Model model(network("gru"), 5);
  const std::vector<float> x = wave(24);
  const std::vector<float> y = model.forward({.values = x, .steps = 4, .batch = 3});
  EXPECT_EQ(y.size(), 36u);
  model.save(folder.path() + "/m.safetensors");
  EXPECT_EQ(Model::load(folder.path() + "/m.safetensors").forward({.values = x, .steps = 4, .batch = 3}), y);
  Model copy = model.copy();
  EXPECT_EQ(copy.forward({.values = x, .steps = 4, .batch = 3}), y);
  for (float& value : copy.parameters()) value = 0.0f;
  copy.update();
  EXPECT_EQ(model.forward({.values = x, .steps = 4, .batch = 3}), y);
  EXPECT_NE(Model(network("gru"), 6).forward({.values = x, .steps = 4, .batch = 3}), y);
}

TEST(Model, ParametersByName) {
  Model model(network());
  EXPECT_EQ(model.parameter("rnn.weight_ih_l1").size(), 24u * 6);
  EXPECT_TRUE(model.parameter("rnn.weight").empty());
  for (float& value : model.parameters()) value = 0.0f;
  std::span<float> bias = model.parameter("head.bias");
  std::copy_n(std::begin({1.0f, 2.0f, 3.0f}), 3, bias.begin());
  model.update();
  EXPECT_EQ(model.forward({.values = wave(2)}), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(model.gradients().size(), model.parameters().size());
}

template <class Optimizer>
double loss_after(Optimizer optimizer, int steps) {
  Model model({1, {Recurrent{.cell = "gru", .hidden_size = 8}, Linear{.output_size = 1}}});
  const std::vector<float> values = wave(61);
  const std::span<const float> x(values.data(), 60), y(values.data() + 1, 60);
  double loss = 0.0;
  for (int i = 0; i < steps; ++i) {
    loss = model.backward({.values = x, .steps = 60}, mse(y));
    EXPECT_TRUE(optimizer.step(model));
  }
  return loss;
}

// The wave's variance is 0.5: what a constant leaves.
TEST(Model, EveryOptimizerLearnsAWave) {
  EXPECT_LT(loss_after(Adam{.learning_rate = 0.02}, 150), 0.02);
  EXPECT_LT(loss_after(Sgd{.learning_rate = 0.1, .momentum = 0.9}, 300), 0.02);
  EXPECT_LT(loss_after(RmsProp{.learning_rate = 0.005}, 300), 0.02);
}

TEST(Model, AGradientThatIsNotFiniteLeavesTheWeightsAlone) {
  Model model(network());
  std::vector<float> x = wave(4), y(6);
  x[1] = NAN;
  model.backward({.values = x, .steps = 2}, mse(y, 3));
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  Adam adam;
  EXPECT_FALSE(adam.step(model));
  EXPECT_EQ(std::vector<float>(model.parameters().begin(), model.parameters().end()), before);
}

TEST(Model, WrongSizesAreErrors) {
  Model model(network());
  const std::vector<float> x = wave(12), y(6);
  const std::vector<size_t> unsorted{1, 2}, zero{2, 0}, huge{size_t{1} << 60, 1};
  expect_error(ErrorCode::kUsage, {"12 values", "4 rows of 2"}, [&] { model.forward({.values = x, .steps = 4}); });
  expect_error(ErrorCode::kUsage, {"0 steps"}, [&] { model.forward({.values = {}, .steps = 0}); });
  expect_error(ErrorCode::kUsage, {"12 values"},
               [&] { model.forward({.values = x, .steps = (size_t{1} << 62) + 3, .batch = 4}); });
  expect_error(ErrorCode::kUsage, {"longest first"}, [&] { model.forward({.values = x, .lengths = unsorted}); });
  expect_error(ErrorCode::kUsage, {"at least 1"}, [&] { model.forward({.values = x, .lengths = zero}); });
  expect_error(ErrorCode::kUsage, {"12 values"}, [&] { model.forward({.values = x, .lengths = huge}); });
  expect_error(ErrorCode::kUsage, {"target", "6 values", "6 rows of 3"},
               [&] { model.backward({.values = x, .steps = 6}, mse(y, 3)); });
  expect_error(ErrorCode::kUsage, {"future"}, [] {
    (void)Model({1, {Recurrent{.hidden_size = 2, .bidirectional = true}}}).stream();
  });
}

}  // namespace
}  // namespace elman
