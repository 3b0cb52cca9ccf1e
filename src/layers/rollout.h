#pragma once

#include <vector>

#include "layers/layer.h"

namespace elman {

struct RolloutOptions {
  size_t input_size = 0, steps = 0;
  size_t features = 0;       // columns known of past and future alike
  size_t value = 0;          // column of what is forecast, known of the past alone
  std::vector<size_t> lags;  // ascending, from 1 on
  size_t feedback = 0;       // the output that is the value of a step written
  bool positive = false;     // its softplus is
};

// The recurrence of the textbook, which reads what it wrote: [past + steps, batch, input] → [steps, batch, output].
// The reader, layers that could stream, turns the row of a time t into the forecast of t:
//
//   row[t] = x[t, known features], x[t-1, the other columns but value], value[t-lag] for each lag
//   value[t] = x[t, value] in the past, then feedback(y[t])
//
// One call of the reader takes the rows of the past, from the first all of whose lags lie in it, and that of the first
// step written; each further step is a call of its own, from the state the one before has left. So the gradient is
// exact: on its way back through the calls it passes the states and the values fed back.
template <class T>
class RolloutLayer : public Layer<T> {
 public:
  RolloutLayer(size_t id, const RolloutOptions& options, LayerPtr<T> reader)
      : Layer<T>(id), options_(options), reader_(std::move(reader)) {}

  size_t output_size() const override { return reader_->output_size(); }
  Steps output_steps(const Steps& steps) const override { return {options_.steps, steps.batch()}; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override {
    reader_->pack(parameters, pool, training);
  }
  void narrow(Parameters<T>& parameters) override { reader_->narrow(parameters); }
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;
  bool needs_future() const override { return true; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kRows, kOutput, kDeltaFirst, kDeltaInput };
  // The times of one call of the reader, the `k`-th of as many as there are steps; its last forecast is step k.
  struct Call {
    size_t first, count;  // times
    size_t row;           // of the reader's rows
    Steps steps;
  };
  // Steps of the past. Throws kUsage where lags reach before them.
  size_t past(const Steps& steps) const;
  Call call(const Steps& steps, size_t k) const;
  size_t rows(const Steps& steps) const { return (steps.steps() - options_.lags.back()) * steps.batch(); }
  size_t row_size() const { return options_.input_size - 1 + options_.lags.size(); }

  // Calls visit(x's row, x's column, the row's column, count) for each run of columns that a row of time t takes from
  // x.
  template <class Visit>
  void for_each_run(size_t t, size_t batch, size_t b, Visit&& visit) const;
  void fill(const Call& call, const Steps& steps, ConstView<T> x, ConstView<T> y, View<T> rows) const;
  // The way back of fill(): adds to d_x, if it has data, and to d_y.
  void spread(const Call& call, const Steps& steps, ConstView<T> d_rows, ConstView<T> y, View<T> d_x,
              View<T> d_y) const;
  T value_of(T output) const;
  T slope_at(T output) const;  // of value_of

  RolloutOptions options_;
  LayerPtr<T> reader_;
};

}  // namespace elman
