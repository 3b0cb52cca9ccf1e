#pragma once

#include <span>

#include "tasks/forecast_head.h"
#include "tasks/windows.h"

namespace elman {

// What becomes of a network's raw outputs for one window, [horizon * head.outputs()]: a share of the skewness of its
// quantiles and of its corrections of `base` is believed, then a share of the way to Theta's forecast of the past is
// gone (ForecastConfig: skewness, correction, theta_share). Two such different forecasts err differently, and less
// together (Bates & Granger 1969). Where less than the look-back is known Theta has no share.
void blend(const ForecastConfig& config, const ForecastHead& head, const Windows& windows, const Series& series,
           size_t origin, const WindowScale& scale, std::span<const double> base, float* raw);
// Whether it leaves raw outputs as they are.
bool blends_nothing(const ForecastConfig& config) noexcept;

}  // namespace elman
