#include "tasks/forecast_training.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "tasks/fingerprint.h"
#include "tasks/forecast_network.h"
#include "tasks/forecast_problem.h"
#include "tasks/split.h"
#include "train/checkpoint.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr int64_t kWarmUp = 50;  // steps; less in short trainings

ScheduleConfig schedule_over(int64_t steps) {
  return {.kind = ScheduleKind::kCosine, .warmup_steps = std::min(kWarmUp, steps / 4), .total_steps = steps};
}

TrainConfig train_config(const ForecastConfig& c, const SeriesSet& data) {
  TrainConfig t;
  t.epochs = c.epochs;
  t.patience = c.patience;
  t.clip_norm = c.clip_norm;
  t.seed = c.seed;
  t.optimizer = {.name = "adamw", .learning_rate = c.learning_rate, .weight_decay = c.weight_decay};
  t.schedule = schedule_over(static_cast<int64_t>(c.epochs * c.batches_per_epoch));
  t.fingerprint = to_json(c).dump();
  t.data_fingerprint = fingerprint(data);
  return t;
}

bool holds_out(const SeriesSet& data, const ForecastConfig& config) {
  return std::any_of(data.series.begin(), data.series.end(),
                     [&](const Series& s) { return split_of(s.values.size(), config, true).validation > 0; });
}

// As many passes over all windows as the best of the first training made over its own, which were fewer. A large set,
// of which an epoch is but a sample, is trained for as many steps instead.
int64_t steps_of_second(int64_t best, const ForecastConfig& c, size_t first_windows, size_t all_windows) {
  if (c.batches_per_epoch * c.batch_size < all_windows) return best;
  const auto first = static_cast<int64_t>(first_windows), all = static_cast<int64_t>(all_windows);
  return (best * all + first - 1) / first;
}

// One of the settings that the held-out part decides between.
struct Candidate {
  std::string base = kLevelBase;
  size_t epochs = 0;
};

std::vector<Candidate> candidates_of(const ForecastConfig& config, bool held_out) {
  std::vector<Candidate> candidates;
  if (held_out && config.short_epochs > 0) candidates.push_back({config.base, config.short_epochs});
  candidates.push_back({config.base, config.epochs});
  if (config.base != kAutoBase) return candidates;
  const size_t lengths = candidates.size();
  for (Candidate& candidate : candidates) candidate.base = kLevelBase;
  for (size_t k = 0; held_out && k < lengths; ++k) candidates.push_back({kSeasonBase, candidates[k].epochs});
  return candidates;
}

std::string describe(const Candidate& c) { return fmt::format("what corrects the {}, in {} epochs", c.base, c.epochs); }

// Trainings follow one another: first those that hold out, then those on all data. Checkpoints of each carry what the
// ones before it have left: `best_` as their context, weights as buffers.
class Training {
 public:
  Training(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates, ThreadPool& pool,
           const TrainRun& run)
      : data_(data), config_(config), covariates_(covariates), pool_(pool), run_(run) {
    held_out_ = holds_out(data, config);
    candidates_ = candidates_of(config, held_out_);
    take(candidates_.front());
    again_ = config.refit && held_out_ ? config.ensemble : 0;
    network_ = std::make_unique<Network<float>>(forecast_network(config_, windows()));
    settings_ = run.apply_to(train_config(config, data));
    settings_.time_limit /= static_cast<double>(stages());  // each training has its share
  }

  TrainedForecaster result() {
    if (!held_out_) run_.note("the series are too short to hold a validation part out: training runs its full length");
    if (run_.resume) take_context();
    const bool again = first_stage_ >= candidates_.size();
    weights_.resize(again ? first_stage_ - candidates_.size() : std::min<size_t>(first_stage_, 1));
    for (size_t k = first_stage_; k < candidates_.size(); ++k) train_first(k);
    take(best_.candidate);
    if (candidates_.size() > 1)
      run_.note(fmt::format("the held-out part is forecast best by {}", describe(best_.candidate)));
    if (config_.conformal)
      for (const std::string& line : explain(best_.calibration, config_.quantiles)) run_.note(line);
    if (best_.dependence.pairs > 0)
      run_.note(
          fmt::format("sample paths: the ranks of successive steps correlate by {:.2f}, as {} held-out pairs show",
                      best_.dependence.rho, best_.dependence.pairs));
    if (again_ > 0) {
      if (!again) weights_.clear();
      while (weights_.size() < again_) train_again(weights_.size());
    }
    return {config_, finished_network(), std::move(best_.record), std::move(best_.calibration), best_.dependence};
  }

 private:
  // The best of the trainings with a held-out part.
  struct Best {
    Candidate candidate = {};
    TrainRecord record = {};
    Calibration calibration = {};
    PathDependence dependence = {};
    size_t windows = 0;  // that it was trained on
  };

