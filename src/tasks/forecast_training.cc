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
// Shares of the network's corrections that the held-out part decides between.
constexpr double kCorrections[] = {1.0, 0.75, 0.5, 0.25, 0.0};
constexpr double kClearGain = 0.02;  // as a share of the loss

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
                     [&](const Series& s) { return split_of(s, config, true).validation > 0; });
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

// What came of a training with a held-out part.
struct Trial {
  Candidate candidate = {};
  TrainRecord record = {};
  size_t windows = 0;  // that it was trained on
};

json to_json(const Trial& t) {
  return {{"base", t.candidate.base},
          {"epochs", t.candidate.epochs},
          {"record", to_json(t.record)},
          {"windows", t.windows}};
}

Trial trial_from_json(const json& j) {
  return {{j.at("base"), j.at("epochs")}, train_record_from_json(j.at("record")), j.at("windows")};
}

std::string describe(const Candidate& c) { return fmt::format("what corrects {}, in {} epochs", c.base, c.epochs); }

// Trainings follow one another: first the trials, which hold out, then those on all data. Checkpoints of each carry
// what the ones before it have left: records and decisions as their context, weights as buffers.
class Training {
 public:
  Training(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates, ThreadPool& pool,
           const TrainRun& run)
      : data_(data),
        config_(config),
        covariates_(covariates),
        pool_(pool),
        run_(run),
        bases_(config.bases),
        choose_base_(config.choose_base),
        epochs_(config.epochs) {
    held_out_ = holds_out(data, config);
    if (held_out_) first_epochs_ = config.short_epochs;
    else if (config.choose_base) bases_ = {kLevelBase};
    take(candidate(0));
    network_ = std::make_unique<Network<float>>(forecast_network(config_, windows()));
    settings_ = run.apply_to(train_config(config, data));
    settings_.time_limit /= static_cast<double>(stages());  // each training has its share
  }

  TrainedForecaster result() {
    if (!held_out_)
      run_.note(
          "no validation part is held out, as the series are too short or end without values: training runs its full "
          "length");
    if (run_.resume) take_context();
    const bool decided = first_stage_ >= trials();
    // Of the trials until they are judged, then of the finished members.
    weights_.resize(decided ? first_stage_ - trials() : first_stage_);
    for (size_t k = first_stage_; k < trials(); ++k) train_first(k);
    if (!decided) decide();
    explain_decision();
    if (again() > 0) {
      if (!decided) weights_.clear();
      while (weights_.size() < again()) train_again(weights_.size());
    }
    TrainRecord record = trials_[chosen_.front()].record;
    record.seconds = seconds_;
    record.skipped_steps += skipped_steps_;
    record.rollbacks += rollbacks_;
    take_all(chosen_);
    config_.correction = correction_;
    return {config_, network_of(weights_), std::move(record), std::move(calibration_), dependence_};
  }

 private:
  void take(const Candidate& candidate) {
    config_.bases = {candidate.base};
    config_.epochs = candidate.epochs;
    config_.choose_base = false;
    config_.correction = 1;
    config_.short_epochs = 0;  // decided
  }
  // The settings of the mean of these trials.
  void take_all(const std::vector<size_t>& trials) {
    take(trials_[trials.front()].candidate);
    for (size_t k = 1; k < trials.size(); ++k) config_.bases.push_back(trials_[trials[k]].candidate.base);
  }
  // Trainings on all data: as many of one kind as of the other.
  size_t again() const {
    if (!config_.refit || !held_out_) return 0;
    return chosen_.empty() ? config_.ensemble : std::max<size_t>(1, config_.ensemble / chosen_.size()) * chosen_.size();
  }
  // All bases in few epochs, if so many are tried; then the best of them in all epochs.
  size_t trials() const { return bases_.size() + (first_epochs_ > 0 ? 1 : 0); }
  Candidate candidate(size_t stage) const {
    if (first_epochs_ == 0) return {bases_[stage], epochs_};
    if (stage < bases_.size()) return {bases_[stage], first_epochs_};
    return {trials_[best_trial()].candidate.base, epochs_};
  }
  size_t best_trial() const {
    std::vector<double> losses;
    for (const Trial& trial : trials_) losses.push_back(trial.record.valid_loss);
    return first_unbeaten(losses);
  }
  size_t stages() const { return trials() + again(); }
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
  void count(const TrainRecord& record) {
    seconds_ += record.seconds;
    skipped_steps_ += record.skipped_steps;
    rollbacks_ += record.rollbacks;
  }

