#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace elman {

// One validation's line of the training record.
struct TrainPoint {
  size_t epoch = 0;
  int64_t steps = 0;
  double train_loss = 0, valid_loss = 0, learning_rate = 0, gradient_norm = 0;
};

// What came of a training.
struct TrainRecord {
  std::vector<TrainPoint> history;
  size_t epochs = 0;
  int64_t steps = 0, best_step = 0;
  double train_loss = 0, valid_loss = 0;  // at the best validation
  size_t skipped_steps = 0, rollbacks = 0;
  double seconds = 0;  // not in the JSON: a model file is the same however long it took
  bool stopped_early = false;
};

nlohmann::json to_json(const TrainRecord& record);
// Throws nlohmann::json::exception when a key is missing or of the wrong type.
TrainRecord train_record_from_json(const nlohmann::json& json);

}  // namespace elman
