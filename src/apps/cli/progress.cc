#include "apps/cli/progress.h"

#include <algorithm>

#include "apps/cli/console.h"
#include "apps/cli/interrupt.h"
#include "base/clock.h"
#include "base/error.h"

namespace elman::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr size_t kBarColumns = 24;
constexpr double kLossMemory = 0.95;  // weight of the past in the running loss

}  // namespace

Progress::Progress(const Common& common) : common_(common), live_(!common.quiet && has_live_line()) {}

Progress::~Progress() { clear(); }

TrainObserver Progress::observer() {
  TrainObserver observer;
  observer.interrupted = [] { return InterruptGuard::requested(); };
  if (common_.quiet) return observer;
  observer.on_note = [this](const std::string& text) { line(text); };
  observer.on_validation = [this](const TrainPoint& point, bool is_best) { on_validation(point, is_best); };
  if (live_)
    observer.on_batch = [this](double done, double total, double loss, double seconds) {
      on_batch(done, total, loss, seconds);
    };
  return observer;
}

void Progress::on_batch(double done, double total, double loss, double seconds) {
  if (done < done_) valid_.clear();
  loss_ = done_ == 0 || done < done_ ? loss : kLossMemory * loss_ + (1 - kLossMemory) * loss;
  done_ = done;
  if (seconds_now() - drawn_at_ >= kRedrawSeconds) draw(done, total, seconds);
}

void Progress::draw(double done, double total, double seconds) {
  const double share = std::clamp(done / std::max(total, 1.0), 0.0, 1.0);
  const auto filled = static_cast<size_t>(share * kBarColumns);
  const double left = done > 0 ? seconds * (total - done) / done : 0;
  std::string text =
      fmt::format("[{}{}] {:3.0f} %  {} left  loss {}{}", std::string(filled, '='),
                  std::string(kBarColumns - filled, ' '), 100 * share, clock_text(left), brief(loss_), valid_);
  text.resize(std::min(text.size(), terminal_columns() - 1));
  redraw(text);
  drawn_ = true;
  drawn_at_ = seconds_now();
}

void Progress::on_validation(const TrainPoint& point, bool is_best) {
  if (is_best) best_ = point.valid_loss;
  valid_ = fmt::format("  valid {}  best {}", brief(point.valid_loss), brief(best_));
  if (live_ && !common_.verbose) return;
  std::string text = fmt::format("epoch {:3}  step {:6}  train {:<9}  valid {:<9}", point.epoch, point.steps,
                                 brief(point.train_loss), brief(point.valid_loss));
  if (common_.verbose)
    text += fmt::format("  rate {:<9}  gradient {:<9}", brief(point.learning_rate), brief(point.gradient_norm));
  text += is_best ? "  best" : "";
  line(text.substr(0, text.find_last_not_of(' ') + 1));
}

void Progress::clear() {
  if (drawn_) redraw("");
  drawn_ = false;
}

void Progress::line(const std::string& text) {
  clear();
  say(text);
}

}  // namespace elman::cli
