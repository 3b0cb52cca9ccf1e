#pragma once

#include <string>
#include <vector>

#include "data/series.h"
#include "tasks/forecast.h"

namespace elman::cli {

// A picture of series `index` of `data` with its forecast, as one self-contained SVG file: the end of the history, the
// median, and a band for each pair of levels q and 1 - q. REQUIRES a forecast that starts right after the series.
std::string plot_forecast(const SeriesSet& data, size_t index, const Forecast& forecast,
                          const std::vector<double>& levels);

}  // namespace elman::cli
