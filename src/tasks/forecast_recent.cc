// The intervals of a forecaster by its newest errors.
#include <algorithm>
#include <cmath>
#include <map>

#include "tasks/forecast.h"

namespace elman {
namespace {

// Forecasts that count, a horizon apart: as many as follow a season's change, and enough for a 90 % interval of hours.
constexpr size_t kMostForecasts = 28;
// How many of them the held-out part weighs.
constexpr double kHeldOutWeight = 5.0;

// What was forecast from one origin, in units of the window's scale.
struct Made {
  std::vector<float> quantiles;  // [horizon * levels]
  std::vector<size_t> places;    // [horizon], of the calendar
  std::vector<float> actual;     // [horizon], NaN where missing or beyond the end
};

}  // namespace

std::vector<Calibration> ForecastModel::calibrate_by_recent_errors(const SeriesSet& data,
                                                                   std::span<const Request> requests,
                                                                   ThreadPool& pool) const {
  if (calibration_.empty()) return {};
  const size_t h = config_.horizon, levels = this->levels().size();
  // Origins before each request whose first outcome it knows and no training did.
  const auto origins_before = [&](const Request& request) {
    const Series& s = *request.series;
    const std::optional<Time> trained = trained_until(s.id);
    const size_t least = std::min(config_.season, s.values.size() / 2) + 1;
    std::vector<size_t> origins;
    for (size_t n = 1; n <= kMostForecasts && n * h + least <= request.origin; ++n) {
      const size_t origin = request.origin - n * h;
      if (trained && data.frequency.time_at(s.start, static_cast<int64_t>(origin)) <= *trained) break;
      origins.push_back(origin);
    }
    return origins;
  };

  std::map<std::pair<const Series*, size_t>, Made> made;
  for (const Request& request : requests)
    for (const size_t origin : origins_before(request)) made[{request.series, origin}];
  std::vector<Request> past;
  past.reserve(made.size());
  for (const auto& [place, nothing] : made) past.push_back({place.first, place.second});
  for_each_window(data, past, pool, [&](size_t r, const float* raw, double scale, const std::vector<double>& base) {
    Made& m = made[{past[r].series, past[r].origin}];
    m.quantiles.resize(h * levels);
    m.actual.assign(h, NAN);
    m.places = calendar_places(data.frequency, past[r].series->start, past[r].origin, h);
    for (size_t step = 0; step < h; ++step) {
      const std::span<float> quantiles(&m.quantiles[step * levels], levels);
      head_->quantiles(raw + step * head_->outputs(), scale, quantiles);
      calibration_.widen(quantiles, step, m.places[step]);
      const size_t i = past[r].origin + step;
      if (i < past[r].series->values.size())
        m.actual[step] = static_cast<float>((past[r].series->values[i] - base[step]) / scale);
    }
  });

  std::vector<Calibration> calibrations;
  std::vector<float> known(h);
  for (const Request& request : requests) {
    const std::vector<size_t> origins = origins_before(request);
    CalibrationScores scores(this->levels(), h, calendar_places(data.frequency));
    for (const size_t origin : origins) {
      const Made& m = made[{request.series, origin}];
      for (size_t step = 0; step < h; ++step) known[step] = origin + step < request.origin ? m.actual[step] : NAN;
      scores.add(m.quantiles.data(), known.data(), m.places);
    }
    const auto count = static_cast<double>(origins.size());
    calibrations.push_back(calibration_.leaning_to(scores.finish(-INFINITY), count / (count + kHeldOutWeight)));
  }
  return calibrations;
}

}  // namespace elman
