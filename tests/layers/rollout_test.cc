// A recurrence that reads what it wrote, against loops over its definition.
#include "layers/rollout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/expect_error.h"
#include "model/network.h"
#include "support/cells.h"
#include "support/gradient_check.h"
#include "support/values.h"

namespace elman {
namespace {

// Of the columns 0 and 1 are known ahead, 2 and 4 belong to the past, 3 is the value. Lags reach within, across and
// beyond the four steps written.
Rollout described(const std::string& cell = "rnn_tanh") {
  return {.steps = 4,
          .features = 2,
          .value = 3,
          .lags = {1, 3, 5},
          .feedback = 1,
          .reader = {Recurrent{.cell = cell, .hidden_size = 6}, Linear{.output_size = 2}}};
}
constexpr size_t kInput = 5;

class EachCellRollout : public EachCell {};
ELMAN_EACH_CELL(EachCellRollout);

TEST_P(EachCellRollout, GradientTravelsThroughStatesAndValuesFedBack) {
  Rollout rollout = described(cell_name());
  rollout.reader[0] = Recurrent{.cell = cell_name(),
                                .hidden_size = 4,
                                .num_layers = 2,
                                .dropout = 0.2,
                                .residual = true,
                                .learned_initial_state = true};
  for (const bool positive : {false, true}) {
    SCOPED_TRACE(positive);
    rollout.positive = positive;
    Network<double> network({kInput, {rollout}});
    randomize(network.parameters());
    const Steps steps(11, 3);
    check_gradients(Differentiable(network), {.steps = steps,
                                              .x = random_tensor<double>(steps.rows(), kInput, 1),
                                              .start = Start::kInitial,
                                              .dropout = Random(5, 6),
                                              .every = 4});
  }
}

// The layer's definition for one sequence, a tanh recurrence of plain loops; `positive` and what is fed back as there.
std::vector<double> looped(const Parameters<double>& p, const Rollout& c, const Tensor<double>& x, size_t batch,
                           size_t b) {
  const auto at = [&](const char* name) { return p.value(p.find(name) - p.list().data()); };
  const auto w_ih = at("rnn.weight_ih_l0"), w_hh = at("rnn.weight_hh_l0"), w = at("head.weight");
  const double *b_ih = at("rnn.bias_ih_l0").data, *b_hh = at("rnn.bias_hh_l0").data, *bias = at("head.bias").data;
  const size_t all = x.rows() / batch, past = all - c.steps;
  std::vector<double> value, written, h(w_hh.cols);
  for (size_t t = 0; t < past; ++t) value.push_back(x(t * batch + b, c.value));
  for (size_t t = c.lags.back(); t < all; ++t) {
    std::vector<double> row;
    for (size_t k = 0; k < c.features; ++k) row.push_back(x(t * batch + b, k));
    for (size_t k = c.features; k < kInput; ++k)
      if (k != c.value) row.push_back(x((t - 1) * batch + b, k));
    for (const size_t lag : c.lags) row.push_back(value.at(t - lag));
    std::vector<double> next(h.size());
    for (size_t u = 0; u < h.size(); ++u) {
      double sum = b_ih[u] + b_hh[u];
      for (size_t k = 0; k < row.size(); ++k) sum += w_ih(u, k) * row[k];
      for (size_t k = 0; k < h.size(); ++k) sum += w_hh(u, k) * h[k];
      next[u] = std::tanh(sum);
    }
    h = next;
    if (t < past) continue;
    double y[2];
    for (size_t o = 0; o < 2; ++o) {
      y[o] = bias[o];
      for (size_t k = 0; k < h.size(); ++k) y[o] += w(o, k) * h[k];
      written.push_back(y[o]);
    }
    value.push_back(c.positive ? std::log1p(std::exp(y[c.feedback])) : y[c.feedback]);
  }
  return written;
}

TEST(RolloutLayer, IsTheLoopOfItsDefinition) {
  const Steps steps(12, 7);
  for (const bool positive : {false, true}) {
    Rollout rollout = described();
    rollout.positive = positive;
    Network<double> network({kInput, {rollout}});
    randomize(network.parameters(), 1.0);
    network.pack(false);
    const Tensor<double> x = random_tensor<double>(steps.rows(), kInput, 1);
    ThreadPool pool(2);
    Scratch<double> scratch(pool);
    const View<double> y = network.forward(scratch, steps, x);
    ASSERT_EQ(y.rows, 4u * 7);
    for (size_t b = 0; b < 7; ++b) {
      const std::vector<double> expected = looped(network.parameters(), rollout, x, 7, b);
      for (size_t k = 0; k < 4; ++k)
        for (size_t o = 0; o < 2; ++o) EXPECT_NEAR(y(k * 7 + b, o), expected[2 * k + o], 1e-12) << b << " " << k;
    }
  }
}

// Values of the future, and of the past before the lags, are not read.
TEST(RolloutLayer, ReadsNoValueOfTheFuture) {
  Network<float> network({kInput, {described()}});
  randomize(network.parameters());
  network.pack(false);
  const Steps steps(10, 3);
  Tensor<float> x = random_tensor<float>(steps.rows(), kInput, 1);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const std::vector<float> expected = to_vector(network.forward(scratch, steps, x));
  for (size_t r = 6 * 3; r < x.rows(); ++r) x(r, 3) = 1e6f;
  EXPECT_EQ(to_vector(network.forward(scratch, steps, x)), expected);
  x(0, 3) += 1;  // lag 5 of the first row read
  EXPECT_NE(to_vector(network.forward(scratch, steps, x)), expected);
}

// A tape that is used again, for fewer sequences and then as before, gives the same gradients; it holds tape_size().
TEST(RolloutLayer, TapeIsReusedAndHoldsWhatItSays) {
  Network<float> network({kInput, {described("lstm")}});
  randomize(network.parameters());
  network.pack(true);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  Tape<float> tape;
  const auto gradients = [&](size_t steps, size_t batch) {
    const Steps shape(steps, batch);
    const Tensor<float> x = random_tensor<float>(shape.rows(), kInput, 1);
    network.forward(scratch, shape, x, nullptr, &tape);
    Tensor<float> d_y = random_tensor<float>(4 * batch, 2, 2);
    network.parameters().gradients().fill(0.0f);
    network.backward(scratch, shape, tape, d_y);
    return to_vector(network.parameters().gradients());
  };
  const std::vector<float> first = gradients(12, 5);
  gradients(10, 2);
  EXPECT_EQ(gradients(12, 5), first);

  const auto held = [](Tape<float>& of) {
    size_t sum = 0;
    for (size_t layer = 0; layer < 5; ++layer)
      for (size_t slot = 0; slot < Workspace<float>::kSlots; ++slot) sum += of.saved.at(layer, slot).size();
    return sum;
  };
  size_t kept = held(tape);
  for (const auto& entry : tape.entries)
    if (entry.steps)
      for (Tape<float>& step : *entry.steps) kept += held(step);
  EXPECT_EQ(kept, network.tape_size(Steps(12, 5), 0));
}

// Checkpoints of the past, learned initial states among them, change no bit.
TEST(RolloutLayer, CheckpointsThroughThePastKeepTheBits) {
  Rollout rollout = described("lstm");
  rollout.reader[0] =
      Recurrent{.cell = "lstm", .hidden_size = 3, .num_layers = 2, .dropout = 0.3, .learned_initial_state = true};
  Network<float> network({kInput, {rollout}});
  randomize(network.parameters());
  network.pack(true);
  const Steps steps(160, 60);  // more rows than a block of gradients
  const Tensor<float> x = random_tensor<float>(steps.rows(), kInput, 1);
  const auto run = [&](size_t every) {
    ThreadPool pool(1);
    Scratch<float> scratch(pool);
    Tape<float> tape;
    tape.checkpoint_every = every;
    const Random dropout(1, 2);
    network.forward(scratch, steps, x, nullptr, &tape, &dropout);
    Tensor<float> d_y = random_tensor<float>(4 * 60, 2, 2);
    network.parameters().gradients().fill(0.0f);
    network.backward(scratch, steps, tape, d_y);
    return to_vector(network.parameters().gradients());
  };
  const std::vector<float> whole = run(0);
  EXPECT_TRUE(same_bits(run(20), whole));
  EXPECT_LT(network.tape_size(steps, 20), network.tape_size(steps, 0) / 2);
}

TEST(RolloutLayer, RefusesWhatItCannotRead) {
  const auto expect_bad = [](std::initializer_list<std::string_view> parts, auto change) {
    Rollout rollout = described();
    change(rollout);
    expect_error(ErrorCode::kUsage, parts, [&] { Network<float> network({kInput, {rollout}}); });
  };
  expect_bad({"'rollout'", "steps is 0"}, [](Rollout& c) { c.steps = 0; });
  expect_bad({"features is 6", "the 5 it reads"}, [](Rollout& c) { c.features = 6; });
  expect_bad({"column 1", "2 to 4"}, [](Rollout& c) { c.value = 1; });
  expect_bad({"column 5", "2 to 4"}, [](Rollout& c) { c.value = 5; });
  expect_bad({"no lags"}, [](Rollout& c) { c.lags = {}; });
  expect_bad({"lags are 0, 1", "ascend"}, [](Rollout& c) { c.lags = {0, 1}; });
  expect_bad({"lags are 1, 1"}, [](Rollout& c) { c.lags = {1, 1}; });
  expect_bad({"output 2", "the 2 its reader writes"}, [](Rollout& c) { c.feedback = 2; });
  expect_bad({"every step"}, [](Rollout& c) { c.reader = {}; });
  expect_bad({"every step"}, [](Rollout& c) { c.reader = {LastStep{}}; });
  expect_bad({"every step"}, [](Rollout& c) { c.reader = {Recurrent{.hidden_size = 2, .bidirectional = true}}; });

  Network<float> network({kInput, {described()}});
  network.initialize(1);
  network.pack(false);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  expect_error(ErrorCode::kUsage, {"at least 9 steps", "5 of them the past", "got 8"},
               [&] { network.forward(scratch, Steps(8, 1), Tensor<float>(8, kInput)); });
  const std::vector<size_t> lengths{12, 10};
  expect_error(ErrorCode::kUsage, {"one length", "different lengths up to 12"},
               [&] { network.forward(scratch, Steps::packed(lengths), Tensor<float>(22, kInput)); });
}

// As an ensemble writes its mean.
TEST(SumLayer, WeighsItsBranches) {
  const std::vector<std::vector<LayerConfig>> branches{{}, {Linear{.output_size = 3, .name = "a"}}, {}};
  const Tensor<double> x = random_tensor<double>(4, 3, 1);
  ThreadPool pool(1);
  const auto outputs = [&](const std::vector<double>& weights) {
    Network<double> network({3, {Sum{branches, weights}}});
    randomize(network.parameters());
    network.pack(true);
    Scratch<double> scratch(pool);
    return to_vector(network.forward(scratch, Steps(4, 1), x));
  };
  const std::vector<double> sum = outputs({}), first = outputs({1, 0, 0}), last = outputs({0, 0, 1}),
                            weighed = outputs({0.25, 2, -0.5});
  for (size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(weighed[i], 2 * sum[i] - 1.75 * first[i] - 2.5 * last[i], 1e-14);
  Network<double> network({3, {Sum{branches, {0.25, 2, -0.5}}}});
  randomize(network.parameters());
  check_gradients(Differentiable(network), {.steps = Steps(4, 1), .x = random_tensor<double>(4, 3, 1)});
}

}  // namespace
}  // namespace elman
