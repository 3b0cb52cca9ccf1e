#include "model/model_file.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "io/safetensors.h"
#include "model/config.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

bool finite(ConstView<float> values) {
  return std::all_of(values.data, values.data + values.rows * values.cols, [](float v) { return std::isfinite(v); });
}

std::string shape_text(const std::vector<size_t>& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

void read_parameters(const std::string& path, const SafetensorsFile& file, Parameters<float>& parameters) {
  for (const SafetensorsTensor& tensor : file.tensors)
    if (!parameters.find(tensor.name)) fail(ErrorCode::kModel, "{}: tensor '{}' is not used by the network described in the file", path, tensor.name);
  for (size_t i = 0; i < parameters.list().size(); ++i) {
    const Parameter& p = parameters.list()[i];
    const SafetensorsTensor* tensor = file.find(p.name);
    if (!tensor) fail(ErrorCode::kModel, "{}: tensor '{}' is missing", path, p.name);
    if (tensor->shape != p.shape)
      fail(ErrorCode::kModel, "{}: tensor '{}': shape {} found, expected {}", path, p.name, shape_text(tensor->shape), shape_text(p.shape));
    const View<float> value = parameters.value(i);
    copy_values<float>(*tensor, {value.data, p.size()});
    if (!finite(value)) fail(ErrorCode::kModel, "{}: tensor '{}' holds NaN or infinity", path, p.name);
  }
}

}  // namespace

void save_model(const std::string& path, const Network<float>& network, const std::string& task, const json& task_data,
                const json& record) {
  const Parameters<float>& parameters = network.parameters();
  std::vector<SafetensorsTensor> tensors;
  for (size_t i = 0; i < parameters.list().size(); ++i) {
    const Parameter& p = parameters.list()[i];
    const ConstView<float> value = parameters.value(i);
    if (!finite(value)) fail(ErrorCode::kDiverged, "parameter '{}' holds NaN or infinity; the model is not saved", p.name);
    tensors.push_back(make_tensor<float>(p.name, p.shape, {value.data, p.size()}));
  }
  const json description{{"format", kFormat}, {"version", ELMAN_VERSION}, {"network", to_json(network.config())},
                         {"task", task},      {"task_data", task_data}, {"record", record}};
  write_safetensors(path, tensors, {{"elman", description.dump()}});
}

ModelFile load_model(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto found = file.metadata.find("elman");
  if (found == file.metadata.end())
    fail(ErrorCode::kModel, "{}: a safetensors file, but not an elman model (no 'elman' in its metadata)", path);
  try {
    const json description = json::parse(found->second);
    if (description.at("format") > kFormat)
      fail(ErrorCode::kModel, "{}: format {} found, this version reads up to {}; install a newer elman", path, description.at("format").dump(), kFormat);
    ModelFile model;
    model.network = std::make_unique<Network<float>>(network_from_json(description.at("network")));
    model.task = description.at("task");
    model.task_data = description.at("task_data");
    model.record = description.at("record");
    model.version = description.at("version");
    read_parameters(path, file, model.network->parameters());
    model.network->pack(false);
    return model;
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: the model's description is damaged: {}", path, e.what());
  }
}

}  // namespace elman
