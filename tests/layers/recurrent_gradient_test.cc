// The gradients of every cell through time, in double, against central differences.
#include <gtest/gtest.h>

#include "layers/bidirectional.h"
#include "layers/recurrent.h"
#include "support/cells.h"
#include "support/gradient_check.h"

namespace elman {
namespace {

constexpr size_t kInput = 3, kHidden = 5;

// Layouts of sequences: one length, different lengths, a single step, a single sequence.
std::vector<Steps> layouts() {
  const std::vector<size_t> lengths{6, 6, 4, 3, 1};
  return {Steps(6, 4), Steps::packed(lengths), Steps(1, 3), Steps(7, 1)};
}

template <class LayerType>
void check(RecurrentOptions options) {
  options.input_size = kInput;
  options.hidden_size = kHidden;
  Parameters<double> parameters;
  LayerType layer(0, options, parameters);
  parameters.allocate();
  randomize(parameters);
  for (const Steps& steps : layouts())
    for (const Start start : {Start::kInitial, Start::kGiven, Start::kGivenToFinal}) {
      SCOPED_TRACE(::testing::Message() << steps.steps() << " steps, " << steps.rows() << " rows, start "
                                        << static_cast<int>(start));
      check_gradients({layer, parameters}, {steps, random_tensor<double>(steps.rows(), kInput, 1), start});
    }
}

class RecurrentGradient : public EachCell {};

TEST_P(RecurrentGradient, Forward) { check<RecurrentLayer<double>>({.cell = &cell()}); }

TEST_P(RecurrentGradient, Reverse) { check<RecurrentLayer<double>>({.cell = &cell(), .reverse = true}); }

TEST_P(RecurrentGradient, LearnedInitialState) {
  check<RecurrentLayer<double>>({.cell = &cell(), .learned_state = true});
}

TEST_P(RecurrentGradient, Bidirectional) {
  check<BidirectionalLayer<double>>({.cell = &cell(), .learned_state = true});
}

// Several slices of units, and windows of steps: every 13th element of a layer whose sizes show any mix-up.
TEST_P(RecurrentGradient, SlicesAndWindows) {
  Parameters<double> parameters;
  RecurrentLayer<double> layer(0, {.cell = &cell(), .input_size = 2, .hidden_size = 70}, parameters);
  parameters.allocate();
  randomize(parameters, 0.15);  // no growth over 300 steps
  const std::vector<size_t> lengths{4, 3, 1};
  const Steps few = Steps::packed(lengths), many(2, 300);
  check_gradients(
      {layer, parameters},
      {.steps = few, .x = random_tensor<double>(few.rows(), 2, 1), .start = Start::kGivenToFinal, .every = 13});
  check_gradients({layer, parameters},
                  {.steps = many, .x = random_tensor<double>(many.rows(), 2, 1), .every = 997, .loss_scale = 1.0 / 64});
}

ELMAN_EACH_CELL(RecurrentGradient);

}  // namespace
}  // namespace elman
