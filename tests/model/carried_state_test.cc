// The state that a caller carries from one call of a model to the next.
#include <elman/elman.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "data/expect_error.h"
#include "support/cells.h"

namespace elman {
namespace {

constexpr size_t kInputs = 2, kOutputs = 3, kHidden = 5, kBatch = 3, kSteps = 20;

NetworkConfig network(const std::string& cell, bool learned = false) {
  return {kInputs,
          {Recurrent{.cell = cell, .hidden_size = kHidden, .num_layers = 2, .learned_initial_state = learned},
           Linear{.output_size = kOutputs}}};
}

std::vector<float> random_values(size_t n, uint64_t stream) {
  Random random(5, stream);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
  return values;
}

// Steps [first, last) of values with `features` a row.
std::span<const float> piece(const std::vector<float>& values, size_t features, size_t first, size_t last) {
  return std::span(values).subspan(first * kBatch * features, (last - first) * kBatch * features);
}

std::vector<float> all_layers(Model::State& state) {
  std::vector<float> values;
  for (size_t layer = 0; !state.layer(layer).empty(); ++layer)
    values.insert(values.end(), state.layer(layer).begin(), state.layer(layer).end());
  return values;
}

std::span<const float> gradient(Model& model, const std::string& name) {
  const std::span<float> values = model.parameter(name);
  return model.gradients().subspan(static_cast<size_t>(values.data() - model.parameters().data()), values.size());
}

class CarriedState : public EachCell {
 protected:
  const std::vector<float> x_ = random_values(kSteps * kBatch * kInputs, 1);
  const std::vector<float> y_ = random_values(kSteps * kBatch * kOutputs, 2);

