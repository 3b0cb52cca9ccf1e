#include "tasks/forecast.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/model_file.h"
#include "tasks/fingerprint.h"
#include "tasks/forecast_problem.h"
#include "tasks/levels.h"
#include "tasks/series_json.h"
#include "train/checkpoint.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr size_t kPredictBatch = 512;

// One forecaster: recurrence over the segments of the past, then one step for each segment of the future, all from the
// same state (Lin et al. 2023); beside it a linear map of the whole look-back that starts at zero. The names of its
// parameters begin with `prefix`.
void add_branches(const ForecastConfig& c, size_t past_steps, const std::string& prefix, Sum& sum) {
  const size_t outputs = find_head(c.head).make(c.quantiles)->outputs(), segments = c.written_steps() / c.segment;
  const Recurrent reader{.cell = c.cell,
                         .hidden_size = c.hidden_size,
                         .num_layers = c.num_layers,
                         .dropout = c.dropout,
                         .name = prefix + "rnn"};
  const Decode writer{.cell = c.cell,
                      .steps = segments,
                      .position_size = std::max<size_t>(c.hidden_size / 2, 1),
                      .name = prefix + "decoder"};
  const Linear head{.output_size = c.segment * outputs, .name = prefix + "head"};
  const Linear skip{.output_size = c.written_steps() * outputs, .zero_start = true, .name = prefix + "skip"};
  sum.branches.push_back({reader, LastStep{}, writer, Dropout{c.dropout}, head, Flatten{segments}});
  sum.branches.push_back({Flatten{past_steps}, skip});
}

NetworkConfig architecture(const ForecastConfig& c, const Windows& windows) {
  Sum sum;
  add_branches(c, windows.steps(), "", sum);
  return {.input_size = windows.features(), .layers = {std::move(sum)}};
}

// One network that writes the mean of several: a sum of which each member adds its share. The mean is that of the raw
// outputs. Of quantiles and locations it is the usual one; of scales, dispersions and degrees of freedom it is taken
// before softplus, hence between their arithmetic and their geometric mean: one distribution of the same family, and
// not the wider mixture of the members.
std::unique_ptr<Network<float>> join(const ForecastConfig& c, const Windows& windows,
                                     const std::vector<Buffer<float>>& members) {
  Sum sum;
  const auto prefix = [](size_t k) { return fmt::format("member{}.", k); };
  for (size_t k = 0; k < members.size(); ++k) add_branches(c, windows.steps(), prefix(k), sum);
  auto joined = std::make_unique<Network<float>>(NetworkConfig{windows.features(), {std::move(sum)}});
  const Network<float> single(architecture(c, windows));
  const float share = 1.0f / static_cast<float>(members.size());
  Parameters<float>& to = joined->parameters();
  for (size_t k = 0; k < members.size(); ++k)
    for (const Parameter& p : single.parameters().list()) {
      const bool writes = p.name.starts_with("head.") || p.name.starts_with("skip.");
      const float* from = members[k].data() + p.offset;
      std::transform(from, from + p.size(), to.values().data() + to.find(prefix(k) + p.name)->offset,
                     [&](float value) { return writes ? share * value : value; });
    }
  joined->pack(false);
  return joined;
}

std::string fingerprint(const SeriesSet& data) {
  Fingerprint print;
  for (const Series& s : data.series) {
    print.add(s.id.data(), s.id.size());
    print.add(&s.start, sizeof s.start);
    for (const double v : s.values) {
      const double canonical = std::isnan(v) ? NAN : v;  // one bit pattern for all that is missing
      print.add(&canonical, sizeof canonical);
    }
  }
  return print.hex();
}

TrainConfig train_config(const ForecastConfig& c, const SeriesSet& data) {
  TrainConfig t;
  t.epochs = c.epochs;
  t.patience = c.patience;
  t.clip_norm = c.clip_norm;
  t.seed = c.seed;
  t.optimizer = {.name = "adamw", .learning_rate = c.learning_rate, .weight_decay = c.weight_decay};
  t.schedule = {.kind = ScheduleKind::kCosine,
                .warmup_steps = static_cast<int64_t>(std::min<size_t>(50, c.epochs * c.batches_per_epoch / 4)),
                .total_steps = static_cast<int64_t>(c.epochs * c.batches_per_epoch)};
  t.fingerprint = to_json(c).dump();
  t.data_fingerprint = fingerprint(data);
  return t;
}

