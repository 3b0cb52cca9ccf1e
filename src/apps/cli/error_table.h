#pragma once

#include <optional>
#include <string>

#include "io/atomic_file.h"
#include "tasks/backtest.h"

namespace elman::cli {

// A CSV of errors, one row a series, step of the horizon and method, means over the windows: unique_id,step,method,
// points,mae,rmse,smape,mase,wql and coverageC for each interval that promises C; an empty cell where there is no such
// figure. Rows are written as they come; the file appears when all are there.
class ErrorTable {
 public:
  explicit ErrorTable(std::string path) : path_(std::move(path)) {}

  void add(const BacktestedSeries& found);
  void commit();

  size_t rows() const noexcept { return rows_; }

 private:
  std::string path_;
  std::optional<AtomicFile> file_;  // from the first row on: training comes before that
  size_t rows_ = 0;
};

}  // namespace elman::cli