  void train_first(size_t stage) {
    take(candidate(stage));
    network_->initialize(config_.seed);
    ForecastProblem problem(data_, config_, covariates_, *network_, pool_, true, run_.memory);
    problem.carry(weights_);
    if (trials() > 1) run_.note(fmt::format("training {}", describe(candidate(stage))));
    TrainConfig settings = settings_of(stage);
    settings.epochs = config_.epochs;
    if (!held_out_) settings.patience = 0;  // nothing tells a better step from a worse
    settings.schedule = schedule_over(static_cast<int64_t>(config_.epochs * config_.batches_per_epoch));
    TrainRecord record = Trainer(*network_, problem, settings, run_.observer).run();
    weights_.push_back(network_->parameters().values().copy());
    seconds_ += record.seconds;
    trials_.push_back({candidate(stage), std::move(record), problem.windows()});
  }

  // The best trial, or the mean of all where it forecasts the held-out part better still; of bases that were asked for,
  // the mean of the best of each.
  void decide() {
    std::vector<size_t> all;
    for (size_t k = 0; k < trials_.size(); ++k) {
      const auto rival = std::find_if(all.begin(), all.end(), [&](size_t r) { return same_base(k, r); });
      if (choose_base_ || rival == all.end()) all.push_back(k);
      else if (better(k, *rival)) *rival = k;
    }
    chosen_ = {best_trial()};
    const double least = trials_[chosen_.front()].record.valid_loss;
    if (!choose_base_ || (all.size() <= config_.ensemble && problem_of(all)->validate() < least)) chosen_ = all;
    if (!held_out_) return;
    std::vector<double> losses;
    for (const double share : kCorrections) losses.push_back(problem_of(chosen_, share)->validate());
    correction_ = kCorrections[first_unbeaten(losses)];
    const auto problem = problem_of(chosen_, correction_);
    if (config_.conformal) calibration_ = problem->calibrate();
    dependence_ = problem->measure_dependence();
  }

  bool same_base(size_t a, size_t b) const { return trials_[a].candidate.base == trials_[b].candidate.base; }
  bool better(size_t a, size_t b) const { return trials_[a].record.valid_loss < trials_[b].record.valid_loss; }

  // Judges the mean of these trials, or a share of its corrections, on what they held out. The network it refers to is
  // judged_.
  std::unique_ptr<ForecastProblem> problem_of(const std::vector<size_t>& trials, double correction = 1) {
    take_all(trials);
    config_.correction = correction;
    std::vector<Buffer<float>> weights;
    weights.reserve(trials.size());
    for (const size_t k : trials) weights.push_back(weights_[k].copy());
    judged_ = network_of(weights);
    return std::make_unique<ForecastProblem>(data_, config_, covariates_, *judged_, pool_, true);
  }

  void explain_decision() const {
    std::vector<std::string> names;
    for (const size_t k : chosen_) names.push_back(describe(trials_[k].candidate));
    if (trials() > 1)
      run_.note(fmt::format("the held-out part speaks for {}{}", chosen_.size() > 1 ? "the mean of " : "",
                            fmt::join(names, "; ")));
    if (correction_ < 1)
      run_.note(fmt::format("{:.0f} % of the network's corrections are believed, as the held-out part shows",
                            100 * correction_));
    if (config_.conformal)
      for (const std::string& line : explain(calibration_, config_.quantiles)) run_.note(line);
    if (dependence_.pairs > 0)
      run_.note(
          fmt::format("sample paths: the ranks of successive steps correlate by {:.2f}, as {} held-out pairs show",
                      dependence_.rho, dependence_.pairs));
  }

