#include "tasks/blend.h"

#include <vector>

namespace elman {

void blend(const ForecastConfig& config, const ForecastHead& head, const Windows& windows, const Series& series,
           size_t origin, const WindowScale& scale, std::span<const double> base, float* raw) {
  if (blends_nothing(config)) return;
  // Theta knows no season from a short past, and what was held out judged it by full ones.
  const double share = origin < config.look_back ? 0.0 : config.theta_share;
  std::vector<double> theta;
  if (share > 0) theta = windows.forecast_of(*find_base(kShrunkenThetaName), series, origin, config.values_read());
  for (size_t step = 0; step < config.horizon; ++step) {
    float* const at_step = raw + step * head.outputs();
    head.keep_skewness(at_step, static_cast<float>(config.skewness));
    const double location = head.location(at_step), believed = config.correction * location;
    const double toward = share > 0 ? share * ((theta[step] - base[step]) / scale.scale - believed) : 0;
    head.move(at_step, static_cast<float>(believed + toward - location));
  }
}

bool blends_nothing(const ForecastConfig& config) noexcept {
  return config.skewness == 1 && config.correction == 1 && config.theta_share == 0;
}

}  // namespace elman
