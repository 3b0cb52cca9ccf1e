#include "loss/special.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace elman::special {
namespace {

constexpr double kStirlingFrom = 10.0;  // where the series below are good to the last bit

// ln 2 in two parts; the high one times an exponent is exact.
constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;

// 1 / n!, the coefficients of e^r.
constexpr std::array<double, 14> kTaylor = [] {
  std::array<double, 14> coefficients{};
  double factorial = 1.0;
  for (size_t n = 0; n < coefficients.size(); factorial *= static_cast<double>(++n)) coefficients[n] = 1.0 / factorial;
  return coefficients;
}();

// 2 atanh(s) = log((1 + s) / (1 - s)), for |s| <= 0.2.
double twice_atanh(double s) noexcept {
  const double z = s * s;
  double series = 0.0;
  for (int odd = 23; odd >= 3; odd -= 2) series = (series + 1.0 / odd) * z;
  return 2.0 * (s + s * series);
}

}  // namespace

double exp(double x) noexcept {
  constexpr double kRound = 0x1.8p52;  // adding it leaves the nearest whole number in the low bits
  x = x < -708.0 ? -708.0 : x;
  const double shifted = x * 0x1.71547652b82fep0 + kRound;  // x / ln 2
  const double k = shifted - kRound;
  const double r = (x - k * kLn2High) - k * kLn2Low;  // x = k ln 2 + r, |r| <= ln(2) / 2
  double series = kTaylor.back();
  for (size_t n = kTaylor.size() - 1; n-- > 2;) series = series * r + kTaylor[n];
  const double power = std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
  return (1.0 + (r + r * r * series)) * power;
}

double log(double x) noexcept {
  if (!(x < std::numeric_limits<double>::infinity())) return x;
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)).
  constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int64_t k = static_cast<int64_t>(bits - kSqrtHalf) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<uint64_t>(k) << 52));
  return static_cast<double>(k) * kLn2High + (twice_atanh((m - 1.0) / (m + 1.0)) + static_cast<double>(k) * kLn2Low);
}

double log1p(double x) noexcept { return x < 0.5 ? twice_atanh(x / (2.0 + x)) : log(1.0 + x); }

double softplus(double x) noexcept { return (x > 0.0 ? x : 0.0) + log1p(exp(-std::fabs(x))); }

double sigmoid(double x) noexcept {
  const double e = exp(-std::fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

double log_gamma(double x) noexcept {
  double product = 1.0;
  for (; x < kStirlingFrom; x += 1.0) product *= x;
  const double z = 1.0 / (x * x);
  double series = 1.0 / 156.0;
  series = series * z - 691.0 / 360360.0;
  series = series * z + 1.0 / 1188.0;
  series = series * z - 1.0 / 1680.0;
  series = series * z + 1.0 / 1260.0;
  series = series * z - 1.0 / 360.0;
  series = series * z + 1.0 / 12.0;
  return (x - 0.5) * log(x) - x + kHalfLogTwoPi + series / x - log(product);
}

double digamma(double x) noexcept {
  double below = 0.0;
  for (; x < kStirlingFrom; x += 1.0) below += 1.0 / x;
  const double z = 1.0 / (x * x);
  double series = 1.0 / 12.0;
  series = series * z - 691.0 / 32760.0;
  series = series * z + 1.0 / 132.0;
  series = series * z - 1.0 / 240.0;
  series = series * z + 1.0 / 252.0;
  series = series * z - 1.0 / 120.0;
  series = series * z + 1.0 / 12.0;
  return log(x) - 0.5 / x - series * z - below;
}

}  // namespace elman::special
