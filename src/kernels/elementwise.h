#pragma once

#include <span>

#include "tensor/view.h"

namespace elman {

// Serial, vectorised, and the same bits under every instruction set: callers split ranges over threads where each
// element is its own, and keep sums whole. The errors in units in the last place (ULP) are of the float versions, over
// all finite arguments.

void exp_inplace(std::span<float> x) noexcept;  // 1.1 ULP
void exp_inplace(std::span<double> x) noexcept;
void log_inplace(std::span<float> x) noexcept;  // 1 ULP
void log_inplace(std::span<double> x) noexcept;
void tanh_inplace(std::span<float> x) noexcept;  // 2.5 ULP
void tanh_inplace(std::span<double> x) noexcept;
void sigmoid_inplace(std::span<float> x) noexcept;  // 2.5 ULP
void sigmoid_inplace(std::span<double> x) noexcept;

// Each row becomes exp(x - max) / sum: positive, sums to 1. A row that holds NaN or +infinity becomes NaN.
void softmax_rows(View<float> x) noexcept;
void softmax_rows(View<double> x) noexcept;

// x *= factor
void scale(float factor, std::span<float> x) noexcept;
void scale(double factor, std::span<double> x) noexcept;
// y += factor * x, fused. REQUIRES: equal sizes.
void axpy(float factor, std::span<const float> x, std::span<float> y) noexcept;
void axpy(double factor, std::span<const double> x, std::span<double> y) noexcept;

// Accumulated in double.
double sum_of_squares(std::span<const float> x) noexcept;
double sum_of_squares(std::span<const double> x) noexcept;

// sums[j] += x(0, j), then x(1, j) and so on. REQUIRES: sums holds x.cols elements.
void column_sums(ConstView<float> x, float* sums) noexcept;
void column_sums(ConstView<double> x, double* sums) noexcept;

// The scalars of one Adam step (Kingma & Ba 2015; decoupled decay after Loshchilov & Hutter 2019).
struct AdamCoefficients {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double step_size = 1e-3;    // learning rate / (1 - beta1^t)
  double second_root = 1;     // sqrt(1 - beta2^t)
  double keep = 1;            // 1 - learning rate * weight decay
  double gradient_scale = 1;  // clipping, applied on the way
};

template <class T>
struct AdamState {
  std::span<T> values;
  std::span<const T> gradients;
  std::span<T> first, second;  // moments
};

// values = keep * values - step_size * first / (sqrt(second) / second_root + epsilon) after both moments took the
// gradient in, in the order of PyTorch's AdamW. REQUIRES: four spans of one size.
void adam_update(const AdamState<float>& state, const AdamCoefficients& coefficients) noexcept;
void adam_update(const AdamState<double>& state, const AdamCoefficients& coefficients) noexcept;

}  // namespace elman
