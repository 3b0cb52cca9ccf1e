#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "model/network.h"

namespace elman {

// A network with what a task needs to use it again; the content of a model file.
struct ModelFile {  // NOLINT(bugprone-exception-escape): JSON moves without throwing
  std::unique_ptr<Network<float>> network;
  std::string task;          // "forecast", "text", …
  nlohmann::json task_data;  // scalers, vocabulary, calendar…: the task's own
  nlohmann::json record;     // how it was trained: seed, settings, history
  std::string version;       // of the library that wrote it
};

// One safetensors file: the parameters under their names, all else as JSON in the metadata key "elman". Atomic; throws
// kWrite. A NaN or infinite weight is never saved: kDiverged.
void save_model(const std::string& path, const Network<float>& network, const std::string& task,
                const nlohmann::json& task_data, const nlohmann::json& record);
// Throws kModel naming the file and what is wrong: not a model, a newer format, a missing, unused or non-finite tensor.
ModelFile load_model(const std::string& path);

}  // namespace elman
