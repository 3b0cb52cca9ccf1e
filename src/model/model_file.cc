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

// Whether the file holds what its description needs, before memory is taken for it.
void check_tensors(const SafetensorsFile& file, const Parameters<float>& parameters) {
  for (const SafetensorsTensor& tensor : file.tensors)
    if (!parameters.find(tensor.name))
      fail(ErrorCode::kModel, "tensor '{}' is not used by the network described in the file", tensor.name);
  for (const Parameter& p : parameters.list()) {
    const SafetensorsTensor* tensor = file.find(p.name);
    if (!tensor) fail(ErrorCode::kModel, "tensor '{}' is missing", p.name);
    if (tensor->shape != p.shape)
      fail(ErrorCode::kModel, "tensor '{}': shape {} found, expected {}", p.name, shape_text(tensor->shape),
           shape_text(p.shape));
  }
}

void read_values(const SafetensorsFile& file, Parameters<float>& parameters) {
  for (size_t i = 0; i < parameters.list().size(); ++i) {
    const Parameter& p = parameters.list()[i];
    const View<float> value = parameters.value(i);
    copy_values<float>(*file.find(p.name), {value.data, p.size()});
    if (!finite(value)) fail(ErrorCode::kModel, "tensor '{}' holds NaN or infinity", p.name);
  }
}

ModelFile read_model(const SafetensorsFile& file) {
  const auto found = file.metadata.find("elman");
  if (found == file.metadata.end())
    fail(ErrorCode::kModel, "a safetensors file, but not an elman model (no 'elman' in its metadata)");
  const json description = json::parse(found->second);
  const auto format = description.at("format").get<int64_t>();
  if (format > kFormat)
    fail(ErrorCode::kModel, "format {} found, this version reads up to {}; install a newer elman", format, kFormat);
  ModelFile model;
  model.network =
      std::make_unique<Network<float>>(network_from_json(description.at("network")),
                                       [&](const Parameters<float>& parameters) { check_tensors(file, parameters); });
  model.task = description.at("task");
  model.task_data = description.at("task_data");
  model.record = description.at("record");
  model.version = description.at("version");
  read_values(file, model.network->parameters());
  model.network->pack(false);
  return model;
}

}  // namespace

void save_model(const std::string& path, const Network<float>& network, const std::string& task, const json& task_data,
                const json& record) {
  const Parameters<float>& parameters = network.parameters();
  std::vector<SafetensorsTensor> tensors;
  for (size_t i = 0; i < parameters.list().size(); ++i) {
    const Parameter& p = parameters.list()[i];
    const ConstView<float> value = parameters.value(i);
    if (!finite(value))
      fail(ErrorCode::kDiverged, "parameter '{}' holds NaN or infinity; the model is not saved", p.name);
    tensors.push_back(make_tensor<float>(p.name, p.shape, {value.data, p.size()}));
  }
  const json description{{"format", kFormat}, {"version", ELMAN_VERSION}, {"network", to_json(network.config())},
                         {"task", task},      {"task_data", task_data},   {"record", record}};
  write_safetensors(path, tensors, {{"elman", description.dump()}});
}

ModelFile load_model(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  try {
    return read_model(file);
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: the model's description is damaged: {}", path, e.what());
  } catch (const Error& e) {
    fail(ErrorCode::kModel, "{}: {}", path, e.what());  // a size of 0, say: here it is the file's fault
  }
}

}  // namespace elman