// The end of every series that forecasting needs, apart from the training data itself.
SeriesSet keep_ends(const SeriesSet& data, size_t length) {
  SeriesSet kept = data;
  for (Series& s : kept.series) {
    s.covariates.clear();
    if (s.values.size() <= length) continue;
    const size_t cut = s.values.size() - length;
    s.values.erase(s.values.begin(), s.values.begin() + static_cast<ptrdiff_t>(cut));
    s.start = data.frequency.time_at(s.start, static_cast<int64_t>(cut));
  }
  return kept;
}

// As many passes over all windows as the best of the first training made over its own, which were fewer. A large set,
// of which an epoch is but a sample, is trained for as many steps instead.
int64_t steps_of_second(int64_t best, const ForecastConfig& c, size_t first_windows, size_t all_windows) {
  if (c.batches_per_epoch * c.batch_size < all_windows) return best;
  const auto first = static_cast<int64_t>(first_windows), all = static_cast<int64_t>(all_windows);
  return (best * all + first - 1) / first;
}

bool non_negative(const SeriesSet& data) {
  for (const Series& s : data.series)
    for (const double v : s.values)
      if (v < 0) return false;
  return true;
}

}  // namespace

ForecastModel ForecastModel::train(const SeriesSet& data, const ForecastConfig& given, ThreadPool& pool,
                                   const TrainRun& run) {
  ForecastModel model;
  model.config_ = resolve(given, data);
  const ForecastConfig& config = model.config_;
  model.head_ = find_head(config.head).make(config.quantiles);
  model.head_->check(data);
  for (const std::string& line : explain(config, data)) run.note(line);
  model.network_ = std::make_unique<Network<float>>(architecture(config, Windows(config, data.frequency)));
  model.network_->initialize(config.seed);
  model.context_ = keep_ends(data, config.look_back);
  model.non_negative_ = non_negative(data);

  ForecastProblem problem(data, config, *model.network_, pool, true, run.memory);
  if (!problem.has_validation())
    run.note("the series are too short to hold a validation part out: training runs its full length");
  TrainConfig settings = run.apply_to(train_config(config, data));
  const bool refit = config.refit && problem.has_validation();
  settings.keep_checkpoint = refit;
  if (refit) settings.time_limit /= static_cast<double>(1 + config.ensemble);  // each training has its share
  const auto resumed = refit && run.resume ? model.take_first_training(run.checkpoint) : std::nullopt;
  if (!resumed) {
    model.record_ = Trainer(*model.network_, problem, settings, run.observer).run();
    if (config.conformal) model.calibration_ = problem.calibrate();
    if (problem.has_validation()) model.dependence_ = problem.measure_dependence();
  }
  if (config.conformal)
    for (const std::string& line : explain(model.calibration_, config.quantiles)) run.note(line);
  if (model.dependence_.pairs > 0)
    run.note(fmt::format("sample paths: the ranks of successive steps correlate by {:.2f}, as {} held-out pairs show",
                         model.dependence_.rho, model.dependence_.pairs));
  if (refit) model.train_again(data, problem.windows(), settings, pool, run, resumed);
  return model;
}

