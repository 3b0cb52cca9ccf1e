// Negative log-likelihoods. Each is differentiated by the distribution's parameters first; a raw output behind
// positive() then contributes the factor sigmoid(raw).
#include "loss/distributions.h"

#include "loss/pointwise.h"
#include "loss/special.h"

namespace elman {

using special::digamma, special::log, special::log1p, special::log_gamma, special::sigmoid;

double positive(double raw) noexcept { return special::softplus(raw) + 1e-6; }

GaussianParameters GaussianParameters::from(const double* raw) noexcept { return {raw[0], positive(raw[1])}; }

StudentTParameters StudentTParameters::from(const double* raw) noexcept {
  return {raw[0], positive(raw[1]), 2.0 + special::softplus(raw[2])};
}

NegativeBinomialParameters NegativeBinomialParameters::from(const double* raw) noexcept {
  return {positive(raw[0]), positive(raw[1])};
}

namespace {

// log s + z^2 / 2 + log(2 pi) / 2,  z = (y - m) / s
struct Gaussian {
  static constexpr std::string_view kName = "gaussian";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit Gaussian(const LossConfig&) {}
  size_t outputs() const noexcept { return 2; }

  double operator()(const double* raw, double y, double* d) const noexcept {
    const auto [mean, scale] = GaussianParameters::from(raw);
    const double z = (y - mean) / scale;
    d[0] = -z / scale;
    d[1] = (1.0 - z * z) / scale * sigmoid(raw[1]);
    constexpr double kHalfLogTwoPi = 0.91893853320467274178;
    return log(scale) + 0.5 * z * z + kHalfLogTwoPi;
  }
};

// log s + log(pi v) / 2 + lg(v / 2) - lg((v + 1) / 2) + (v + 1) / 2 log(1 + z^2 / v),  z = (y - m) / s
struct StudentT {
  static constexpr std::string_view kName = "student_t";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit StudentT(const LossConfig&) {}
  size_t outputs() const noexcept { return 3; }

  double operator()(const double* raw, double y, double* d) const noexcept {
    const auto [location, scale, v] = StudentTParameters::from(raw);
    const double z = (y - location) / scale, tail = log1p(z * z / v);
    const double pull = (v + 1.0) * z / (v + z * z);  // d/dz of the last term
    d[0] = -pull / scale;
    d[1] = (1.0 - pull * z) / scale * sigmoid(raw[1]);
    d[2] = 0.5 * (1.0 / v + digamma(0.5 * v) - digamma(0.5 * (v + 1.0)) + tail - pull * z / v) * sigmoid(raw[2]);
    constexpr double kLogPi = 1.14472988584940017414;
    return log(scale) + 0.5 * (kLogPi + log(v)) + log_gamma(0.5 * v) - log_gamma(0.5 * (v + 1.0)) +
           0.5 * (v + 1.0) * tail;
  }
};

// With r = 1 / dispersion: lg(y + 1) + lg(r) - lg(y + r) + (y + r) log(1 + m / r) - y log(m / r)
struct NegativeBinomial {
  static constexpr std::string_view kName = "negative_binomial";
  static constexpr TargetKind kTarget = TargetKind::kCount;
  explicit NegativeBinomial(const LossConfig&) {}
  size_t outputs() const noexcept { return 2; }

  double operator()(const double* raw, double y, double* d) const noexcept {
    const auto [mean, dispersion] = NegativeBinomialParameters::from(raw);
    const double r = 1.0 / dispersion, ratio = mean * dispersion, growth = log1p(ratio);
    d[0] = (mean - y) / (mean * (1.0 + ratio)) * sigmoid(raw[0]);
    const double d_r = digamma(r) - digamma(y + r) + growth + (y - mean) / (r + mean);
    d[1] = -d_r * r * r * sigmoid(raw[1]);
    return log_gamma(y + 1.0) + log_gamma(r) - log_gamma(y + r) + (y + r) * growth - y * log(ratio);
  }
};

}  // namespace

extern const LossEntry kGaussian = pointwise_entry<Gaussian>();
extern const LossEntry kStudentT = pointwise_entry<StudentT>();
extern const LossEntry kNegativeBinomial = pointwise_entry<NegativeBinomial>();

}  // namespace elman
