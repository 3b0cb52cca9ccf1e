// Recomputing a sequence from checkpoints: the same bits in less memory.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "model/network.h"
#include "support/cells.h"
#include "support/values.h"

namespace elman {
namespace {

using Result = std::map<std::string, std::vector<float>>;

Tensor<float> input_of(const Network<float>& network, const Steps& steps) {
  Tensor<float> x = random_tensor<float>(steps.rows(), network.input_size(), 1);
  if (const auto* embedding = std::get_if<Embedding>(&network.config().layers.front()))
    for (size_t r = 0; r < x.rows(); ++r)
      x(r, 0) = std::floor((x(r, 0) + 1) / 2 * static_cast<float>(embedding->symbols - 1));
  return x;
}

// Forward and back with dropout, twice so that gradients also add up, and from a state of the caller's if one is given.
Result train(Network<float>& network, const Steps& steps, size_t checkpoint_every, bool with_state) {
  ThreadPool pool(2);
  Scratch<float> scratch(pool);
  Tape<float> tape;
  tape.checkpoint_every = checkpoint_every;
  const auto x = input_of(network, steps);
  State<float> state = network.initial_state(steps.batch()), d_state = state.copy();
  uint64_t stream = 30;
  for (Buffer<float>& layer : state.layers) fill_random(layer, stream++);
  for (Buffer<float>& layer : d_state.layers) fill_random(layer, stream++);
  network.parameters().gradients().fill(0.0f);
  Result result;
  for (uint64_t run = 0; run < 2; ++run) {
    const Random dropout(7, run);
    result["y"] = to_vector(network.forward(scratch, steps, x, with_state ? &state : nullptr, &tape, &dropout));
    Tensor<float> d_y = random_tensor<float>(network.output_steps(steps).rows(), network.output_size(), 5);
    result["d_x"] = to_vector(network.backward(scratch, steps, tape, d_y, true, with_state ? &d_state : nullptr));
  }
  result["gradients"] = to_vector(network.parameters().gradients());
  for (size_t i = 0; i < state.layers.size(); ++i) {
    result["state " + std::to_string(i)] = to_vector(state.layers[i]);
    result["d_state " + std::to_string(i)] = to_vector(d_state.layers[i]);
  }
  return result;
}

void expect_same(Network<float>& network, const Steps& steps) {
  for (const bool with_state : {false, true}) {
    const Result whole = train(network, steps, 0, with_state);
    for (const size_t every : {1, 60, 5000})
      for (const auto& [name, values] : train(network, steps, every, with_state))
        EXPECT_TRUE(same_bits(values, whole.at(name)))
            << name << ", checkpoint every " << every << ", " << steps.steps() << " steps, state " << with_state;
  }
}

std::vector<Steps> sequences() {
  const std::vector<size_t> lengths{700, 650, 400, 399, 399, 120, 30, 5};
  return {Steps(100, 50), Steps(5000, 1), Steps::packed(lengths), Steps(3, 10)};
}

class Checkpoints : public EachCell {};

TEST_P(Checkpoints, GiveTheBitsOfTheWhole) {
  Network<float> network({3,
                          {Recurrent{.cell = cell_name(),
                                     .hidden_size = 9,
                                     .num_layers = 2,
                                     .dropout = 0.3,
                                     .layer_norm = true,
                                     .residual = true,
                                     .learned_initial_state = true},
                           Dropout{.rate = 0.2}, Linear{.output_size = 2}}});
  randomize(network.parameters());
  network.pack(true);
  for (const Steps& steps : sequences()) expect_same(network, steps);
}

TEST_P(Checkpoints, AlsoOfManyToOne) {
  const Recurrent layer{.cell = cell_name(), .hidden_size = 20};
  Network<float> network(
      {2,
       {Sum{{{layer, LastStep{}, Linear{.output_size = 3}},
             {Recurrent{.hidden_size = 4, .name = "side"}, LastStep{}, Linear{.output_size = 3, .name = "skip"}}}}}});
  randomize(network.parameters());
  network.pack(true);
  for (const Steps& steps : sequences()) expect_same(network, steps);
}

// Blocks of the sums that are gone through in several windows, of sequences that end in some of them.
TEST_P(Checkpoints, AlsoOfWindows) {
  Network<float> network({3, {Recurrent{.cell = cell_name(), .hidden_size = 70}}});
  randomize(network.parameters(), 0.15);  // no growth over 700 steps
  network.pack(true);
  for (const Steps& steps : sequences()) expect_same(network, steps);
}

TEST_P(Checkpoints, AlsoOfSymbols) {
  Network<float> network(
      {1,
       {Embedding{.symbols = 30, .output_size = 6},
        Recurrent{.cell = cell_name(), .hidden_size = 70, .num_layers = 2, .learned_initial_state = true},
        Linear{.output_size = 2}}});
  randomize(network.parameters(), 0.15);
  network.pack(true);
  for (const Steps& steps : sequences()) expect_same(network, steps);
}

ELMAN_EACH_CELL(Checkpoints);

// A layer that reads backwards keeps all; those before it need not.
TEST(CheckpointsOfBothDirections, OnlyTheFirstLayersTakePieces) {
  Network<float> network(
      {3,
       {Recurrent{.hidden_size = 9}, Recurrent{.hidden_size = 5, .bidirectional = true, .name = "both"},
        LastStep{.bidirectional = true}}});
  randomize(network.parameters());
  network.pack(true);
  for (const Steps& steps : sequences()) expect_same(network, steps);
}

TEST(CheckpointSize, GrowsAsTheRootOfTheSteps) {
  Network<float> network({1, {Recurrent{.cell = "lstm", .hidden_size = 32}, LastStep{}}});
  const size_t batch = 64;
  const auto size = [&](size_t steps, size_t every) { return network.tape_size(Steps(steps, batch), every); };
  EXPECT_EQ(size(1 << 14, 0), ((6 << 14) + 3) * batch * 32) << "six numbers a unit and step; start and end";
  const double small = static_cast<double>(size(1 << 12, 64)), large = static_cast<double>(size(1 << 16, 256));
  EXPECT_NEAR(large / small, 4.0, 0.2) << "16 times the steps";
  EXPECT_LT(large, 0.02 * static_cast<double>(size(1 << 16, 0)));
}

TEST(CheckpointSize, IsWhatTheTapeHolds) {
  Network<float> network({1, {Recurrent{.hidden_size = 8}, LastStep{}, Linear{.output_size = 2}}});
  network.initialize(1);
  network.pack(true);
  const Steps steps(1000, 10);
  const auto x = random_tensor<float>(steps.rows(), 1, 1);
  for (const size_t every : {0, 250}) {
    ThreadPool pool(1);
    Scratch<float> scratch(pool);
    Tape<float> tape;
    tape.checkpoint_every = every;
    network.forward(scratch, steps, x, nullptr, &tape);
    size_t kept = 0;
    for (size_t layer = 0; layer < 4; ++layer)
      for (size_t slot = 0; slot < Workspace<float>::kSlots; ++slot) kept += tape.saved.at(layer, slot).size();
    if (every == 0) EXPECT_EQ(kept, network.tape_size(steps, 0));
    else EXPECT_EQ(kept, 10u * 8 + 10 * 2) << "the last state and the output";
  }
}

}  // namespace
}  // namespace elman
