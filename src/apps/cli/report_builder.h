#pragma once

#include "apps/cli/report_content.h"

namespace elman::cli {

// Gathers what a report shows while a verb does its work. Of very many series, values or windows it keeps what a
// browser can draw, and notes what it left out; figures are always of all.
class ReportBuilder {
 public:
  // REQUIRES: `data` outlives it. `shown`: the series that the page opens with.
  explicit ReportBuilder(const SeriesSet& data, size_t shown = 0);

  // The model, and what it forecasts after the end of the data: [series].
  void add_model(const ForecastModel& model, const std::vector<Forecast>& forecasts, const std::vector<double>& levels);
  // One series of a backtest. REQUIRES a series of `data`, and the model.
  void add(const BacktestedSeries& series);

  void add_note(std::string note) { content_.notes.push_back(std::move(note)); }
  void add_fact(std::string name, std::string value) { content_.facts.emplace_back(std::move(name), std::move(value)); }

  // The page's content; the builder is spent. Without a backtest the headline says what is expected.
  ReportContent finish(const std::optional<BacktestReport>& backtest = {});

 private:
  void keep_series();
  void count(const BacktestedSeries& series);
  void note_what_is_missing();
  std::string expectation() const;

  const SeriesSet& data_;
  std::vector<size_t> kept_;               // indices into the data of the series in the content, ascending
  size_t windows_ = 0, windows_kept_ = 0;  // of a series, the most
  ReportContent content_;
};

}  // namespace elman::cli