void ForecastModel::train_again(const SeriesSet& data, size_t first_windows, const TrainConfig& first, ThreadPool& pool,
                                const TrainRun& run, std::optional<size_t> resumed) {
  TrainObserver observer = run.observer;
  observer.on_validation = nullptr;
  observer.on_best = nullptr;
  std::vector<Buffer<float>> members(resumed.value_or(0));  // trained ones; a checkpoint brings them back
  while (members.size() < config_.ensemble) {
    const size_t member = members.size();
    ForecastConfig config = config_;
    config.seed += member;
    network_->initialize(config.seed);
    ForecastProblem whole(data, config, *network_, pool, false, run.memory);
    whole.carry(members);
    TrainConfig settings = first;
    settings.seed = config.seed;
    settings.max_steps = steps_of_second(record_.best_step, config_, first_windows, whole.windows());
    settings.schedule.total_steps = settings.max_steps;  // ends where the first was best, at its lowest rate
    settings.epochs =
        std::max(settings.epochs, static_cast<size_t>(settings.max_steps) / config_.batches_per_epoch + 1);
    settings.patience = 0;
    settings.keep_best = false;
    settings.keep_checkpoint = member + 1 < config_.ensemble;
    settings.resume = resumed == member;
    settings.fingerprint += fmt::format(" again {}", member);
    settings.context = first_training(member).dump();
    run.note(fmt::format("training again on all data for {} steps{}", settings.max_steps,
                         config_.ensemble > 1 ? fmt::format(", network {} of {}", member + 1, config_.ensemble) : ""));
    const TrainRecord again = Trainer(*network_, whole, settings, observer).run();
    members.push_back(network_->parameters().values().copy());
    record_.seconds += again.seconds;
    record_.skipped_steps += again.skipped_steps;
    record_.rollbacks += again.rollbacks;
  }
  if (members.size() > 1) network_ = join(config_, Windows(config_, data.frequency), members);
}

json ForecastModel::first_training(size_t member) const {
  return {{"record", to_json(record_)},
          {"seconds", record_.seconds},
          {"calibration", to_json(calibration_)},
          {"dependence", to_json(dependence_)},
          {"member", member}};
}

std::optional<size_t> ForecastModel::take_first_training(const std::string& checkpoint) {
  const auto context = read_checkpoint_context(checkpoint);
  if (!context || context->empty()) return {};
  try {
    const json first = json::parse(*context);
    record_ = train_record_from_json(first.at("record"));
    record_.seconds = first.at("seconds");
    calibration_ = calibration_from_json(first.at("calibration"));
    dependence_ = path_dependence_from_json(first.at("dependence"));
    return first.at("member").get<size_t>();
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: a damaged checkpoint: {}; start again without --resume", checkpoint, e.what());
  }
}

void ForecastModel::save(const std::string& path) const {
  const json task{{"config", to_json(config_)},
                  {"context", to_json(context_)},
                  {"non_negative", non_negative_},
                  {"calibration", to_json(calibration_)},
                  {"dependence", to_json(dependence_)}};
  save_model(path, *network_, "forecast", task, to_json(record_));
}

ForecastModel ForecastModel::load(const std::string& path) {
  ModelFile file = load_model(path);
  if (file.task != "forecast")
    fail(ErrorCode::kModel, "{}: a model for the task '{}', expected 'forecast'", path, file.task);
  try {
    ForecastModel model;
    model.config_ = forecast_config_from_json(file.task_data.at("config"));
    model.head_ = find_head(model.config_.head).make(model.config_.quantiles);
    model.context_ = series_set_from_json(file.task_data.at("context"));
    model.non_negative_ = file.task_data.at("non_negative");
    model.calibration_ = calibration_from_json(file.task_data.at("calibration"));
    model.dependence_ = path_dependence_from_json(file.task_data.at("dependence"));
    model.record_ = train_record_from_json(file.record);
    model.network_ = std::move(file.network);
    const Windows windows(model.config_, model.context_.frequency);
    if (model.network_->input_size() != windows.features() ||
        model.network_->output_size() != model.config_.written_steps() * model.head_->outputs() ||
        !model.calibration_.fits(model.config_.quantiles, model.config_.horizon))
      fail(ErrorCode::kModel, "{}: the network does not fit the forecaster's settings", path);
    return model;
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: the forecaster's description is damaged: {}", path, e.what());
  }
}

SeriesOptions ForecastModel::series_options() const {
  SeriesOptions options;
  options.frequency = context_.frequency;
  options.time = context_.time_column;
  options.id = context_.id_column;
  options.target = context_.target_column;
  return options;
}

std::optional<Time> ForecastModel::trained_until(std::string_view id) const {
  for (const Series& s : context_.series)
    if (s.id == id && !s.values.empty())
      return context_.frequency.time_at(s.start, static_cast<int64_t>(s.values.size()) - 1);
  return {};
}

// ---- Forecasting
// --------------------------------------------------------------------------------------------------------

