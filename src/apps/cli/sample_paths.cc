#include "apps/cli/sample_paths.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/console.h"
#include "data/csv.h"
#include "io/atomic_file.h"

namespace elman::cli {
namespace {

constexpr std::string_view kHeader = "unique_id,sample,ds,y\n";

std::string rows_of(const SamplePaths& drawn) {
  std::string rows;
  const std::string id = csv_escape(drawn.id);
  for (size_t n = 0; n < drawn.paths.size(); ++n)
    for (size_t t = 0; t < drawn.ds.size(); ++t)
      rows += fmt::format("{},{},{},{}\n", id, n, csv_escape(drawn.ds[t]), drawn.paths[n][t]);
  return rows;
}

}  // namespace

void print_samples(const ForecastModel& model, const SeriesSet* given, const SampleRequest& r, const Common& common,
                   ThreadPool& pool) {
  const bool to_file = !r.output.empty();
  const size_t horizon = r.horizon ? r.horizon : model.config().horizon;
  std::optional<AtomicFile> file;
  if (to_file) file.emplace(r.output);
  const auto write = [&](std::string_view text) {
    if (to_file) file->write(text);
    else if (!common.json) print(text);
  };
  Json forecasts = Json::array();
  size_t series = 0;
  model.sample(given, horizon, r.count, r.seed, pool, [&](const SamplePaths& drawn) {
    if (series++ == 0) write(kHeader);  // not before something can be written
    write(rows_of(drawn));
    if (common.json && !to_file)
      forecasts.push_back({{"unique_id", drawn.id}, {"ds", drawn.ds}, {"samples", drawn.paths}});
  });
  if (to_file) {
    file->commit();
    common.note(fmt::format("{}: {} of {} steps for each of {} series", r.output, counted(r.count, "sample path"),
                            horizon, series));
  }
  if (!common.json) return;
  Json result{{"model", r.model},   {"task", "forecast"}, {"series", series},
              {"horizon", horizon}, {"samples", r.count}, {"seed", r.seed}};
  if (to_file) result["output"] = r.output;
  else result["forecasts"] = std::move(forecasts);
  print_json(result);
}

}  // namespace elman::cli
