#include "tasks/forecast_head.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/registry.h"
#include "loss/distributions.h"
#include "tasks/levels.h"
#include "tasks/quantile_curve.h"

namespace elman {
namespace {

constexpr double kSameLevel = 1e-9;
constexpr double kLargestCount = 1 << 22;  // what single precision keeps whole beside a scale of its own

// The quantiles themselves, trained by the pinball loss at each level.
class QuantileHead final : public ForecastHead {
 public:
  explicit QuantileHead(const std::vector<double>& levels)
      : ForecastHead(levels),
        loss_(make_loss<float>({.name = "quantile", .quantiles = levels})),
        mean_weights_(mean_weights(levels)) {}

  size_t outputs() const noexcept override { return levels().size(); }
  bool knows_all_levels() const noexcept override { return false; }
  bool loss_has_units() const noexcept override { return true; }

  LossValue evaluate(ConstView<float> prediction, ConstView<float> target, std::span<const double>,
                     const float* weights, View<float> d_prediction, ThreadPool& pool) const override {
    return loss_->evaluate(prediction, target, weights, d_prediction, pool);
  }
  void quantiles(const float* raw, double, std::span<float> at_levels) const override {
    std::copy_n(raw, outputs(), at_levels.begin());
    std::sort(at_levels.begin(), at_levels.end());  // never crossing
  }
  double quantile(const float* raw, double, double level) const override {
    return QuantileCurve(levels(), sorted(raw)).at(level);
  }
  double mean(const float* raw, double) const override {
    const std::vector<double> ascending = sorted(raw);
    return std::inner_product(ascending.begin(), ascending.end(), mean_weights_.begin(), 0.0);
  }
  double rank(const float* raw, double, double y) const override {
    return QuantileCurve(levels(), sorted(raw)).rank(y);
  }
  double possible(double value, double) const noexcept override { return value; }
  Feedback feedback() const noexcept override { return {blend_of(0.5, levels())->low}; }  // the median
  void move(float* raw, float by) const noexcept override {
    for (size_t k = 0; k < outputs(); ++k) raw[k] += by;
  }
  void keep_skewness(float* raw, float share) const noexcept override {
    for (size_t low = 0, high = outputs() - 1; low < high; ++low, --high) {
      if (std::abs(levels()[low] + levels()[high] - 1) > kSameLevel) continue;  // no mirror images
      const float skewness = (raw[low] + raw[high]) / 2 - location(raw);
      raw[low] -= (1 - share) * skewness;
      raw[high] -= (1 - share) * skewness;
    }
  }
  void check(const SeriesSet&) const override {}

 private:
  std::vector<double> sorted(const float* raw) const {
    std::vector<double> values(raw, raw + outputs());
    std::sort(values.begin(), values.end());
    return values;
  }
  std::unique_ptr<Loss<float>> loss_;
  std::vector<double> mean_weights_;
};

// Any distribution of a real value that src/loss fits: `Parameters` reads its raw outputs.
template <class Parameters, size_t kOutputs>
class RealHead final : public ForecastHead {
 public:
  RealHead(const std::vector<double>& levels, const char* loss)
      : ForecastHead(levels), loss_(make_loss<float>({.name = loss})) {}

  size_t outputs() const noexcept override { return kOutputs; }
  bool knows_all_levels() const noexcept override { return true; }
  bool loss_has_units() const noexcept override { return false; }

  LossValue evaluate(ConstView<float> prediction, ConstView<float> target, std::span<const double>,
                     const float* weights, View<float> d_prediction, ThreadPool& pool) const override {
    return loss_->evaluate(prediction, target, weights, d_prediction, pool);
  }
  void quantiles(const float* raw, double scale, std::span<float> at_levels) const override {
    for (size_t k = 0; k < at_levels.size(); ++k) at_levels[k] = static_cast<float>(quantile(raw, scale, levels()[k]));
  }
  double quantile(const float* raw, double, double level) const override {
    return elman::quantile(parameters(raw), level);
  }
  double mean(const float* raw, double) const override { return location(raw); }
  double rank(const float* raw, double, double y) const override { return cdf(parameters(raw), y); }
  double possible(double value, double) const noexcept override { return value; }
  Feedback feedback() const noexcept override { return {}; }  // the location
  void move(float* raw, float by) const noexcept override { raw[0] += by; }
  void check(const SeriesSet&) const override {}

