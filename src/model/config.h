#pragma once

#include <nlohmann/json_fwd.hpp>

#include "elman/network.h"

namespace elman {

// The architecture as it is stored in a model file: {"input_size": 3, "layers": [{"kind": "recurrent", …}, …]}.
nlohmann::json to_json(const NetworkConfig& config);
// Throws ErrorCode::kModel on an unknown kind or key, a missing key or a value of the wrong type.
NetworkConfig network_from_json(const nlohmann::json& json);

}  // namespace elman
