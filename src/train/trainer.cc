#include "train/trainer.h"

#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "optim/clip.h"
#include "train/checkpoint.h"

namespace elman {
namespace {

constexpr size_t kSkipsBeforeRollback = 3;
constexpr size_t kRollbacksBeforeGivingUp = 5;
constexpr int64_t kSnapshotEvery = 100;          // steps between states to roll back to
constexpr uint64_t kDropoutStream = 0x64726f70;  // "drop"

template <class T>
std::span<T> span_of(Buffer<T>& buffer) {
  return {buffer.data(), buffer.size()};
}

}  // namespace

Trainer::Trainer(Network<float>& network, Problem& problem, ThreadPool& pool, TrainConfig config,
                 TrainObserver observer)
    : network_(network),
      problem_(problem),
      pool_(pool),
      config_(std::move(config)),
      observer_(std::move(observer)),
      optimizer_(make_optimizer<float>(config_.optimizer)),
      schedule_(config_.optimizer.learning_rate, config_.schedule) {}

Trainer::~Trainer() = default;

double Trainer::elapsed() const { return before_ + seconds_now() - started_; }

void Trainer::note(const std::string& text) const {
  if (observer_.on_note) observer_.on_note(text);
}

TrainRecord Trainer::run() {
  started_ = checkpointed_ = seconds_now();
  network_.pack(pool_, true);
  take_snapshot();
  if (config_.resume) Checkpoint(*this).load();
  bool go_on = true;
  while (go_on && progress_.epoch < config_.epochs) go_on = train_epoch();
  progress_.record.stopped_early = !go_on;
  if (config_.keep_best && progress_.has_best) network_.parameters().values() = best_.copy();
  network_.pack(pool_, false);
  progress_.record.seconds = elapsed();
  if (!config_.checkpoint.empty() && !config_.keep_checkpoint) Checkpoint(*this).remove();
  return progress_.record;
}

bool Trainer::train_epoch() {
  const size_t batches = problem_.batches_per_epoch();
  problem_.start_epoch(progress_.epoch);
  put_back_carried();
  while (progress_.batch < batches) {
    poll();
    train_step();
    if (++progress_.batch == batches) progress_.record.epochs = progress_.epoch + 1;
    const bool finished = (config_.time_limit > 0 && elapsed() >= config_.time_limit) ||
                          (config_.max_steps > 0 && progress_.steps >= config_.max_steps);
    const bool due = config_.validate_every > 0 && progress_.batch % config_.validate_every == 0;
    if ((due || progress_.batch == batches || finished) && (!validate() || finished)) return false;
  }
  progress_.batch = 0;
  ++progress_.epoch;
  return true;
}

void Trainer::put_back_carried() {
  for (const CarriedBuffer& carried : problem_.carried())
    if (const auto found = carried_.find(carried.name); found != carried_.end())
      *carried.buffer = std::move(found->second);
  carried_.clear();
}

void Trainer::train_step() {
  Parameters<float>& parameters = network_.parameters();
  parameters.gradients().fill(0.0f);
  const Random dropout(config_.seed ^ (static_cast<uint64_t>(progress_.steps) << 20), kDropoutStream);
  const LossValue loss = problem_.train_batch(progress_.batch, dropout);

  const std::span<float> gradients = span_of(parameters.gradients());
  // Before clipping, which would make an infinite gradient look like a large one.
  if (!std::isfinite(loss.sum) || !all_finite(gradients, pool_)) return skip_step();
  if (config_.clip_value > 0) clip_by_value(gradients, config_.clip_value);
  const double norm = clip_by_norm(gradients, config_.clip_norm > 0 ? config_.clip_norm : HUGE_VAL);
  optimizer_->step(span_of(parameters.values()), gradients, learning_rate(), pool_);
  if (!all_finite(span_of(parameters.values()), pool_)) return undo_step();
  network_.pack(pool_, true);
  ++progress_.steps;
  progress_.skips_in_a_row = 0;
  progress_.loss_sum += loss.sum;
  progress_.loss_count += loss.count;
  progress_.norm_sum += norm;
  ++progress_.norm_count;
  if (progress_.steps % kSnapshotEvery == 0) take_snapshot();

  if (observer_.on_batch) {
    const double batches = static_cast<double>(problem_.batches_per_epoch());
    observer_.on_batch(static_cast<double>(progress_.epoch) * batches + static_cast<double>(progress_.batch) + 1,
                       static_cast<double>(config_.epochs) * batches, loss.mean(), elapsed());
  }
}

double Trainer::learning_rate() const { return progress_.rate_factor * schedule_.rate(progress_.steps); }

void Trainer::skip_step() {
  ++progress_.record.skipped_steps;
  if (++progress_.skips_in_a_row < kSkipsBeforeRollback) return;
  roll_back(fmt::format("{} batches in a row gave no finite loss or gradient", kSkipsBeforeRollback));
}

// A finite gradient can still carry a weight beyond all numbers, and then the optimiser's moments with it.
void Trainer::undo_step() {
  ++progress_.record.skipped_steps;
  roll_back("an update made weights infinite");
}

void Trainer::roll_back(const std::string& reason) {
  network_.parameters().values() = good_.values.copy();
  network_.pack(pool_, true);
  if (++progress_.rollbacks_in_a_row > kRollbacksBeforeGivingUp)
    fail(
        ErrorCode::kDiverged,
        "training diverged: loss, gradient or update were not finite for {} batches in spite of {} returns to the last "
        "good state, each with half the learning rate; look for extreme values in the data, or lower --learning-rate "
        "(it began at {}) or {}",
        progress_.record.skipped_steps, kRollbacksBeforeGivingUp, config_.optimizer.learning_rate,
        config_.clip_norm > 0 ? fmt::format("--clip ({})", config_.clip_norm) : "set --clip, which is off");
  if (good_.optimizer_steps > 0) restore_optimizer(good_.optimizer_steps, good_.slabs);
  else optimizer_ = make_optimizer<float>(config_.optimizer);
  progress_.rate_factor *= 0.5;
  progress_.skips_in_a_row = 0;
  ++progress_.record.rollbacks;
  note(fmt::format("{}: back to the last good state, learning rate x {}", reason, progress_.rate_factor));
}

void Trainer::restore_optimizer(int64_t steps, const std::vector<Buffer<float>>& slabs) {
  std::vector<std::span<const float>> spans;
  spans.reserve(slabs.size());
  for (const Buffer<float>& slab : slabs) spans.emplace_back(slab.data(), slab.size());
  optimizer_->restore(steps, spans);
}

void Trainer::take_snapshot() {
  good_.values = network_.parameters().values().copy();
  good_.slabs.clear();
  for (const Buffer<float>& slab : optimizer_->slabs()) good_.slabs.push_back(slab.copy());
  good_.optimizer_steps = optimizer_->steps();
  progress_.rollbacks_in_a_row = 0;
}

bool Trainer::validate() {
  const double valid = problem_.validate();
  TrainPoint point{progress_.epoch + 1, progress_.steps, 0.0, valid, learning_rate(), 0.0};
  if (progress_.loss_count > 0) point.train_loss = progress_.loss_sum / progress_.loss_count;
  if (progress_.norm_count > 0) point.gradient_norm = progress_.norm_sum / static_cast<double>(progress_.norm_count);
  progress_.loss_sum = progress_.loss_count = progress_.norm_sum = 0;
  progress_.norm_count = 0;
  schedule_.observe(valid);

  TrainRecord& record = progress_.record;
  record.history.push_back(point);
  record.steps = progress_.steps;
  const bool is_best = std::isfinite(valid) && (!progress_.has_best || valid < progress_.best);
  if (is_best) {
    progress_.best = record.valid_loss = valid;
    progress_.has_best = true;
    progress_.waited = 0;
    record.train_loss = point.train_loss;
    record.best_step = progress_.steps;
    best_ = network_.parameters().values().copy();
  } else {
    ++progress_.waited;
  }
  if (observer_.on_validation) observer_.on_validation(point, is_best);
  if (is_best && observer_.on_best) {
    record.seconds = elapsed();
    observer_.on_best(record);
  }
  return config_.patience == 0 || progress_.waited < config_.patience;
}

// Between two batches: stop if asked to, and write a checkpoint when one is due.
void Trainer::poll() {
  const bool stop = observer_.interrupted && observer_.interrupted();
  const bool due = seconds_now() - checkpointed_ >= config_.save_every;
  if ((stop || due) && !config_.checkpoint.empty()) {
    Checkpoint(*this).save();
    checkpointed_ = seconds_now();
  }
  if (!stop) return;
  if (config_.checkpoint.empty()) fail(ErrorCode::kInterrupted, "interrupted; no checkpoint was asked for");
  fail(ErrorCode::kInterrupted, "interrupted; the state is in {}: the same command with --resume goes on",
       config_.checkpoint);
}

}  // namespace elman