 private:
  static Parameters parameters(const float* raw) {
    double wide[kOutputs];
    std::copy_n(raw, kOutputs, wide);
    return Parameters::from(wide);
  }
  std::unique_ptr<Loss<float>> loss_;
};

// Counts. The mean is positive(raw) times the window's scale; what is asked and answered is in units of that scale.
class CountHead final : public ForecastHead {
 public:
  using ForecastHead::ForecastHead;

  size_t outputs() const noexcept override { return 2; }
  bool knows_all_levels() const noexcept override { return true; }
  bool loss_has_units() const noexcept override { return false; }

  LossValue evaluate(ConstView<float> prediction, ConstView<float> target, std::span<const double> scales,
                     const float* weights, View<float> d_prediction, ThreadPool& pool) const override {
    return scaled_negative_binomial(prediction, target, scales.data(), weights, d_prediction, pool);
  }
  void quantiles(const float* raw, double scale, std::span<float> at_levels) const override {
    for (size_t k = 0; k < at_levels.size(); ++k) at_levels[k] = static_cast<float>(quantile(raw, scale, levels()[k]));
  }
  double quantile(const float* raw, double scale, double level) const override {
    return elman::quantile(parameters(raw, scale), level) / scale;
  }
  double mean(const float* raw, double scale) const override { return parameters(raw, scale).mean / scale; }
  double rank(const float* raw, double scale, double y) const override {
    const NegativeBinomialParameters p = parameters(raw, scale);
    const double count = std::round(y * scale);
    return (cdf(p, count - 1) + cdf(p, count)) / 2;
  }
  // An interval's bounds go inwards to the counts it holds, but not past one that rounding has moved.
  double possible(double value, double level) const noexcept override {
    const double slack = 1e-6 * (1 + std::abs(value));
    return level < 0.5 ? std::ceil(value - slack) : std::floor(value + slack);
  }
  Feedback feedback() const noexcept override { return {0, true}; }  // the mean
  void move(float*, float) const noexcept override {}
  void check(const SeriesSet& data) const override {
    for (const Series& s : data.series)
      for (const double v : s.values)
        if (!std::isnan(v) && !is_count(v))
          fail(
              ErrorCode::kData,
              "{}: series '{}' holds {}, expected whole numbers from 0 to {} with --head negative_binomial; use --head "
              "student_t or quantile",
              data.path, s.id, v, kLargestCount);
  }

 private:
  static NegativeBinomialParameters parameters(const float* raw, double scale) {
    const double wide[] = {raw[0], raw[1]};
    NegativeBinomialParameters p = NegativeBinomialParameters::from(wide);
    p.mean *= scale;
    return p;
  }
};

using Made = std::unique_ptr<ForecastHead>;
using Levels = std::vector<double>;

constexpr HeadEntry kHeads[] = {
    {"quantile", "quantiles", false, [](const Levels& l) -> Made { return std::make_unique<QuantileHead>(l); }},
    {"student_t", "location, scale and degrees of freedom of a Student-t distribution", false,
     [](const Levels& l) -> Made { return std::make_unique<RealHead<StudentTParameters, 3>>(l, "student_t"); }},
    {"gaussian", "mean and scale of a normal distribution", false,
     [](const Levels& l) -> Made { return std::make_unique<RealHead<GaussianParameters, 2>>(l, "gaussian"); }},
    {"negative_binomial", "mean and dispersion of a negative binomial distribution of counts", true,
     [](const Levels& l) -> Made { return std::make_unique<CountHead>(l); }},
};

}  // namespace

bool is_count(double value) noexcept { return value >= 0 && value <= kLargestCount && value == std::floor(value); }

std::span<const HeadEntry> forecast_heads() { return kHeads; }

const HeadEntry& find_head(std::string_view name) {
  return find_named(kHeads, &HeadEntry::name, name, "head", "heads");
}

}  // namespace elman
