#include "tasks/forecast_network.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "tasks/forecast_head.h"

namespace elman {
namespace {

// The last layers of the branches: they write what is summed.
constexpr std::array kWriters = {"head.", "skip.", "known."};

std::vector<LayerConfig> recurrent_branch(const ForecastConfig& c, const Windows& windows, const std::string& prefix,
                                          size_t outputs) {
  const Recurrent reader{.cell = c.cell,
                         .hidden_size = c.hidden_size,
                         .num_layers = c.num_layers,
                         .dropout = c.dropout,
                         .name = prefix + "rnn"};
  const Decode decode{.cell = c.cell,
                      .steps = windows.future_steps(),
                      .position_size = std::max<size_t>(c.hidden_size / 2, 1),
                      .features = windows.known_features(),
                      .name = prefix + "decoder",
                      .reader = {reader, LastStep{}}};
  const Linear head{.output_size = c.segment * outputs, .name = prefix + "head"};
  return {decode, Dropout{c.dropout}, head, Flatten{windows.future_steps()}};
}

// The names of the parameters begin with `prefix`.
void add_branches(const ForecastConfig& c, const Windows& windows, const std::string& prefix, Sum& sum) {
  const size_t outputs = find_head(c.head).make(c.quantiles)->outputs();
  const size_t past = windows.past_steps(), future = windows.future_steps();
  if (c.num_layers > 0) sum.branches.push_back(recurrent_branch(c, windows, prefix, outputs));
  const Linear skip{.output_size = c.written_steps() * outputs, .zero_start = true, .name = prefix + "skip"};
  sum.branches.push_back({Crop{.first = 0, .count = past}, Flatten{past}, skip});
  if (windows.known_features() == 0) return;
  const Linear known{.output_size = c.segment * outputs, .zero_start = true, .name = prefix + "known"};
  sum.branches.push_back(
      {Crop{.first = past, .count = future, .features = windows.known_features()}, known, Flatten{future}});
}

}  // namespace

NetworkConfig forecast_network(const ForecastConfig& c, const Windows& windows) {
  Sum sum;
  add_branches(c, windows, "", sum);
  return {.input_size = windows.features(), .layers = {std::move(sum)}};
}

// The mean is that of the raw outputs. Of quantiles and locations it is the usual one; of scales, dispersions and
// degrees of freedom it is taken before softplus, hence between their arithmetic and their geometric mean: one
// distribution of the same family, and not the wider mixture of the members.
std::unique_ptr<Network<float>> join_networks(const ForecastConfig& c, const Windows& windows,
                                              const std::vector<Buffer<float>>& members) {
  Sum sum;
  const auto prefix = [](size_t k) { return fmt::format("member{}.", k); };
  for (size_t k = 0; k < members.size(); ++k) add_branches(c, windows, prefix(k), sum);
  auto joined = std::make_unique<Network<float>>(NetworkConfig{windows.features(), {std::move(sum)}});
  const Network<float> single(forecast_network(c, windows));
  const float share = 1.0f / static_cast<float>(members.size());
  Parameters<float>& to = joined->parameters();
  for (size_t k = 0; k < members.size(); ++k)
    for (const Parameter& p : single.parameters().list()) {
      const bool writes =
          std::any_of(kWriters.begin(), kWriters.end(), [&](const char* name) { return p.name.starts_with(name); });
      const float* from = members[k].data() + p.offset;
      std::transform(from, from + p.size(), to.values().data() + to.find(prefix(k) + p.name)->offset,
                     [&](float value) { return writes ? share * value : value; });
    }
  joined->pack(false);
  return joined;
}

}  // namespace elman
