// Losses of a point forecast, with e = p - y.
#include <array>
#include <cmath>

#include "loss/pointwise.h"

namespace elman {
namespace {

// -1, 0 or 1; NaN passes through.
double sign(double e) noexcept { return e > 0.0 ? 1.0 : e < 0.0 ? -1.0 : e; }

// Squared error e^2: fits the mean.
struct SquaredError {
  static constexpr std::string_view kName = "mse";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit SquaredError(const LossConfig&) {}
  size_t outputs() const noexcept { return 1; }

  double operator()(const double* p, double y, double* d) const noexcept {
    const double e = p[0] - y;
    d[0] = 2.0 * e;
    return e * e;
  }
};

// Absolute error |e|: fits the median. The gradient at 0 is 0.
struct AbsoluteError {
  static constexpr std::string_view kName = "mae";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit AbsoluteError(const LossConfig&) {}
  size_t outputs() const noexcept { return 1; }

  double operator()(const double* p, double y, double* d) const noexcept {
    const double e = p[0] - y;
    d[0] = sign(e);
    return std::fabs(e);
  }
};

// Huber (1964): e^2 / 2 up to |e| = delta, then delta (|e| - delta / 2).
struct Huber {
  static constexpr std::string_view kName = "huber";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit Huber(const LossConfig& config) : delta(config.delta) {
    if (!(delta > 0.0 && std::isfinite(delta)))
      fail(ErrorCode::kUsage, "loss 'huber': delta is {}, expected a number above 0", delta);
  }
  size_t outputs() const noexcept { return 1; }

  double operator()(const double* p, double y, double* d) const noexcept {
    const double e = p[0] - y, size = std::fabs(e);
    if (size > delta) {
      d[0] = delta * sign(e);
      return delta * (size - 0.5 * delta);
    }
    d[0] = e;
    return 0.5 * e * e;
  }
  double delta;
};

// Pinball loss (Koenker & Bassett 1978), the mean over the levels q of max(-q e, (1 - q) e): column k fits the level
// quantiles[k]; at the single level 0.5 it is half the absolute error. The gradient at 0 is 0.
struct Quantile {
  static constexpr std::string_view kName = "quantile";
  static constexpr TargetKind kTarget = TargetKind::kReal;
  explicit Quantile(const LossConfig& config) {
    if (config.quantiles.empty()) fail(ErrorCode::kUsage, "loss 'quantile': no quantiles, expected at least one level");
    for (const double level : config.quantiles) {
      if (!(level > 0.0 && level < 1.0))
        fail(ErrorCode::kUsage, "loss 'quantile': level is {}, expected a number between 0 and 1", level);
      slopes.push_back({-level, 1.0 - level});
    }
  }
  size_t outputs() const noexcept { return slopes.size(); }

  double operator()(const double* p, double y, double* d) const noexcept {
    const double share = 1.0 / static_cast<double>(slopes.size());
    double sum = 0.0;
    for (size_t k = 0; k < slopes.size(); ++k) {
      const double e = p[k] - y;
      double slope = slopes[k][e > 0.0];  // a look-up: no processor foresees the sign of an error
      if (!(std::fabs(e) > 0.0)) slope = e;
      sum += slope * e;
      d[k] = share * slope;
    }
    return share * sum;
  }
  std::vector<std::array<double, 2>> slopes;  // of each level, below the target and above
};

}  // namespace

extern const LossEntry kSquaredError = pointwise_entry<SquaredError>();
extern const LossEntry kAbsoluteError = pointwise_entry<AbsoluteError>();
extern const LossEntry kHuber = pointwise_entry<Huber>();
extern const LossEntry kQuantile = pointwise_entry<Quantile>();

}  // namespace elman
