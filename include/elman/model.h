#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "elman/error.h"
#include "elman/network.h"

namespace elman {

// A batch of sequences, time-major: value (t, b, feature) is values[(t * batch + b) * features + feature]. Sequences of
// different lengths come longest first, with their lengths; step t then holds only the sequences still running, without
// padding. The memory stays the caller's.
struct Sequences {
  std::span<const float> values;
  size_t steps = 1;
  size_t batch = 1;
  std::span<const size_t> lengths = {};
};

// What a network's output is compared with, and how. values: [rows][targets], rows as the network's output (one a
// sequence after LastStep, one a step otherwise); NaN is a missing target.
struct Target {
  std::string loss;  // mse mae huber quantile cross_entropy binary_cross_entropy gaussian student_t negative_binomial
  std::span<const float> values;
  size_t targets = 1;             // target columns a row
  std::vector<double> quantiles;  // quantile: levels in (0, 1); empty: 0.1, 0.5, 0.9
  double delta = 1.0;             // huber: |error| where the square turns into a line
};
inline Target mse(std::span<const float> values, size_t targets = 1) { return {"mse", values, targets, {}}; }
inline Target mae(std::span<const float> values, size_t targets = 1) { return {"mae", values, targets, {}}; }
// values: one class index a row; the network writes a logit for each class.
inline Target cross_entropy(std::span<const float> classes) { return {"cross_entropy", classes, 1, {}}; }
// The pinball loss (Koenker & Bassett 1978). The network writes a column for each level of each target: those of a
// target are neighbours.
inline Target quantile(std::span<const float> values, std::vector<double> levels, size_t targets = 1) {
  return {"quantile", values, targets, std::move(levels)};
}

class Stream;

// A recurrent network: its description, its parameters, and the means to train and run it. Calls of const members may
// run on any number of threads at once, each with a state of its own. Moves; copy() makes another of the same weights.
class Model {
 public:
  class State;

  // Initial weights are a function of `seed`. Throws Error(kUsage) on an unknown cell, sizes that do not fit or a name
  // that two layers share, Error(kLimit) on sizes or parameters beyond all use.
  explicit Model(const NetworkConfig& config, uint64_t seed = 1);
  // Reads a model file of any task. Throws Error(kModel) naming the file and what is wrong.
  static Model load(const std::string& path);
  // One safetensors file, atomically. Throws Error(kWrite); Error(kDiverged) when a weight is NaN or infinite.
  void save(const std::string& path) const;
  Model copy() const;
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  size_t input_size() const;
  size_t output_size() const;
  size_t parameter_count() const;

  // Output rows [rows][output_size]: a row for each of x, or for each sequence where a layer keeps one step. Starts
  // from `state` and leaves the final one there, from the initial state when null; so pieces of a sequence, one after
  // the other, give the outputs of the whole bit for bit. Throws Error(kUsage) when sizes disagree or the state is of
  // another network, Error(kData) on an index that is no symbol of an embedding; the state is then what it was.
  std::vector<float> forward(const Sequences& x, State* state = nullptr) const;

  // Forward and back through time: replaces the gradients by those of the mean loss, which it returns. `state` as in
  // forward(): with it gradients end where x begins, which is truncated back-propagation (Williams & Peng 1990), and an
  // initial state that is learned learns nothing. Dropout is on, its masks drawn from the seed and the number of calls.
  // Throws Error(kUsage) when sizes disagree or the loss is unknown, Error(kData) on an index or a target that cannot
  // be; the state is then what it was. One thread at a time.
  double backward(const Sequences& x, const Target& target, State* state = nullptr);

  // For forward() and backward(). Throws Error(kUsage) for a network that needs the future (bidirectional, flatten).
  State initial_state(size_t batch = 1) const;

  // All parameters, and in the same places their gradients, zeros before backward(). Call update() after writing to
  // parameters().
  std::span<float> parameters();
  std::span<const float> gradients() const;
  void update();
  // One parameter by its PyTorch name, e.g. "rnn.weight_ih_l0"; empty when there is none.
  std::span<float> parameter(const std::string& name);

  // Rounds the matrices to bfloat16 (8 bits of precision, within 2^-9 of each weight) and forgets the full ones: less
  // than half the memory, and faster where reading weights is what takes time. From then on the model runs, but
  // backward(), save(), copy() and update() throw Error(kUsage), and parameters() are empty. No other call may run
  // meanwhile; streams go on with the rounded weights.
  void narrow();

  // A stream starts at the initial state and keeps the model alive. Throws Error(kUsage) for a network that needs the
  // future (bidirectional, flatten).
  Stream stream() const;

 private:
  friend class Stream;
  class Carried;
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What a network remembers of each sequence of a batch. A value: copy it to go on from one place twice. It serves every
// model of the same description.
class Model::State {
 public:
  State(const State& other);
  State& operator=(const State& other);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  size_t batch() const;
  // Of recurrent layer `index`, from 0 and each of num_layers for itself: [batch][states][hidden_size], h before the
  // cell's other states. To read, or to write a start of one's own; empty when there is no such layer.
  std::span<float> layer(size_t index);

 private:
  friend class Model;
  struct Impl;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A network that runs one step at a time, with the numbers of forward() bit for bit. The state is a value: copy the
// stream to fork it.
class Stream {
 public:
  Stream(const Stream& other);
  Stream& operator=(const Stream& other);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  // Reads x [input_size], writes y [output_size]. No allocation after the first step, no lock.
  // REQUIRES: inputs are finite; for an embedding, an index within its symbols.
  void step(const float* x, float* y) noexcept;
  // Back to the initial state.
  void reset();

 private:
  friend class Model;
  struct Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace elman
