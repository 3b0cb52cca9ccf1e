#include "apps/cli/plot_content.h"

#include <algorithm>
#include <cmath>

namespace elman::cli {
namespace {

constexpr size_t kFewestPast = 48;   // steps of history shown at least, when there are as many
constexpr size_t kPastHorizons = 4;  // and at least this many times the horizon

// The forecast as a line that leaves from the last observed value, where nothing is uncertain yet.
Line future_line(const SeriesSet& data, const Series& series, const std::vector<double>& values, const Line& history) {
  Line line;
  if (!history.empty()) line.push_back(history.back());
  for (size_t step = 0; step < values.size(); ++step) {
    const Time time = data.frequency.time_at(series.start, static_cast<int64_t>(series.values.size() + step));
    line.push_back({static_cast<double>(time), values[step]});
  }
  return line;
}

void fit(PlotContent& content, const Line& line) {
  for (const Point& p : line) {
    content.x_low = std::min(content.x_low, p.x);
    content.x_high = std::max(content.x_high, p.x);
    if (std::isnan(p.y)) continue;
    content.y_low = std::min(content.y_low, p.y);
    content.y_high = std::max(content.y_high, p.y);
  }
}

void fit_axes(PlotContent& content) {
  content.x_low = content.y_low = HUGE_VAL;
  content.x_high = content.y_high = -HUGE_VAL;
  fit(content, content.history);
  fit(content, content.median);
  for (const Band& band : content.bands) {
    fit(content, band.low);
    fit(content, band.high);
  }
  if (!(content.y_low <= content.y_high)) content.y_low = content.y_high = 0;
  const double range = content.y_high - content.y_low;
  const double margin = range > 0 ? 0.06 * range : std::max(1.0, std::fabs(content.y_low) * 0.06);
  content.y_low -= margin;
  content.y_high += margin;
  if (!(content.x_low < content.x_high)) content.x_high = content.x_low + 1;
}

}  // namespace

PlotContent plot_content(const SeriesSet& data, size_t index, const Forecast& forecast,
                         const std::vector<double>& levels) {
  const Series& series = data.series[index];
  PlotContent content;
  content.title = forecast.id;
  content.integer_axis = data.time_format.is_integer();
  const size_t length = series.values.size(), horizon = forecast.y_hat.size();
  const size_t shown = std::min(length, std::max(kFewestPast, kPastHorizons * horizon));
  for (size_t i = length - shown; i < length; ++i)
    content.history.push_back(
        {static_cast<double>(data.frequency.time_at(series.start, static_cast<int64_t>(i))), series.values[i]});
  Line last = content.history;
  while (!last.empty() && std::isnan(last.back().y)) last.pop_back();
  content.origin = last.empty() ? NAN : last.back().x;
  content.median = future_line(data, series, forecast.y_hat, last);
  for (size_t low = 0, high = levels.size(); low + 1 < high; ++low) {
    --high;
    if (std::fabs(levels[low] + levels[high] - 1) > 1e-9) continue;
    content.bands.push_back({levels[high] - levels[low], future_line(data, series, forecast.quantiles[low], last),
                             future_line(data, series, forecast.quantiles[high], last)});
  }
  fit_axes(content);
  return content;
}

}  // namespace elman::cli
