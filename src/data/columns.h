#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "data/csv.h"
#include "data/series.h"

namespace elman {

// Which columns of a table mean what, as indices.
struct Columns {
  Layout layout = Layout::kSingle;
  size_t time = 0;
  std::optional<size_t> id;
  std::vector<size_t> targets;  // one but in a wide table, or none if asked for none
  std::vector<size_t> covariates, unused;
};

// Takes the named columns and finds the others by name and by what their first cells hold. Throws kData with advice.
Columns find_columns(const CsvTable& table, const SeriesOptions& options);

}  // namespace elman
