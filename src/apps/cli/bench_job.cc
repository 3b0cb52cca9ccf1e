#include "apps/cli/bench_job.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "cells/cell.h"
#include "elman/model.h"
#include "model/network.h"

namespace elman::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kLeastRepeats = 2;
constexpr double kWarmUp = 0.2;       // share of the time spent before the first timing counts
constexpr size_t kStepsAtOnce = 500;  // steps of a stream between two looks at the clock

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void fill_random(float* values, size_t n, uint64_t stream) {
  Random random(1, stream);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(random.uniform(-1, 1));
}

NetworkConfig network_of(const BenchJob& job) {
  NetworkConfig config{.input_size = job.features(),
                       .layers = {Recurrent{.cell = job.cell, .hidden_size = job.hidden_size}}};
  if (job.output_size > 0) config.layers.emplace_back(Linear{.output_size = job.output_size});
  return config;
}

// Milliseconds of each call of body, which follows an untimed call of prepare.
template <class Prepare, class Body>
std::vector<double> timings(const BenchJob& job, const Prepare& prepare, const Body& body) {
  std::vector<double> all;
  const auto start = Clock::now();
  for (bool warm = false; !warm; warm = seconds_since(start) >= kWarmUp * job.seconds) {
    prepare();
    body();
  }
  const size_t most = job.repeat > 0 ? job.repeat : SIZE_MAX;
  while (all.size() < most && (all.size() < kLeastRepeats || seconds_since(start) < job.seconds)) {
    prepare();
    const auto begin = Clock::now();
    body();
    all.push_back(1e3 * seconds_since(begin));
  }
  return all;
}

// A layer over a batch of random sequences.
class Sequence {
 public:
  explicit Sequence(const BenchJob& job)
      : network_(network_of(job)), pool_(job.threads), scratch_(pool_), steps_(job.layout()) {
    network_.initialize(1);
    fill_random(x_.matrix(steps_.rows(), network_.input_size()).data, steps_.rows() * network_.input_size(), 2);
    const Steps out = network_.output_steps(steps_);
    upstream_.resize(out.rows() * network_.output_size());
    fill_random(upstream_.data(), upstream_.size(), 3);
  }

  std::vector<double> forward(const BenchJob& job) {
    network_.pack(false);
    if (job.weights == "bf16") network_.narrow();
    return timings(
        job, [] {}, [&] { network_.forward(scratch_, steps_, x()); });
  }

  std::vector<double> forward_backward(const BenchJob& job) {
    const auto prepare = [&] { d_y_ = upstream_.copy(); };  // backward may overwrite what it is given
    return timings(job, prepare, [&] {
      network_.pack(pool_, true);
      network_.parameters().gradients().fill(0.0f);
      const View<float> y = network_.forward(scratch_, steps_, x(), nullptr, &tape_);
      network_.backward(scratch_, steps_, tape_, {d_y_.data(), y.rows, y.cols}, true);
    });
  }

 private:
  ConstView<float> x() const { return {x_.data(), steps_.rows(), network_.input_size()}; }

  Network<float> network_;
  ThreadPool pool_;
  Scratch<float> scratch_;
  Tape<float> tape_;
  Steps steps_;
  Buffer<float> x_, upstream_, d_y_;
};

// A stream, as a user of the library runs it.
std::vector<double> stream(const BenchJob& job) {
  constexpr size_t kInputs = 64;
  Model model(network_of(job));
  if (job.weights == "bf16") model.narrow();
  Stream stream = model.stream();
  std::vector<float> x(kInputs * job.features()), y(job.output_size ? job.output_size : job.hidden_size);
  fill_random(x.data(), x.size(), 2);
  std::vector<double> all = timings(
      job, [] {},
      [&] {
        for (size_t t = 0; t < kStepsAtOnce; ++t) stream.step(x.data() + t % kInputs * job.features(), y.data());
      });
  for (double& ms : all) ms /= kStepsAtOnce;
  return all;
}

std::vector<double> measure(const BenchJob& job) {
  if (job.mode == "fwdbwd" && job.weights != "f32")
    fail(ErrorCode::kUsage, "--weights {} cannot train; choose --mode fwd or step", job.weights);
  if (job.mode == "fwd") return Sequence(job).forward(job);
  if (job.mode == "fwdbwd") return Sequence(job).forward_backward(job);
  if (job.mode == "step") return stream(job);
  fail(ErrorCode::kUsage, "no mode '{}'; modes: fwd, fwdbwd, step", job.mode);
}

}  // namespace

std::vector<size_t> spread_lengths(size_t batch, size_t steps, double mean_length) {
  std::vector<size_t> lengths(batch);
  const double bend = 1 / mean_length - 1;  // u^bend over [0, 1] has the mean 1 / (bend + 1)
  for (size_t b = 0; b < batch; ++b) {
    const double u = 1 - (static_cast<double>(b) + 0.5) / static_cast<double>(batch);
    const double length = std::round(static_cast<double>(steps) * std::pow(u, bend));
    lengths[b] = std::clamp<size_t>(static_cast<size_t>(length), 1, steps);
  }
  lengths[0] = steps;
  return lengths;
}

Steps BenchJob::layout() const {
  return mean_length < 1 ? Steps::packed(spread_lengths(batch, steps, mean_length)) : Steps(steps, batch);
}

double BenchJob::flops() const {
  const double rows = mode == "step" ? 1 : static_cast<double>(layout().rows());
  const double matrices = static_cast<double>(find_cell(cell).spec.gates.size()) * static_cast<double>(hidden_size) *
                          static_cast<double>(features() + hidden_size);
  return (mode == "fwdbwd" ? 3 : 1) * 2 * matrices * rows;
}

BenchResult run(const BenchJob& job) {
  std::vector<double> all = measure(job);
  std::sort(all.begin(), all.end());
  return {.ms_median = all[all.size() / 2], .ms_min = all[0], .repeats = all.size()};
}

struct Competitor::Impl {
  std::jthread thread;
};

Competitor::Competitor() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::jthread([](const std::stop_token& stop) {
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0) {
      int last = CPU_SETSIZE - 1;
      while (last > 0 && !CPU_ISSET(last, &usable)) --last;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(last, &one);
      sched_setaffinity(0, sizeof one, &one);
    }
    while (!stop.stop_requested()) {
    }
  });
}

Competitor::~Competitor() = default;

}  // namespace elman::cli