void ForecastModel::for_each_step(const SeriesSet& data, const std::vector<Request>& requests, ThreadPool& pool,
                                  const VisitStep& visit) const {
  const Windows windows(config_, data.frequency);
  Scratch<float> scratch(pool);
  Buffer<float> input;
  for (size_t first = 0; first < requests.size(); first += kPredictBatch) {
    const size_t batch = std::min(kPredictBatch, requests.size() - first);
    const Steps steps(windows.steps(), batch);
    const View<float> x = input.matrix(steps.rows(), windows.features());
    std::vector<WindowScale> scales(batch);
    pool.split(batch, 16, [&](size_t begin, size_t end) {
      for (size_t b = begin; b < end; ++b)
        scales[b] = windows.fill_input(*requests[first + b].series, requests[first + b].origin, x, batch, b);
    });
    const View<float> y = network_->forward(scratch, steps, x);
    for (size_t b = 0; b < batch; ++b)
      for (size_t step = 0; step < config_.horizon; ++step)
        visit(first + b, step,
              {*head_, y.row(b) + step * head_->outputs(), scales[b], calibration_, step, non_negative_});
  }
}

std::vector<Quantiles> ForecastModel::predict(const SeriesSet& data, const std::vector<Request>& requests,
                                              ThreadPool& pool) const {
  const Quantiles empty(levels().size(), std::vector<double>(config_.horizon));
  std::vector<Quantiles> results(requests.size(), empty);
  for_each_step(data, requests, pool, [&](size_t request, size_t step, const Predictive& forecast) {
    for (size_t k = 0; k < levels().size(); ++k) results[request][k][step] = forecast.at_levels()[k];
  });
  return results;
}

namespace {

// REQUIRES: the head was trained at the level 0.5, as all are.
size_t median_of(const ForecastHead& head) { return blend_of(0.5, head.levels())->low; }

void check_levels(const std::vector<double>& levels, const ForecastHead& head) {
  for (const double level : levels)
    if (head.knows_all_levels() ? !(level > 0 && level < 1) : !blend_of(level, head.levels()))
      fail(
          ErrorCode::kUsage,
          "--quantiles: {} lies outside the levels the model was trained for ({}); train it with --quantiles that hold "
          "it, or with --head student_t",
          level, head.knows_all_levels() ? "0 to 1" : fmt::format("{}", fmt::join(head.levels(), ", ")));
}

}  // namespace

std::vector<Forecast> ForecastModel::forecast(const SeriesSet* given, size_t horizon, const std::vector<double>& levels,
                                              ThreadPool& pool) const {
  const SeriesSet& data = given ? *given : context_;
  if (horizon == 0) horizon = config_.horizon;
  check_levels(levels, *head_);
  head_->check(data);
  const size_t median = median_of(*head_);

  std::vector<Series> extended = data.series;  // grows by medians when the horizon is longer than the trained one
  std::vector<Forecast> forecasts(extended.size());
  for (size_t i = 0; i < extended.size(); ++i) {
    forecasts[i].id = extended[i].id;
    forecasts[i].quantiles.resize(levels.size());
  }
  for (size_t done = 0; done < horizon; done += config_.horizon) {
    std::vector<Request> requests;
    for (const Series& s : extended) requests.push_back({&s, s.values.size()});
    const size_t count = std::min(config_.horizon, horizon - done);
    for_each_step(data, requests, pool, [&](size_t i, size_t step, const Predictive& step_forecast) {
      if (step >= count) return;
      Forecast& f = forecasts[i];
      f.ds.push_back(data.time_text(i, static_cast<int64_t>(data.series[i].values.size() + done + step)));
      f.y_hat.push_back(step_forecast.at_levels()[median]);
      for (size_t k = 0; k < levels.size(); ++k) f.quantiles[k].push_back(step_forecast.quantile(levels[k]));
    });
    for (size_t i = 0; i < extended.size(); ++i)
      extended[i].values.insert(extended[i].values.end(), forecasts[i].y_hat.begin() + static_cast<ptrdiff_t>(done),
                                forecasts[i].y_hat.end());
  }
  return forecasts;
}

}  // namespace elman