  void train_again(size_t member) {
    const Trial& trial = trials_[chosen_[member % chosen_.size()]];
    take(trial.candidate);
    ForecastConfig config = config_;
    config.seed += member;
    network_->initialize(config.seed);
    ForecastProblem whole(data_, config, covariates_, *network_, pool_, false, run_.memory);
    whole.carry(weights_);
    TrainConfig settings = settings_of(trials() + member);
    settings.seed = config.seed;
    settings.max_steps = steps_of_second(trial.record.best_step, config_, trial.windows, whole.windows());
    settings.schedule = schedule_over(settings.max_steps);  // ends where the first was best, at its lowest rate
    settings.epochs = std::max(config.epochs, static_cast<size_t>(settings.max_steps) / config_.batches_per_epoch + 1);
    settings.patience = 0;
    settings.keep_best = false;
    TrainObserver observer = run_.observer;
    observer.on_validation = nullptr;
    observer.on_best = nullptr;
    run_.note(fmt::format("training again on all data for {} steps{}", settings.max_steps,
                          again() > 1 ? fmt::format(", network {} of {}", member + 1, again()) : ""));
    count(Trainer(*network_, whole, settings, observer).run());
    weights_.push_back(network_->parameters().values().copy());
  }

  // That writes the mean of those with these weights.
  std::unique_ptr<Network<float>> network_of(const std::vector<Buffer<float>>& weights) const {
    if (weights.size() > 1) return join_networks(config_, windows(), weights);
    auto network = std::make_unique<Network<float>>(forecast_network(config_, windows()));
    std::copy_n(weights[0].data(), weights[0].size(), network->parameters().values().data());
    network->pack(pool_, false);
    return network;
  }

  json context(size_t stage) const {
    json trials = json::array();
    for (const Trial& trial : trials_) trials.push_back(to_json(trial));
    return {{"stage", stage},
            {"trials", trials},
            {"chosen", chosen_},
            {"correction", correction_},
            {"seconds", seconds_},
            {"calibration", to_json(calibration_)},
            {"dependence", to_json(dependence_)}};
  }

  // What a checkpoint of a training after the first carries.
  void take_context() {
    const auto text = read_checkpoint_context(run_.checkpoint);
    if (!text || text->empty()) return;
    try {
      const json context = json::parse(*text);
      for (const json& trial : context.at("trials")) trials_.push_back(trial_from_json(trial));
      context.at("chosen").get_to(chosen_);
      context.at("correction").get_to(correction_);
      seconds_ = context.at("seconds");
      calibration_ = calibration_from_json(context.at("calibration"));
      dependence_ = path_dependence_from_json(context.at("dependence"));
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
  std::vector<std::string> bases_;  // tried, or asked for
  bool choose_base_;
  size_t first_epochs_ = 0, epochs_;
  std::unique_ptr<Network<float>> network_, judged_;
  TrainConfig settings_;
  size_t first_stage_ = 0;              // that this run trains
  std::vector<Trial> trials_;           // done so far
  std::vector<size_t> chosen_;          // of trials_, once decided
  std::vector<Buffer<float>> weights_;  // of trials_, until they are judged; then of the finished members
  double correction_ = 1;               // ForecastConfig's
  Calibration calibration_;
  PathDependence dependence_;
  double seconds_ = 0;
  size_t skipped_steps_ = 0, rollbacks_ = 0;  // of the trainings on all data
};

}  // namespace

size_t first_unbeaten(std::span<const double> losses) {
  const double least = *std::min_element(losses.begin(), losses.end());
  const auto beaten = [&](double loss) { return loss - least > kClearGain * std::abs(loss); };
  return static_cast<size_t>(std::find_if_not(losses.begin(), losses.end(), beaten) - losses.begin());
}

TrainedForecaster train_forecaster(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates,
                                   ThreadPool& pool, const TrainRun& run) {
  return Training(data, config, covariates, pool, run).result();
}

}  // namespace elman
