#pragma once

#include <cstddef>
#include <span>

namespace elman {

// The test of equal accuracy by Diebold & Mariano (1995), with the correction for small samples and Student's t of
// Harvey, Leybourne & Newbold (1997).
struct DieboldMariano {
  double statistic = 0;  // negative: the first of the two forecasters loses less
  double p_value = 1;    // two-sided; NaN when there are too few origins to test
  size_t origins = 0;
  size_t lags = 0;  // autocovariances counted beside the variance
};

// `differences` [origins, in order of time]: the first forecaster's loss minus the second's. `span`: how many origins
// apart two forecasts must lie to share no step, 1 when none overlap; differences nearer than that are expected to be
// correlated, so span - 1 autocovariances enter the variance of the mean with full weight. Where that makes it
// negative, they enter with Bartlett's weights, which cannot (Newey & West 1987). More than `span` origins are needed,
// and two. Differences that are all the same leave no doubt: p is 0, or 1 if they are 0.
DieboldMariano diebold_mariano(std::span<const double> differences, size_t span);

// The probability that a Student's t variable of `freedom` degrees is farther from 0 than t.
double student_t_two_sided(double t, double freedom);

}  // namespace elman
