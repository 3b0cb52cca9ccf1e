#pragma once

#include <string>
#include <vector>

#include "data/series.h"
#include "tasks/forecast.h"

namespace elman::cli {

struct Point {
  double x, y;  // time and value, in the units of the data; a missing value is NaN
};
using Line = std::vector<Point>;

struct Band {
  double share;  // 0.8: between the levels 0.1 and 0.9
  Line low, high;
};

// What a picture of series and forecast shows: the end of the history, the median, and a band for each pair of levels q
// and 1 - q.
struct PlotContent {
  std::string title;
  bool integer_axis;
  Line history, median;
  std::vector<Band> bands;  // widest first
  double origin;            // time of the last observation

  double x_low, x_high, y_low, y_high;  // what the axes span, never nothing
};

// Of series `index` of `data`. REQUIRES a forecast that starts right after the series.
PlotContent plot_content(const SeriesSet& data, size_t index, const Forecast& forecast,
                         const std::vector<double>& levels);

}  // namespace elman::cli
