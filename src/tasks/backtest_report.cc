#include "tasks/backtest_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tasks/baseline.h"

namespace elman {
namespace {

constexpr double kSignificant = 0.05;

std::string percent_less(double winner, double loser) { return fmt::format("{:.1f} %", 100 * (1 - winner / loser)); }

std::string tested(const DieboldMariano& test) {
  const std::string p = test.p_value < 0.001 ? "p < 0.001" : fmt::format("p = {:.2g}", test.p_value);
  return fmt::format("Diebold-Mariano test over {} windows: {}", test.origins, p);
}

std::string verdict_of(const BacktestReport& report, const char* figure) {
  const MethodResult &model = report.methods.front(), &naive = report.method(report.best_naive);
  const double ours = model.metrics.judged(), theirs = naive.metrics.judged();
  if (std::isnan(ours) || std::isnan(theirs)) return "no value was observed in the windows: nothing can be said";
  if (ours == theirs) return fmt::format("{} and {} do equally well ({} {:.4g})", model.name, naive.name, figure, ours);
  const bool we_lead = ours < theirs;
  const MethodResult &winner = we_lead ? model : naive, &loser = we_lead ? naive : model;
  const double least = std::min(ours, theirs), most = std::max(ours, theirs);
  const DieboldMariano& test = report.test;
  if (test.p_value < kSignificant)
    return fmt::format("{} wins by {}: {} {:.4g} against {}'s {:.4g} ({}){}", winner.name, percent_less(least, most),
                       figure, least, loser.name, most, tested(test),
                       we_lead ? "" : fmt::format("; use {} for this data", naive.name));
  const std::string doubt = std::isnan(test.p_value)
                                ? fmt::format("{} window{} too few to tell that from chance", test.origins,
                                              test.origins == 1 ? " is" : "s are")
                                : fmt::format("the difference is not significant ({})", tested(test));
  return fmt::format("{}'s error is {} smaller than {}'s ({} {:.4g} against {:.4g}), but {}", winner.name,
                     percent_less(least, most), loser.name, figure, least, most, doubt);
}

}  // namespace

const MethodResult& BacktestReport::method(std::string_view name) const {
  return *std::find_if(methods.begin(), methods.end(), [&](const MethodResult& m) { return m.name == name; });
}

void BacktestReport::conclude(size_t span) {
  const auto less = [](const MethodResult& a, const MethodResult& b) {
    return a.metrics.judged() < b.metrics.judged();
  };
  const MethodResult& best = *std::min_element(methods.begin() + 1, methods.end(), less);
  best_naive = best.name;
  const double reference = method(kSeasonalNaiveName).metrics.judged();
  for (MethodResult& m : methods) m.skill = reference > 0 ? 1 - m.metrics.judged() / reference : NAN;

  // One figure for all windows: the one that judges the whole.
  const bool scaled = !std::isnan(methods.front().metrics.mase);
  double Metrics::*const figure = scaled ? &Metrics::mase : &Metrics::mae;
  std::vector<double> differences;
  for (size_t w = 0; w < best.by_window.size(); ++w) {
    const double d = methods.front().by_window[w].*figure - best.by_window[w].*figure;
    if (!std::isnan(d)) differences.push_back(d);
  }
  test = diebold_mariano(differences, span);
  verdict = verdict_of(*this, scaled ? "MASE" : "MAE");
}

}  // namespace elman
