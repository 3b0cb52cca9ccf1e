#include "apps/cli/error_table.h"

#include <cmath>

#include "base/error.h"
#include "data/csv.h"

namespace elman::cli {
namespace {

// In the fewest digits that read back the same.
std::string cell(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

std::string header(const Metrics& model) {
  std::string line = "unique_id,step,method,points,mae,rmse,smape,mase,wql";
  for (const auto& [share, observed] : model.coverage) line += fmt::format(",coverage{:.4g}", share);
  return line + '\n';
}

}  // namespace

void ErrorTable::add(const BacktestedSeries& found) {
  const std::vector<Metrics>& model = found.methods.front().by_step;
  if (!file_) {
    file_.emplace(path_);
    file_->write(header(model.front()));
  }
  std::string rows;
  const std::string id = csv_escape(found.series.id);
  for (size_t k = 0; k < model.size(); ++k) {
    for (const MethodResult& method : found.methods) {
      const Metrics& m = method.by_step[k];
      rows += fmt::format("{},{},{},{},{},{},{},{},{}", id, k + 1, method.name, m.points, cell(m.mae), cell(m.rmse),
                          cell(m.smape), cell(m.mase), cell(m.wql));
      for (const auto& [share, observed] : model[k].coverage) {
        const auto own = m.coverage.find(share);
        rows += ',' + (own == m.coverage.end() ? "" : cell(own->second));
      }
      rows += '\n';
      ++rows_;
    }
  }
  file_->write(rows);
}

void ErrorTable::commit() { file_->commit(); }

}  // namespace elman::cli