  Sequences steps(size_t first, size_t last) const {
    return {.values = piece(x_, kInputs, first, last), .steps = last - first, .batch = kBatch};
  }
  Target target(size_t first, size_t last) const { return mse(piece(y_, kOutputs, first, last), kOutputs); }
};

TEST_P(CarriedState, PiecesAreTheWholeBitForBit) {
  for (const bool learned : {false, true}) {
    Model model(network(cell_name(), learned));
    if (learned) {
      std::ranges::copy(random_values(model.parameters().size(), 3), model.parameters().begin());
      model.update();
    }
    const std::vector<float> whole = model.forward(steps(0, kSteps));
    Model::State state = model.initial_state(kBatch);
    std::vector<float> pieces;
    for (const auto& [first, last] : {std::pair<size_t, size_t>{0, 7}, {7, 8}, {8, kSteps}}) {
      const std::vector<float> y = model.forward(steps(first, last), &state);
      pieces.insert(pieces.end(), y.begin(), y.end());
    }
    EXPECT_EQ(pieces, whole);
  }
}

TEST_P(CarriedState, SequencesOfDifferentLengthsLeaveTheirOwnLastStates) {
  const Model model(network(cell_name()));
  const std::vector<size_t> lengths{6, 4, 1};
  const std::vector<float> x = random_values(11 * kInputs, 4);
  Model::State packed = model.initial_state(3);
  model.forward({.values = x, .lengths = lengths}, &packed);
  // The second sequence: rows of steps 0 to 3, which hold 3, 2, 2 and 2 sequences.
  std::vector<float> second;
  for (const size_t row : {1, 4, 6, 8}) second.insert(second.end(), &x[row * kInputs], &x[row * kInputs] + kInputs);
  Model::State alone = model.initial_state();
  model.forward({.values = second, .steps = 4}, &alone);
  const std::span<float> all = packed.layer(1), one = alone.layer(1);
  EXPECT_TRUE(std::ranges::equal(all.subspan(one.size(), one.size()), one));
  EXPECT_TRUE(std::ranges::any_of(one, [](float value) { return value != 0.0f; }));
}

TEST_P(CarriedState, BackwardLeavesTheStateThatForwardDoes) {
  Model model(network(cell_name()));
  Model::State there = model.initial_state(kBatch), back = there;
  for (size_t first = 0; first < kSteps; first += 5) {
    const std::vector<float> before = all_layers(back);
    model.forward(steps(first, first + 5), &there);
    model.backward(steps(first, first + 5), target(first, first + 5), &back);
    EXPECT_EQ(all_layers(back), all_layers(there));
    EXPECT_NE(all_layers(back), before);
  }
}

// A given state is a constant: the weights' gradients are those of a model that was born with it.
TEST_P(CarriedState, GradientsEndWhereTheCallBegins) {
  Model model(network(cell_name())), born(network(cell_name(), true));
  const std::vector<std::string> names{"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.weight_ih_l1",
                                       "rnn.weight_hh_l1", "rnn.bias_hh_l1",   "head.weight",    "head.bias"};
  for (float& value : born.parameters()) value = 0.0f;
  for (float& value : model.parameters()) value = 0.0f;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::vector<float> values = random_values(model.parameter(names[i]).size(), 10 + i);
    for (Model* each : {&model, &born}) std::ranges::copy(values, each->parameter(names[i]).begin());
  }
  model.update();
  const Sequences x{.values = std::span(x_).first(14), .steps = 7};
  Model::State state = model.initial_state();
  model.forward(x, &state);
  const auto& states = cell().spec.states;
  for (size_t layer = 0; layer < 2; ++layer)
    for (size_t s = 0; s < states.size(); ++s)
      std::ranges::copy(state.layer(layer).subspan(s * kHidden, kHidden),
                        born.parameter("rnn.initial_" + std::string(states[s]) + "_l" + std::to_string(layer)).begin());
  born.update();
  const Target y = mse(std::span(y_).first(21), kOutputs);
  EXPECT_EQ(model.backward(x, y, &state), born.backward(x, y));
  for (const std::string& name : names)
    EXPECT_TRUE(std::ranges::equal(gradient(model, name), gradient(born, name))) << name;
  EXPECT_NE(gradient(model, "head.weight")[0], 0.0f);
}

ELMAN_EACH_CELL(CarriedState);

TEST(ModelState, ACopyIsAForkAndOneOfYourOwnCounts) {
  const Model model(network("lstm"));
  const std::vector<float> x = random_values(8, 1);
  Model::State state = model.initial_state();
  const std::vector<float> start = model.forward({.values = x, .steps = 4}, &state);
  Model::State fork = state;
  const std::vector<float> next = model.forward({.values = x, .steps = 4}, &state);
  EXPECT_NE(next, start);
  EXPECT_EQ(model.forward({.values = x, .steps = 4}, &fork), next);
  fork = model.initial_state();
  EXPECT_EQ(fork.layer(0).size(), 2 * kHidden);
  EXPECT_TRUE(fork.layer(2).empty());
  fork.layer(1)[0] = 0.5f;
  EXPECT_NE(model.forward({.values = x, .steps = 4}, &fork), start);
}

TEST(ModelState, ServesCopiesAndNarrowedModels) {
  Model model(network("gru"));
  const std::vector<float> x = random_values(8, 1);
  Model::State state = model.initial_state(), other = state;
  EXPECT_EQ(model.copy().forward({.values = x, .steps = 4}, &state), model.forward({.values = x, .steps = 4}, &other));
  model.narrow();
  EXPECT_EQ(model.forward({.values = x, .steps = 4}, &state), model.forward({.values = x, .steps = 4}, &other));
}

TEST(ModelState, OthersAreRefused) {
  Model model(network("gru"));
  const std::vector<float> x = random_values(12, 1), y = random_values(18, 2);
  Model::State pair = model.initial_state(2), learned = Model(network("gru", true)).initial_state(),
               rnn = Model(network("rnn_tanh")).initial_state();
  expect_error(ErrorCode::kUsage, {"2 sequences", "of 1"}, [&] { model.forward({.values = x, .steps = 6}, &pair); });
  for (Model::State* other : {&learned, &rnn}) {
    expect_error(ErrorCode::kUsage, {"another network"}, [&] { model.forward({.values = x, .steps = 6}, other); });
    expect_error(ErrorCode::kUsage, {"another network"},
                 [&] { model.backward({.values = x, .steps = 6}, mse(y, 3), other); });
  }
  for (const bool bidirectional : {false, true}) {
    NetworkConfig config{2, {Recurrent{.hidden_size = 2, .bidirectional = bidirectional}}};
    if (!bidirectional) config.layers.push_back(Flatten{.steps = 2});
    expect_error(ErrorCode::kUsage, {"future", "state"}, [&] { (void)Model(config).initial_state(); });
  }
}

TEST(ModelState, IsWhatItWasAfterAnError) {
  Model model({1, {Embedding{.symbols = 3, .output_size = 2}, Recurrent{.hidden_size = 2}, Linear{.output_size = 3}}});
  const std::vector<float> good{0, 1}, bad{0, 7}, y{1, 2, 0};
  Model::State state = model.initial_state();
  model.forward({.values = good, .steps = 2}, &state);
  const std::vector<float> before = all_layers(state);
  expect_error(ErrorCode::kData, {"7"}, [&] { model.forward({.values = bad, .steps = 2}, &state); });
  expect_error(ErrorCode::kUsage, {"target"},
               [&] { model.backward({.values = good, .steps = 2}, cross_entropy(y), &state); });
  EXPECT_EQ(all_layers(state), before);
}

}  // namespace
}  // namespace elman
