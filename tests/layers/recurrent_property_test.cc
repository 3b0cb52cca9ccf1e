// What holds to the last bit for every cell, however the work is cut: over steps, sequences, threads or vector widths.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "kernels/targets.h"
#include "layers/recurrent.h"
#include "model/network.h"
#include "support/cells.h"
#include "support/values.h"

namespace elman {
namespace {

constexpr size_t kInput = 3;
constexpr size_t kHiddenSizes[] = {1, 5, 16, 20, 33, 72};  // below, at and beyond vectors of 8 and 16; two slices

enum Direction { kForward, kBoth };

std::unique_ptr<Network<float>> make_network(const Cell& cell, size_t hidden_size, Direction direction) {
  auto network = std::make_unique<Network<float>>(NetworkConfig{kInput,
                                                                {Recurrent{.cell = std::string(cell.spec.name),
                                                                           .hidden_size = hidden_size,
                                                                           .num_layers = 2,
                                                                           .bidirectional = direction == kBoth,
                                                                           .learned_initial_state = true},
                                                                 Linear{.output_size = 2}}});
  randomize(network->parameters());
  network->pack(true);
  return network;
}

// All that a run gives, by name.
using Result = std::map<std::string, std::vector<float>>;

::testing::AssertionResult same_results(const Result& a, const Result& b) {
  for (const auto& [name, values] : b)
    if (auto same = same_bits(a.at(name), values); !same) return same << " (" << name << ")";
  return ::testing::AssertionSuccess();
}

void add_state(const State<float>& state, const std::string& name, Result& result) {
  for (size_t i = 0; i < state.layers.size(); ++i)
    if (!state.layers[i].empty()) result[name + " of layer " + std::to_string(i)] = to_vector(state.layers[i]);
}

Result infer(const Network<float>& network, const Steps& steps, ConstView<float> x, Scratch<float>& scratch,
             Tape<float>* tape = nullptr) {
  State<float> state = network.initial_state(steps.batch());
  Result result{{"y", to_vector(network.forward(scratch, steps, x, &state, tape))}};
  add_state(state, "final state", result);
  return result;
}

Result infer(const Network<float>& network, const Steps& steps, ConstView<float> x, Tape<float>* tape = nullptr) {
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  return infer(network, steps, x, scratch, tape);
}

// Forward and back, with gradients to the outputs and to the final state.
Result train(Network<float>& network, const Steps& steps, ConstView<float> x, ThreadPool& pool) {
  Scratch<float> scratch(pool);
  Tape<float> tape;
  Result result = infer(network, steps, x, scratch, &tape);
  Tensor<float> d_y = random_tensor<float>(steps.rows(), network.output_size(), 5);
  State<float> d_state = network.initial_state(steps.batch());
  network.parameters().gradients().fill(0.0f);
  result["d_x"] = to_vector(network.backward(scratch, steps, tape, d_y, true, &d_state));
  result["gradients"] = to_vector(network.parameters().gradients());
  add_state(d_state, "d_initial state", result);
  return result;
}

// What a batch's result says of one sequence.
Result sequence_of(const Result& batch, const Steps& steps, size_t sequence) {
  Result result;
  for (const auto& [name, values] : batch) {
    if (name == "y") {
      const ConstView<float> y(values.data(), steps.rows(), values.size() / steps.rows());
      result[name] = to_vector(elman::sequence_of(y, steps, sequence).view());
      continue;
    }
    const size_t own = values.size() / steps.batch();
    const auto first = values.begin() + static_cast<ptrdiff_t>(sequence * own);
    result[name].assign(first, first + static_cast<ptrdiff_t>(own));
  }
  return result;
}

// Runs x in pieces of the given lengths, over and over, carrying the state.
Result in_pieces(const Network<float>& network, const Steps& steps, ConstView<float> x,
                 const std::vector<size_t>& lengths) {
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  State<float> state = network.initial_state(steps.batch());
  Result result;
  for (size_t t = 0, piece = 0; t < steps.steps(); ++piece) {
    const Steps part(std::min(lengths[piece % lengths.size()], steps.steps() - t), steps.batch());
    const auto y = to_vector(network.forward(scratch, part, x.slice_rows(steps.offset(t), part.rows()), &state));
    result["y"].insert(result["y"].end(), y.begin(), y.end());
    t += part.steps();
  }
  add_state(state, "final state", result);
  return result;
}

class RecurrentProperty : public EachCell {};

TEST_P(RecurrentProperty, StreamedIsWhole) {
  for (const size_t hidden_size : kHiddenSizes) {
    const auto network = make_network(cell(), hidden_size, kForward);
    const Steps steps(50, 3);
    const auto x = random_tensor<float>(steps.rows(), kInput, 1);
    const Result whole = infer(*network, steps, x);
    EXPECT_TRUE(same_results(in_pieces(*network, steps, x, {1}), whole)) << "step by step, hidden size " << hidden_size;
    EXPECT_TRUE(same_results(in_pieces(*network, steps, x, {7, 1, 13}), whole))
        << "chunks, hidden size " << hidden_size;
  }
}

TEST_P(RecurrentProperty, DifferentLengthsAreEachAlone) {
  const std::vector<size_t> lengths{40, 40, 33, 20, 20, 7, 1};
  const Steps steps = Steps::packed(lengths);
  for (const Direction direction : {kForward, kBoth})
    for (const size_t hidden_size : kHiddenSizes) {
      const auto network = make_network(cell(), hidden_size, direction);
      const auto x = random_tensor<float>(steps.rows(), kInput, 1);
      const Result together = infer(*network, steps, x);
      for (size_t b = 0; b < lengths.size(); ++b) {
        const Result alone = infer(*network, Steps(lengths[b], 1), sequence_of<float>(x, steps, b));
        EXPECT_TRUE(same_results(sequence_of(together, steps, b), alone))
            << "sequence " << b << ", hidden size " << hidden_size;
      }
    }
}

// Without a tape only a window of gates is in memory; many rows take several windows.
TEST_P(RecurrentProperty, InferenceIsTaped) {
  const std::vector<size_t> lengths{400, 350, 211, 210, 5};
  for (const Steps& steps : {Steps(1, 1), Steps(9, 4), Steps(300, 3), Steps(3, 400), Steps::packed(lengths)})
    for (const Direction direction : {kForward, kBoth}) {
      const auto network = make_network(cell(), 300, direction);
      const auto x = random_tensor<float>(steps.rows(), kInput, 1);
      Tape<float> tape;
      EXPECT_TRUE(same_results(infer(*network, steps, x), infer(*network, steps, x, &tape)))
          << steps.steps() << " steps, " << steps.rows() << " rows";
    }
}

// What training keeps of each row: the cell's columns, states and result (LSTM: six numbers a unit), and of each
// sequence where it starts.
TEST_P(RecurrentProperty, TheTapeKeepsWhatTheSpecNames) {
  constexpr size_t kHidden = 100;
  Parameters<float> parameters;
  RecurrentLayer<float> layer(0, {.cell = &cell(), .input_size = 3, .hidden_size = kHidden}, parameters);
  parameters.allocate();
  ThreadPool pool(1);
  layer.pack(parameters, pool, true);
  Scratch<float> scratch(pool);
  Tape<float> tape;
  const Steps steps(50, 4);
  const auto x = random_tensor<float>(steps.rows(), 3, 1);
  layer.forward({parameters, scratch, nullptr, &tape}, steps, x);
  size_t kept = 0;
  for (size_t slot = 0; slot < Workspace<float>::kSlots; ++slot) kept += tape.saved.at(0, slot).size();
  const CellSpec& spec = cell().spec;
  const size_t a_row = (spec.columns + spec.states.size() + (spec.result ? 1 : 0)) * kHidden;
  EXPECT_EQ(kept, steps.rows() * a_row + steps.batch() * spec.states.size() * kHidden);
}

// A scratch and a tape that have served longer calls hold their leftovers.
TEST_P(RecurrentProperty, ReusedMemoryChangesNothing) {
  const auto network = make_network(cell(), 5, kBoth);
  const Steps large(90, 7), small(4, 2);
  const auto x_large = random_tensor<float>(large.rows(), kInput, 1), x = random_tensor<float>(small.rows(), kInput, 2);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  Tape<float> tape;
  const Result fresh = infer(*network, small, x);
  infer(*network, large, x_large, scratch);
  EXPECT_TRUE(same_results(infer(*network, small, x, scratch), fresh));
  infer(*network, large, x_large, scratch, &tape);
  EXPECT_TRUE(same_results(infer(*network, small, x, scratch, &tape), fresh));
}

TEST_P(RecurrentProperty, SameBitsOnAnyNumberOfThreads) {
  const std::vector<size_t> lengths{40, 40, 40, 38, 31, 31, 20, 12, 12, 7, 3, 1, 1}, two{30, 11};
  // One or two sequences of 200 units are divided by units, many sequences by sequence.
  for (const Steps& steps : {Steps(40, 13), Steps::packed(lengths), Steps(20, 1), Steps::packed(two)})
    for (const size_t hidden_size : {5, 33, 200}) {
      const auto network = make_network(cell(), hidden_size, kBoth);
      const auto x = random_tensor<float>(steps.rows(), kInput, 1);
      ThreadPool one(1);
      const Result expected_train = train(*network, steps, x, one), expected = infer(*network, steps, x);
      for (const size_t threads : {2, 3}) {
        ThreadPool pool(threads);
        Scratch<float> scratch(pool);
        EXPECT_TRUE(same_results(infer(*network, steps, x, scratch), expected)) << threads << " threads";
        EXPECT_TRUE(same_results(train(*network, steps, x, pool), expected_train)) << threads << " threads, training";
      }
    }
}

TEST_P(RecurrentProperty, SameBitsOnAnyInstructionSet) {
  const std::vector<size_t> lengths{30, 30, 22, 9, 1};
  const Steps steps = Steps::packed(lengths);
  const auto x = random_tensor<float>(steps.rows(), kInput, 1);
  for (const size_t hidden_size : kHiddenSizes) {
    const auto network = make_network(cell(), hidden_size, kBoth);
    ThreadPool pool(1);
    const Result best = infer(*network, steps, x), best_train = train(*network, steps, x, pool);
    for (const InstructionSet& target : supported_targets()) {
      const ForcedTarget forced(target);
      network->pack(true);
      EXPECT_TRUE(same_results(infer(*network, steps, x), best)) << target.name << ", hidden size " << hidden_size;
      EXPECT_TRUE(same_results(train(*network, steps, x, pool), best_train))
          << target.name << ", training, hidden size " << hidden_size;
    }
  }
}

TEST_P(RecurrentProperty, OneNetworkServesSeveralThreads) {
  const auto network = make_network(cell(), 20, kForward);
  const Steps steps(30, 6);
  std::vector<Tensor<float>> inputs;
  std::vector<Result> expected;
  for (uint64_t stream = 0; stream < 8; ++stream) {
    inputs.push_back(random_tensor<float>(steps.rows(), kInput, stream));
    expected.push_back(infer(*network, steps, inputs.back()));
  }
  ThreadPool shared(2);
  std::vector<Result> results(inputs.size());
  const auto serve = [&](size_t first) {
    Scratch<float> scratch(shared);
    for (size_t round = 0; round < 20; ++round)
      for (size_t i = first; i < inputs.size(); i += 2) results[i] = infer(*network, steps, inputs[i], scratch);
  };
  std::thread other(serve, 1);
  serve(0);
  other.join();
  for (size_t i = 0; i < inputs.size(); ++i) EXPECT_TRUE(same_results(results[i], expected[i])) << "input " << i;
}

// A copied state forks a stream: both go on alike, and apart.
TEST_P(RecurrentProperty, StateIsAValue) {
  const auto network = make_network(cell(), 5, kForward);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const auto x = random_tensor<float>(3, kInput, 1);
  State<float> state = network->initial_state(1);
  network->forward(scratch, Steps(1, 1), x.view().slice_rows(0, 1), &state);
  State<float> fork = state.copy();
  const auto first = to_vector(network->forward(scratch, Steps(1, 1), x.view().slice_rows(1, 1), &state));
  network->forward(scratch, Steps(1, 1), x.view().slice_rows(2, 1), &state);
  EXPECT_TRUE(same_bits(to_vector(network->forward(scratch, Steps(1, 1), x.view().slice_rows(1, 1), &fork)), first));
}

ELMAN_EACH_CELL(RecurrentProperty);

}  // namespace
}  // namespace elman
