#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/series.h"

namespace elman {

// A set of series with its calendar, as it is kept in a model file. Missing values are null.
nlohmann::json to_json(const SeriesSet& set);
// Throws nlohmann::json::exception when a key is missing or of the wrong type, kModel when a value cannot be.
SeriesSet series_set_from_json(const nlohmann::json& json);

}  // namespace elman
