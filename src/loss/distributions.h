#pragma once

#include "loss/loss.h"
#include "tensor/view.h"

namespace elman {

// What the prediction columns of the distribution losses stand for, and the distributions themselves. A network's
// output may be any number, so positive parameters go through positive(), which also keeps them away from 0.
double positive(double raw) noexcept;  // softplus(raw) + 1e-6

// Columns: mean, raw scale.
struct GaussianParameters {
  double mean, scale;
  static GaussianParameters from(const double* raw) noexcept;
};

// Columns: location, raw scale, raw degrees of freedom; these stay above 2, so that the variance exists.
struct StudentTParameters {
  double location, scale, freedom;
  static StudentTParameters from(const double* raw) noexcept;
};

// Columns: raw mean, raw dispersion. The variance is mean + dispersion * mean^2 (Salinas et al. 2020, DeepAR).
struct NegativeBinomialParameters {
  double mean, dispersion;
  static NegativeBinomialParameters from(const double* raw) noexcept;
};

// -log P(Y = y) of a count, and its derivatives by the parameters.
double negative_log_likelihood(const NegativeBinomialParameters& p, double y, NegativeBinomialParameters& d) noexcept;

// The loss 'negative_binomial' of counts in units of a row's own scale (Salinas et al. 2020): target * row_scale is the
// count, whole but for rounding, and row_scale * positive(raw mean) its mean; the dispersion has no unit. Shapes,
// weights, gradient and errors as in Loss::evaluate; row_scales [rows] are above 0.
template <class T>
LossValue scaled_negative_binomial(ConstView<T> prediction, ConstView<T> target, const double* row_scales,
                                   const T* row_weights, View<T> d_prediction, ThreadPool& pool = no_threads());

double normal_density(double z) noexcept;  // of the standard normal distribution
// P(Y <= y) and its inverse, the least y with P(Y <= y) >= level. NaN in, NaN out. REQUIRES: 0 < level < 1.
double normal_cdf(double z) noexcept;
double normal_quantile(double level) noexcept;
double cdf(const GaussianParameters& p, double y) noexcept;
double quantile(const GaussianParameters& p, double level) noexcept;
double cdf(const StudentTParameters& p, double y) noexcept;
double quantile(const StudentTParameters& p, double level) noexcept;
double cdf(const NegativeBinomialParameters& p, double y) noexcept;
double quantile(const NegativeBinomialParameters& p, double level) noexcept;  // a whole number

}  // namespace elman
