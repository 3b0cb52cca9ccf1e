// Sample paths of a forecaster.
#include <algorithm>

#include "tasks/forecast.h"

namespace elman {
namespace {

constexpr size_t kGrain = 64;  // paths that are worth another thread

// One future while it is drawn.
struct Path {
  Random random;
  double z;                    // the normal score of the last value
  std::vector<double> levels;  // of the values to come

  Path(uint64_t seed, uint64_t stream) : random(seed, stream), z(draw_score(random)) {}
};

}  // namespace

void ForecastModel::sample(const SeriesSet* given, size_t horizon, size_t count, uint64_t seed, ThreadPool& pool,
                           const std::function<void(const SamplePaths&)>& on_series) const {
  const SeriesSet& data = given ? *given : context_;
  if (horizon == 0) horizon = config_.horizon;
  check_data(data, horizon);
  for (size_t i = 0; i < data.series.size(); ++i) {
    const Series& series = data.series[i];
    SamplePaths drawn{series.id, {}, std::vector<std::vector<double>>(count, std::vector<double>(horizon))};
    for (size_t t = 0; t < horizon; ++t)
      drawn.ds.push_back(data.time_text(i, static_cast<int64_t>(series.values.size() + t)));
    std::vector<Path> paths;
    for (size_t n = 0; n < count; ++n) paths.emplace_back(seed, (static_cast<uint64_t>(i) << 32) + n);

    // The calibration asks for more of the past than a path needs.
    const Request whole[] = {{&series, series.values.size()}};
    const std::vector<Calibration> calibration = calibrate_by_recent_errors(data, whole, pool);
    // At first one past for all paths.
    std::vector<Series> pasts{covariates_.last_values(series, data.frequency, config_.values_read())};
    for (size_t done = 0; done < horizon; done += config_.horizon) {
      const size_t steps = std::min(config_.horizon, horizon - done);
      pool.split(count, kGrain, [&](size_t begin, size_t end) {
        for (size_t n = begin; n < end; ++n) dependence_.draw(paths[n].random, paths[n].z, steps, paths[n].levels);
      });
      std::vector<Request> requests;
      requests.reserve(pasts.size());
      for (const Series& past : pasts) requests.push_back({&past, past.values.size()});
      const std::vector<Calibration> calibrations(calibration.empty() ? 0 : pasts.size(),
                                                  calibration.empty() ? Calibration() : calibration[0]);
      for_each_step(data, requests, calibrations, pool, [&](size_t request, size_t step, const Predictive& forecast) {
        if (step >= steps) return;
        const size_t first = done == 0 ? 0 : request, served = done == 0 ? count : 1;
        pool.split(served, kGrain, [&](size_t begin, size_t end) {
          for (size_t n = first + begin; n < first + end; ++n)
            drawn.paths[n][done + step] = forecast.quantile(paths[n].levels[step]);
        });
      });
      if (done + steps == horizon) break;
      if (done == 0) pasts.assign(count, pasts[0]);
      for (size_t n = 0; n < count; ++n) {
        const auto begin = drawn.paths[n].begin() + static_cast<ptrdiff_t>(done);
        pasts[n].values.insert(pasts[n].values.end(), begin, begin + static_cast<ptrdiff_t>(steps));
      }
    }
    on_series(drawn);
  }
}

}  // namespace elman
