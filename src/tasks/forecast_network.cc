#include "tasks/forecast_network.h"

#include <algorithm>

#include "base/error.h"
#include "tasks/forecast_family.h"

namespace elman {

NetworkConfig forecast_network(const ForecastConfig& c, const Windows& windows) {
  return {.input_size = windows.features(), .layers = find_family(c.model).layers(c, windows, "")};
}

// The mean is that of the raw outputs. Of quantiles and locations it is the usual one; of scales, dispersions and
// degrees of freedom it is taken before softplus, hence between their arithmetic and their geometric mean: one
// distribution of the same family, and not the wider mixture of the members.
std::unique_ptr<Network<float>> join_networks(const ForecastConfig& c, const Windows& windows,
                                              const std::vector<Buffer<float>>& members) {
  Sum sum{.branches = {}, .weights = std::vector<double>(members.size(), 1.0 / static_cast<double>(members.size()))};
  const auto prefix = [](size_t k) { return fmt::format("member{}.", k); };
  for (size_t k = 0; k < members.size(); ++k)
    sum.branches.push_back(find_family(c.model).layers(c, windows, prefix(k)));
  auto joined = std::make_unique<Network<float>>(NetworkConfig{windows.features(), {std::move(sum)}});
  const Network<float> single(forecast_network(c, windows));
  Parameters<float>& to = joined->parameters();
  for (size_t k = 0; k < members.size(); ++k)
    for (const Parameter& p : single.parameters().list())
      std::copy_n(members[k].data() + p.offset, p.size(), to.values().data() + to.find(prefix(k) + p.name)->offset);
  joined->pack(false);
  return joined;
}

}  // namespace elman
