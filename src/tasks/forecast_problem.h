#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/threads.h"
#include "loss/loss.h"
#include "model/network.h"
#include "tasks/calibration.h"
#include "tasks/forecast_head.h"
#include "tasks/path_dependence.h"
#include "tasks/split.h"
#include "tasks/windows.h"
#include "train/problem.h"

namespace elman {

// A window of one series: the past before `origin`, the horizon from it on.
struct WindowIndex {
  uint32_t series, origin;
};

// At most so many of them, evenly spread.
std::vector<WindowIndex> even_choice(std::vector<WindowIndex> windows, size_t most);

// Which windows validate: none, and all train; those of the last part of every series that is long enough, which no
// training target reaches into; or, for a judge who trains nothing, all.
enum class Validation { kNothing, kHeldOut, kEverything };

// Windows drawn at random from all series, each series as often as the other.
//
// A window's loss, which is in units of its own scale, is weighted by scale / sqrt(seasonal-naive error * mean |y|) of
// its series: between relative and MASE-like errors, so that neither large nor volatile series rule.
class ForecastProblem : public Problem {
 public:
  // REQUIRES: data, covariates, network and pool outlive it; config is resolved.
  ForecastProblem(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates,
                  Network<float>& network, ThreadPool& pool, Validation validation, const TapeMemory& memory = {});

  size_t batches_per_epoch() const override { return config_.batches_per_epoch; }
  void start_epoch(size_t epoch) override { epoch_ = epoch; }
  LossValue train_batch(size_t batch, const Random& dropout) override;
  double validate() override;
  std::vector<CarriedBuffer> carried() override;

  // Buffers that a checkpoint is to hold for the caller, and that a resumed run fills again.
  void carry(std::vector<Buffer<float>>& buffers) { carried_ = &buffers; }
  size_t windows() const noexcept { return windows_trained_; }  // that training draws from
  // How much wider than the network's the intervals must be, by the validation part.
  Calibration calibrate();
  // How the values of successive steps hang together, by the validation part.
  PathDependence measure_dependence();

 private:
  struct Range {  // origins of one series that may train
    uint32_t series, first, count;
  };
  // In units of each window's scale: prediction [windows, horizon * outputs], target [windows, horizon].
  using VisitBatch = std::function<void(ConstView<float> prediction, ConstView<float> target)>;
  void split_series(uint32_t index, Validation validation);
  size_t first_judged(const Split& split, size_t length) const;
  void for_each_validation_batch(const VisitBatch& visit);
  void gather(const std::vector<WindowIndex>& windows);
  void blend_all(const std::vector<WindowIndex>& windows, View<float> prediction);
  void weigh(const std::vector<WindowIndex>& windows);

  const SeriesSet& data_;
  const ForecastConfig& config_;
  Network<float>& network_;
  std::unique_ptr<ForecastHead> head_;
  Windows windows_;
  Scratch<float> scratch_;
  Tape<float> tape_;
  std::vector<Range> training_;
  std::vector<WindowIndex> validation_;
  std::vector<double> series_weight_;
  std::vector<Buffer<float>>* carried_ = nullptr;
  size_t windows_trained_ = 0;
  size_t epoch_ = 0;
  std::vector<double> scales_;  // of the batch at hand, as are
  Buffer<float> x_, target_, d_prediction_, weights_;
};

}  // namespace elman
