#include "tasks/forecast_decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace elman {
namespace {

using nlohmann::json;

}  // namespace

size_t first_unbeaten(std::span<const double> losses, double clear_gain) {
  const double least = *std::min_element(losses.begin(), losses.end());
  const auto beaten = [&](double loss) { return loss - least > clear_gain * std::abs(loss); };
  return static_cast<size_t>(std::find_if_not(losses.begin(), losses.end(), beaten) - losses.begin());
}

size_t best_of(const std::vector<Trial>& trials) {
  std::vector<double> losses;
  losses.reserve(trials.size());
  for (const Trial& trial : trials) losses.push_back(trial.record.valid_loss);
  return first_unbeaten(losses);
}

std::vector<size_t> best_of_each_base(const std::vector<Trial>& trials) {
  std::vector<size_t> best;
  for (size_t k = 0; k < trials.size(); ++k) {
    const auto rival = std::find_if(best.begin(), best.end(),
                                    [&](size_t r) { return trials[r].candidate.base == trials[k].candidate.base; });
    if (rival == best.end()) best.push_back(k);
    else if (trials[k].record.valid_loss < trials[*rival].record.valid_loss) *rival = k;
  }
  return best;
}

ForecastConfig settled(ForecastConfig config, const Candidate& candidate) {
  config.bases = {candidate.base};
  config.epochs = candidate.epochs;
  config.choose_base = false;
  config.short_epochs = 0;
  config.skewness = 1;
  config.correction = 1;
  config.theta_share = 0;
  config.ridge_share = 0;
  return config;
}

ForecastConfig settled(ForecastConfig config, const std::vector<Trial>& trials, const Decision& decision) {
  const std::vector<size_t>& chosen = decision.chosen;
  config = settled(std::move(config), trials[chosen.front()].candidate);
  for (size_t k = 1; k < chosen.size(); ++k) config.bases.push_back(trials[chosen[k]].candidate.base);
  config.skewness = decision.skewness;
  config.correction = decision.correction;
  config.theta_share = decision.theta_share;
  config.ridge_share = decision.ridge_share;
  return config;
}

std::string describe(const Candidate& c) { return fmt::format("what corrects {}, in {} epochs", c.base, c.epochs); }

std::vector<std::string> explain(const Decision& decision, const std::vector<Trial>& trials,
                                 const ForecastConfig& config, bool held_out) {
  std::vector<std::string> lines, names;
  for (const size_t k : decision.chosen) names.push_back(describe(trials[k].candidate));
  if (held_out && trials.size() > 1)
    lines.push_back(fmt::format("the held-out part speaks for {}{}", names.size() > 1 ? "the mean of " : "",
                                fmt::join(names, "; ")));
  if (decision.ridge_share > 0)
    lines.push_back(fmt::format("{:.0f} % of the forecast is a ridge regression's", 100 * decision.ridge_share));
  if (held_out && decision.correction < 1)
    lines.push_back(fmt::format("{:.0f} % of the network's corrections are believed, as the held-out part shows",
                                100 * decision.correction));
  if (decision.theta_share > 0)
    lines.push_back(fmt::format("{:.0f} % of the forecast is Theta's, of the last {} values",
                                100 * decision.theta_share, config.values_read()));
  if (config.conformal)
    for (std::string& line : explain(decision.calibration, config.quantiles)) lines.push_back(std::move(line));
  if (decision.dependence.pairs > 0)
    lines.push_back(fmt::format("sample paths: the ranks of successive steps correlate by {:.2f}, as {} pairs show",
                                decision.dependence.rho, decision.dependence.pairs));
  return lines;
}

std::string explain_wait(size_t networks, size_t kinds, double seconds) {
  constexpr double kLong = 20;
  const size_t fewer = std::max(kinds, networks / 4);
  if (seconds < kLong || fewer >= networks) return "";
  return fmt::format("{} networks follow, about {:.0f} s of training; --ensemble {} would take {:.0f}", networks,
                     seconds, fewer, seconds * static_cast<double>(fewer) / static_cast<double>(networks));
}

json to_json(const Trial& t) {
  return {{"base", t.candidate.base},
          {"epochs", t.candidate.epochs},
          {"record", to_json(t.record)},
          {"windows", t.windows}};
}

json to_json(const Decision& d) {
  return {{"chosen", d.chosen},
          {"ridge_share", d.ridge_share},
          {"skewness", d.skewness},
          {"correction", d.correction},
          {"theta_share", d.theta_share},
          {"calibration", to_json(d.calibration)},
          {"dependence", to_json(d.dependence)}};
}

Trial trial_from_json(const json& j) {
  return {{j.at("base"), j.at("epochs")}, train_record_from_json(j.at("record")), j.at("windows")};
}

Decision decision_from_json(const json& j) {
  return {j.at("chosen"),
          j.at("ridge_share"),
          j.at("skewness"),
          j.at("correction"),
          j.at("theta_share"),
          calibration_from_json(j.at("calibration")),
          path_dependence_from_json(j.at("dependence"))};
}

}  // namespace elman
