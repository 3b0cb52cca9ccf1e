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

// Why a difference proves nothing.
std::string doubt(const DieboldMariano& test) {
  if (!std::isnan(test.p_value)) return fmt::format("the difference is not significant ({})", tested(test));
  return fmt::format("{} window{} too few to tell that from chance", test.origins, test.origins == 1 ? " is" : "s are");
}

// The network must prove that it is better; a simple method need only err less, which the sentence says is unproven.
std::string verdict_of(const BacktestReport& report, const char* figure) {
  const MethodResult &model = report.methods.front(), &naive = report.method(report.best_naive);
  const double ours = model.metrics.judged(), theirs = naive.metrics.judged();
  if (std::isnan(ours) || std::isnan(theirs)) return "no value was observed in the windows: nothing can be said";
  if (ours == theirs) return fmt::format("{} and {} do equally well ({} {:.4g})", model.name, naive.name, figure, ours);
  const DieboldMariano& test = report.test;
  const bool is_significant = test.p_value < kSignificant;
  const std::string figures = fmt::format("{} {:.4g}", figure, std::min(ours, theirs));
  if (theirs < ours) {
    const std::string advice =
        is_significant ? fmt::format(" ({}); use {} for this data", tested(test), naive.name)
                       : fmt::format("; {}, and of two that may be equal the simpler is preferred", doubt(test));
    return fmt::format("{} wins by {}: {} against {}'s {:.4g}{}", naive.name, percent_less(theirs, ours), figures,
                       model.name, ours, advice);
  }
  if (is_significant)
    return fmt::format("{} wins by {}: {} against {}'s {:.4g} ({})", model.name, percent_less(ours, theirs), figures,
                       naive.name, theirs, tested(test));
  return fmt::format("{}'s error is {} smaller than {}'s ({} against {:.4g}), but {}", model.name,
                     percent_less(ours, theirs), naive.name, figures, theirs, doubt(test));
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
