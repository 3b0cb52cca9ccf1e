// Negative log-likelihoods. Each is differentiated by the distribution's parameters first; a raw output behind
// positive() then contributes the factor sigmoid(raw).
#include "loss/distributions.h"

#include <cmath>

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

// With r = 1 / dispersion: lg(y + 1) + lg(r) - lg(y + r) + (y + r) log(1 + m / r) - y log(m / r)
double negative_log_likelihood(const NegativeBinomialParameters& p, double y, NegativeBinomialParameters& d) noexcept {
  const double r = 1.0 / p.dispersion, ratio = p.mean * p.dispersion, growth = log1p(ratio);
  d.mean = (p.mean - y) / (p.mean * (1.0 + ratio));
  d.dispersion = -(digamma(r) - digamma(y + r) + growth + (y - p.mean) / (r + p.mean)) * r * r;
  return log_gamma(y + 1.0) + log_gamma(r) - log_gamma(y + r) + (y + r) * growth - y * log(ratio);
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
    return log(scale) + 0.5 * z * z + special::kHalfLogTwoPi;
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

struct NegativeBinomial {
  static constexpr std::string_view kName = "negative_binomial";
  static constexpr TargetKind kTarget = TargetKind::kCount;
  explicit NegativeBinomial(const LossConfig&) {}
  size_t outputs() const noexcept { return 2; }

  double operator()(const double* raw, double y, double* d) const noexcept {
    NegativeBinomialParameters slope;
    const double loss = negative_log_likelihood(NegativeBinomialParameters::from(raw), y, slope);
    d[0] = slope.mean * sigmoid(raw[0]);
    d[1] = slope.dispersion * sigmoid(raw[1]);
    return loss;
  }
};

// Of counts that came divided by their row's scale.
template <class T>
class ScaledNegativeBinomial final : public Loss<T> {
 public:
  explicit ScaledNegativeBinomial(const double* row_scales) : row_scales_(row_scales) {}

  std::string_view name() const noexcept override { return NegativeBinomial::kName; }
  TargetKind target_kind() const noexcept override { return NegativeBinomial::kTarget; }
  size_t outputs() const noexcept override { return 2; }

 private:
  double row_loss(const typename Loss<T>::Row& row) const override {
    const double scale = row_scales_[row.index];
    double sum = 0.0;
    for (size_t j = 0; j < row.targets; ++j) {
      double d[2] = {0.0, 0.0};
      if (row.counts(j)) {
        const double raw[2] = {row.prediction[2 * j], row.prediction[2 * j + 1]};
        NegativeBinomialParameters p = NegativeBinomialParameters::from(raw), slope;
        p.mean *= scale;
        sum += negative_log_likelihood(p, std::round(row.target[j] * scale), slope);
        d[0] = slope.mean * scale * sigmoid(raw[0]);
        d[1] = slope.dispersion * sigmoid(raw[1]);
      }
      for (size_t k = 0; row.d_prediction && k < 2; ++k) row.d_prediction[2 * j + k] = static_cast<T>(d[k] * row.scale);
    }
    return sum;
  }

  const double* row_scales_;
};

}  // namespace

template <class T>
LossValue scaled_negative_binomial(ConstView<T> prediction, ConstView<T> target, const double* row_scales,
                                   const T* row_weights, View<T> d_prediction, ThreadPool& pool) {
  return ScaledNegativeBinomial<T>(row_scales).evaluate(prediction, target, row_weights, d_prediction, pool);
}

template LossValue scaled_negative_binomial(ConstView<float>, ConstView<float>, const double*, const float*,
                                            View<float>, ThreadPool&);
template LossValue scaled_negative_binomial(ConstView<double>, ConstView<double>, const double*, const double*,
                                            View<double>, ThreadPool&);

extern const LossEntry kGaussian = pointwise_entry<Gaussian>();
extern const LossEntry kStudentT = pointwise_entry<StudentT>();
extern const LossEntry kNegativeBinomial = pointwise_entry<NegativeBinomial>();

}  // namespace elman
