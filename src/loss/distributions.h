#pragma once

#include "tensor/view.h"

namespace elman {

// What the prediction columns of the distribution losses stand for. A network's output may be any number, so positive
// parameters go through positive(), which also keeps them away from 0.
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

}  // namespace elman
