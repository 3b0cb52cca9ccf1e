#include "tasks/forecast_network.h"

#include <algorithm>

#include "base/error.h"
#include "tasks/forecast_family.h"
#include "tasks/ridge.h"

namespace elman {

NetworkConfig forecast_network(const ForecastConfig& c, const Windows& windows) {
  return {.input_size = windows.features(), .layers = find_family(c.model).layers(c, windows, "")};
}

// The mean is that of the raw outputs. Of quantiles and locations it is the usual one; of scales, dispersions and
// degrees of freedom it is taken before softplus, hence between their arithmetic and their geometric mean: one
// distribution of the same family, and not the wider mixture of the members.
std::unique_ptr<Network<float>> join_networks(const ForecastConfig& c, const Windows& windows,
                                              const std::vector<Buffer<float>>& members, const Buffer<float>& ridge) {
  Sum sum;
  const auto add = [&](std::vector<LayerConfig> layers, double weight) {
    sum.branches.push_back(std::move(layers));
    sum.weights.push_back(weight);
  };
  const auto prefix = [](size_t k) { return fmt::format("member{}.", k); };
  for (size_t k = 0; k < members.size(); ++k)
    add(find_family(c.model).layers(c, windows, prefix(k)), (1 - c.ridge_share) / static_cast<double>(members.size()));
  if (c.ridge_share > 0) add(ridge_layers(c, windows), c.ridge_share);
  auto joined = std::make_unique<Network<float>>(NetworkConfig{windows.features(), {std::move(sum)}});
  Parameters<float>& to = joined->parameters();
  const auto take = [&](const NetworkConfig& from, const Buffer<float>& values, const std::string& name) {
    const Network<float> network(from);
    for (const Parameter& p : network.parameters().list())
      std::copy_n(values.data() + p.offset, p.size(), to.values().data() + to.find(name + p.name)->offset);
  };
  for (size_t k = 0; k < members.size(); ++k) take(forecast_network(c, windows), members[k], prefix(k));
  if (c.ridge_share > 0) take({windows.features(), ridge_layers(c, windows)}, ridge, "");
  joined->pack(false);
  return joined;
}

}  // namespace elman