  void take(const Candidate& candidate) {
    config_.base = candidate.base;
    config_.epochs = candidate.epochs;
    config_.short_epochs = 0;  // decided
  }
  size_t stages() const { return candidates_.size() + again_; }
  Windows windows() const { return {config_, data_.frequency, covariates_}; }
  TrainConfig settings_of(size_t stage) const {
    TrainConfig settings = settings_;
    settings.keep_checkpoint = stage + 1 < stages();
    settings.resume = run_.resume && stage == first_stage_;
    if (stage == 0) return settings;
    settings.fingerprint += fmt::format(" {}", stage);
    settings.context = context(stage).dump();
    return settings;
  }

  void train_first(size_t stage) {
    take(candidates_[stage]);
    network_->initialize(config_.seed);
    ForecastProblem problem(data_, config_, covariates_, *network_, pool_, true, run_.memory);
    problem.carry(weights_);
    if (candidates_.size() > 1) run_.note(fmt::format("training {}", describe(candidates_[stage])));
    TrainConfig settings = settings_of(stage);
    settings.epochs = config_.epochs;
    settings.schedule = schedule_over(static_cast<int64_t>(config_.epochs * config_.batches_per_epoch));
    TrainRecord record = Trainer(*network_, problem, settings, run_.observer).run();
    const double seconds = best_.record.seconds + record.seconds;
    if (stage == 0 || record.valid_loss < best_.record.valid_loss) {
      best_ = {candidates_[stage], std::move(record), config_.conformal ? problem.calibrate() : Calibration(),
               held_out_ ? problem.measure_dependence() : PathDependence(), problem.windows()};
      weights_.clear();
      weights_.push_back(network_->parameters().values().copy());
    }
    best_.record.seconds = seconds;
  }

  void train_again(size_t member) {
    ForecastConfig config = config_;
    config.seed += member;
    network_->initialize(config.seed);
    ForecastProblem whole(data_, config, covariates_, *network_, pool_, false, run_.memory);
    whole.carry(weights_);
    TrainConfig settings = settings_of(candidates_.size() + member);
    settings.seed = config.seed;
    settings.max_steps = steps_of_second(best_.record.best_step, config_, best_.windows, whole.windows());
    settings.schedule = schedule_over(settings.max_steps);  // ends where the first was best, at its lowest rate
    settings.epochs =
        std::max(settings.epochs, static_cast<size_t>(settings.max_steps) / config_.batches_per_epoch + 1);
    settings.patience = 0;
    settings.keep_best = false;
    TrainObserver observer = run_.observer;
    observer.on_validation = nullptr;
    observer.on_best = nullptr;
    run_.note(fmt::format("training again on all data for {} steps{}", settings.max_steps,
                          again_ > 1 ? fmt::format(", network {} of {}", member + 1, again_) : ""));
    const TrainRecord again = Trainer(*network_, whole, settings, observer).run();
    weights_.push_back(network_->parameters().values().copy());
    best_.record.seconds += again.seconds;
    best_.record.skipped_steps += again.skipped_steps;
    best_.record.rollbacks += again.rollbacks;
  }

  std::unique_ptr<Network<float>> finished_network() {
    if (weights_.size() > 1) return join_networks(config_, windows(), weights_);
    std::copy_n(weights_[0].data(), weights_[0].size(), network_->parameters().values().data());
    network_->pack(pool_, false);
    return std::move(network_);
  }

  json context(size_t stage) const {
    return {{"stage", stage},
            {"base", best_.candidate.base},
            {"epochs", best_.candidate.epochs},
            {"record", to_json(best_.record)},
            {"seconds", best_.record.seconds},
            {"calibration", to_json(best_.calibration)},
            {"dependence", to_json(best_.dependence)},
            {"windows", best_.windows}};
  }

  // What a checkpoint of a training after the first carries.
  void take_context() {
    const auto text = read_checkpoint_context(run_.checkpoint);
    if (!text || text->empty()) return;
    try {
      const json context = json::parse(*text);
      best_.candidate = {context.at("base"), context.at("epochs")};
      best_.record = train_record_from_json(context.at("record"));
      best_.record.seconds = context.at("seconds");
      best_.calibration = calibration_from_json(context.at("calibration"));
      best_.dependence = path_dependence_from_json(context.at("dependence"));
      best_.windows = context.at("windows");
      context.at("stage").get_to(first_stage_);
    } catch (const json::exception& e) {
      fail(ErrorCode::kModel, "{}: a damaged checkpoint: {}; start again without --resume", run_.checkpoint, e.what());
    }
  }

  const SeriesSet& data_;
  ForecastConfig config_;
  const Covariates& covariates_;
  ThreadPool& pool_;
  const TrainRun& run_;
  bool held_out_;
  std::vector<Candidate> candidates_;
  size_t again_;  // trainings on all data
  std::unique_ptr<Network<float>> network_;
  TrainConfig settings_;
  size_t first_stage_ = 0;  // that this run trains
  Best best_;
  std::vector<Buffer<float>> weights_;  // of the best so far; then of the finished members
};

}  // namespace

TrainedForecaster train_forecaster(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates,
                                   ThreadPool& pool, const TrainRun& run) {
  return Training(data, config, covariates, pool, run).result();
}

}  // namespace elman
