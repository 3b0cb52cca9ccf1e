// How fast the kernels run on this machine, for each instruction set: products in GFLOP/s and as a share of one that
// stays in the cache, activations in elements per nanosecond. The best of many runs; one thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "kernels/targets.h"
#include "base/random.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace elman {
namespace {

struct Shape {
  size_t m, n, k;
  double flops() const { return 2.0 * static_cast<double>(m * n * k); }
};

// Input projections of whole sequences, then recurrent steps, then single rows.
constexpr Shape kProducts[] = {{2048, 512, 512}, {2048, 1024, 1024}, {1600, 512, 128}, {64, 1024, 256},
                               {32, 4096, 1024}, {16, 2048, 512},    {16, 1024, 256},  {16, 512, 128},
                               {16, 256, 64},    {4, 512, 128},      {1, 512, 128},    {1, 256, 64},
                               {1, 64, 16}};
// Weight gradients of LSTM layers: m gates, n inputs, k rows, which are apart as the layers' are.
constexpr Shape kGradients[] = {
    {2048, 512, 3200}, {1024, 256, 3200}, {512, 128, 1600}, {256, 64, 1600}, {256, 1, 1600}};

Tensor<float> random_matrix(size_t rows, size_t cols) {
  Random random(1, rows * cols);
  Tensor<float> result(rows, cols);
  for (size_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<float>(random.uniform(-1, 1));
  return result;
}

// Seconds of the fastest run within half a second; short bodies are repeated within a run.
template <class Body>
double best_seconds(double work, const Body& body) {
  using Clock = std::chrono::steady_clock;
  const int repeats = std::max(1, static_cast<int>(1e6 / work));
  double best = 1e9;
  for (const auto end = Clock::now() + std::chrono::milliseconds(500); Clock::now() < end;) {
    const auto start = Clock::now();
    for (int i = 0; i < repeats; ++i) body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / repeats);
  }
  return best;
}

void report(const char* name, const Shape& shape, double seconds, double cached) {
  const double rate = shape.flops() / seconds;
  std::printf("%-8s %5zu x %4zu x %4zu %10.2f us %7.1f GFLOP/s %5.1f %%\n", name, shape.m, shape.n, shape.k,
              seconds * 1e6, rate / 1e9, 100 * rate / cached);
}

double product_seconds(const Shape& shape) {
  const Tensor<float> a = random_matrix(shape.m, shape.k), b = random_matrix(shape.k, shape.n);
  Tensor<float> c(shape.m, shape.n);
  PackedMatrix<float> packed;
  packed.pack(b);
  return best_seconds(shape.flops(), [&] { gemm<float>(a, packed, c, GemmStart::kZero); });
}

double gradient_seconds(const Shape& shape) {
  const Tensor<float> rows = random_matrix(shape.k, shape.m + kAlignment / sizeof(float)),
                      b = random_matrix(shape.k, shape.n);
  const ConstView<float> a = ConstView<float>(rows).slice_cols(0, shape.m);
  Tensor<float> c(shape.m, shape.n);
  Buffer<float> workspace;
  return best_seconds(shape.flops(), [&] { gemm_gradient<float>(a, b, c, workspace); });
}

// The yardstick: a product whose operands stay in the second-level cache, within a few percent of the multiply-add
// peak.
double cached_flops() {
  constexpr Shape kCached{96, 256, 256};
  return kCached.flops() / product_seconds(kCached);
}

void report_function(const char* name, void (*function)(std::span<float>) noexcept) {
  constexpr size_t kSize = 4096;
  Tensor<float> x = random_matrix(1, kSize);
  std::vector<float> y(kSize);
  const double seconds = best_seconds(kSize, [&] {
    std::copy_n(x.data(), kSize, y.data());
    function(y);
  });
  std::printf("%-8s %.3g elements/ns\n", name, kSize / seconds * 1e-9);
}

void run(const InstructionSet& target) {
  const ForcedTarget forced(target);
  const double cached = cached_flops();
  std::printf("%.*s: %.1f GFLOP/s from the second-level cache\n", static_cast<int>(target.name.size()),
              target.name.data(), cached / 1e9);
  for (const Shape& shape : kProducts) report("gemm", shape, product_seconds(shape), cached);
  for (const Shape& shape : kGradients) report("gradient", shape, gradient_seconds(shape), cached);
  report_function("exp", exp_inplace);
  report_function("tanh", tanh_inplace);
  report_function("sigmoid", sigmoid_inplace);
}

}  // namespace
}  // namespace elman

int main() {
  for (const elman::InstructionSet& target : elman::supported_targets()) elman::run(target);
}
