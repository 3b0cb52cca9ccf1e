#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>

#include "layers/layer.h"
#include "model/network.h"
#include "support/values.h"

namespace elman {

// What a gradient check differentiates: a layer with the parameters it was built on, or a network.
struct Differentiable {
  Parameters<double>& parameters;
  size_t output_size;
  std::function<Steps(const Steps&)> output_steps;
  std::function<void()> pack;
  std::function<State<double>(size_t batch)> initial_state;
  std::function<View<double>(const Pass<double>&, const Steps&, ConstView<double>)> forward;
  std::function<View<double>(const BackwardPass<double>&, const Steps&, View<double>, bool)> backward;

  Differentiable(Layer<double>& layer, Parameters<double>& p)
      : parameters(p),
        output_size(layer.output_size()),
        output_steps([&layer](const Steps& steps) { return layer.output_steps(steps); }),
        pack([&layer, &p] {
          ThreadPool alone(1);
          layer.pack(p, alone, true);
        }),
        initial_state([&layer, &p](size_t batch) {
          State<double> state;
          state.batch = batch;
          layer.initial_state(p, batch, state);
          return state;
        }),
        forward([&layer](const Pass<double>& pass, const Steps& steps, ConstView<double> x) {
          return layer.forward(pass, steps, x);
        }),
        backward([&layer](const BackwardPass<double>& pass, const Steps& steps, View<double> d_y, bool need_d_x) {
          return layer.backward(pass, steps, d_y, need_d_x);
        }) {}

  explicit Differentiable(Network<double>& net)
      : parameters(net.parameters()),
        output_size(net.output_size()),
        output_steps([&net](const Steps& steps) { return net.output_steps(steps); }),
        pack([&net] { net.pack(true); }),
        initial_state([&net](size_t batch) { return net.initial_state(batch); }),
        forward([&net](const Pass<double>& pass, const Steps& steps, ConstView<double> x) {
          return net.forward(pass.scratch, steps, x, pass.state, pass.tape, pass.dropout);
        }),
        backward([&net](const BackwardPass<double>& pass, const Steps& steps, View<double> d_y, bool need_d_x) {
          return net.backward(pass.scratch, steps, pass.tape, d_y, need_d_x, pass.d_state);
        }) {}
};

// Where sequences start, and whether the loss sees where they end.
enum class Start {
  kInitial,      // from the initial state: zeros, or learned
  kGiven,        // from a state of the caller's; the loss sees the outputs
  kGivenToFinal  // the same; the loss sees the final state, too
};

struct GradientCase {
  Steps steps;
  Tensor<double> x;
  Start start = Start::kInitial;
  bool x_has_gradient = true;  // an embedding's input, the symbols, has none
  std::optional<Random> dropout = {};
  size_t every = 1;       // compares one element in so many, of each kind
  double loss_scale = 1;  // of the sum over many outputs, to keep it near 1
};

// Compares every gradient of the loss sum(weights * y) + sum(weights * final state), with random weights, with central
// differences: to each parameter, input and initial state. Their error is about h^2 |f'''| / 6 + 1e-16 |f| / h, some
// 1e-10 for h = 1e-5 and values near 1.
class GradientCheck {
 public:
  GradientCheck(Differentiable subject, GradientCase c)
      : subject_(std::move(subject)),
        case_(std::move(c)),
        d_y_(random_tensor<double>(subject_.output_steps(case_.steps).rows(), subject_.output_size, 11)),
        start_(subject_.initial_state(case_.steps.batch())),
        d_final_(start_.copy()) {
    for (size_t i = 0; i < d_y_.size(); ++i) d_y_.data()[i] *= case_.loss_scale;
    uint64_t stream = 21;
    for (Buffer<double>& layer : start_.layers) fill_random(layer, stream++);
    for (Buffer<double>& layer : d_final_.layers) fill_random(layer, stream++);
    if (case_.start != Start::kGivenToFinal)
      for (Buffer<double>& layer : d_final_.layers) layer.fill(0.0);
  }

  void run() {
    differentiate();
    compare_parameters();
    if (case_.x_has_gradient) compare("x", {case_.x.data(), case_.x.size()}, to_vector<double>(d_x_.view()));
    if (case_.start == Start::kInitial) return;
    for (size_t i = 0; i < start_.layers.size(); ++i) {
      Buffer<double>& layer = start_.layers[i];
      compare("initial state of layer " + std::to_string(i), {layer.data(), layer.size()},
              to_vector(d_start_.layers[i]));
    }
  }

