#pragma once

// Special functions in double from additions, multiplications, divisions and bit operations alone, so that they have
// the same bits on every machine, which the C library's versions do not promise.
namespace elman::special {

inline constexpr double kHalfLogTwoPi = 0.91893853320467274178;  // log(2 pi) / 2

// e^x to 1 ULP; below -708 it stays at about 1e-308. REQUIRES: x <= 709 or NaN, which gives NaN.
double exp(double x) noexcept;
// Natural logarithm. REQUIRES: x positive and normal, or infinite, or NaN.
double log(double x) noexcept;
// log(1 + x), exact for small x too. REQUIRES: x >= 0 or NaN.
double log1p(double x) noexcept;

// log(1 + e^x): maps any number to a positive one.
double softplus(double x) noexcept;
// 1 / (1 + e^-x), the derivative of softplus.
double sigmoid(double x) noexcept;

// log Gamma(x) and its derivative, by recurrence up to 10 and Stirling's series from there (Abramowitz & Stegun 6.1.41,
// 6.3.18). REQUIRES: x > 0 or NaN.
double log_gamma(double x) noexcept;
double digamma(double x) noexcept;

}  // namespace elman::special