 private:
  static constexpr double kStep = 1e-5, kTolerance = 2e-9;
  static constexpr double kHeld = 0.5;  // what the gradients hold before: backward adds to it

  View<double> forward(State<double>& state, Tape<double>* tape) {
    subject_.pack();
    const Random* dropout = case_.dropout ? &*case_.dropout : nullptr;
    return subject_.forward({subject_.parameters, scratch_, given() ? &state : nullptr, tape, dropout}, case_.steps,
                            case_.x);
  }
  bool given() const { return case_.start != Start::kInitial; }

  double loss() {
    State<double> state = start_.copy();
    const View<double> y = forward(state, nullptr);
    double sum = 0.0;
    for (size_t r = 0; r < y.rows; ++r)
      for (size_t c = 0; c < y.cols; ++c) sum += d_y_(r, c) * y(r, c);
    for (size_t i = 0; i < state.layers.size(); ++i)
      for (size_t k = 0; k < state.layers[i].size(); ++k) sum += d_final_.layers[i][k] * state.layers[i][k];
    return sum;
  }

  // Runs backward with and without the gradient of x, which must not change the others.
  void differentiate() {
    const std::vector<double> without = backward(false);
    gradients_ = backward(true);
    EXPECT_TRUE(same_bits(without, gradients_)) << "gradients depend on need_d_x";
  }

  std::vector<double> backward(bool need_d_x) {
    State<double> state = start_.copy();
    Tape<double> tape;
    const View<double> y = forward(state, &tape);
    EXPECT_EQ(y.rows, d_y_.rows());
    EXPECT_EQ(y.cols, d_y_.cols());
    subject_.parameters.gradients().fill(kHeld);
    Buffer<double> d_y;
    std::copy_n(d_y_.data(), d_y_.size(), d_y.matrix(d_y_.rows(), d_y_.cols()).data);
    d_start_ = d_final_.copy();
    const View<double> d_x = subject_.backward({subject_.parameters, scratch_, tape, given() ? &d_start_ : nullptr},
                                               case_.steps, {d_y.data(), d_y_.rows(), d_y_.cols()}, need_d_x);
    if (need_d_x && case_.x_has_gradient) {
      EXPECT_EQ(d_x.rows, case_.x.rows());
      EXPECT_EQ(d_x.cols, case_.x.cols());
      d_x_ = Tensor<double>(d_x.rows, d_x.cols);
      for (size_t r = 0; r < d_x.rows; ++r) std::copy_n(d_x.row(r), d_x.cols, &d_x_(r, 0));
    }
    return to_vector(subject_.parameters.gradients());
  }

  void compare_parameters() {
    for (size_t i = 0; i < subject_.parameters.list().size(); ++i) {
      const Parameter& p = subject_.parameters.list()[i];
      std::vector<double> d(gradients_.begin() + p.offset, gradients_.begin() + p.offset + p.size());
      for (double& value : d) value -= kHeld;
      compare(p.name, {subject_.parameters.value(i).data, p.size()}, d);
    }
  }

  void compare(const std::string& name, std::span<double> values, const std::vector<double>& gradients) {
    ASSERT_EQ(values.size(), gradients.size()) << name;
    for (size_t i = 0; i < values.size(); i += case_.every) {
      const double value = values[i], above = value + kStep, below = value - kStep;
      values[i] = above;
      const double loss_above = loss();
      values[i] = below;
      const double loss_below = loss();
      values[i] = value;
      const double expected = (loss_above - loss_below) / (above - below);
      EXPECT_NEAR(gradients[i], expected, kTolerance * std::max(1.0, std::abs(expected))) << name << ", element " << i;
    }
  }

  Differentiable subject_;
  GradientCase case_;
  Tensor<double> d_y_;
  State<double> start_, d_final_, d_start_;
  std::vector<double> gradients_;
  Tensor<double> d_x_;
  ThreadPool pool_{2};
  Scratch<double> scratch_{pool_};
};

// One call checks any layer or network.
inline void check_gradients(Differentiable subject, GradientCase c) {
  GradientCheck(std::move(subject), std::move(c)).run();
}

}  // namespace elman
