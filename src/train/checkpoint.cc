#include "train/checkpoint.h"

#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "io/safetensors.h"
#include "train/trainer.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;  // 2: a sequence's states lie together

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

SafetensorsTensor tensor_of(const std::string& name, const Buffer<float>& buffer) {
  return make_tensor<float>(name, {buffer.size()}, {buffer.data(), buffer.size()});
}

Buffer<float> read_buffer(const SafetensorsFile& file, const std::string& path, const std::string& name,
                          size_t expected) {
  const SafetensorsTensor* tensor = file.find(name);
  if (!tensor) fail(ErrorCode::kModel, "{}: no tensor '{}'; it is not a checkpoint of this training", path, name);
  Buffer<float> buffer;
  buffer.resize(tensor->data.size() / sizeof(float));
  if (expected != 0 && buffer.size() != expected)
    fail(ErrorCode::kModel, "{}: tensor '{}' has {} values, expected {}", path, name, buffer.size(), expected);
  copy_values<float>(*tensor, {buffer.data(), buffer.size()});
  return buffer;
}

// A double as its bits, which JSON keeps where it would lose infinities and NaN; all else as it is.
template <class V>
json exact(V value) {
  if constexpr (std::is_same_v<V, double>) return std::bit_cast<uint64_t>(value);
  else return value;
}
template <class V>
void read_exact(const json& in, V& value) {
  if constexpr (std::is_same_v<V, double>) value = std::bit_cast<double>(in.get<uint64_t>());
  else in.get_to(value);
}

}  // namespace

// All that a file holds, read before any of it is put to use: a damaged file changes nothing.
struct Checkpoint::Content {
  Trainer::Progress progress;
  Trainer::Snapshot good;
  ScheduleState schedule;
  double seconds = 0;
  int64_t optimizer_steps = 0;
  Buffer<float> values, best;
  std::vector<Buffer<float>> slabs;
  std::map<std::string, Buffer<float>> carried;

  // The numbers of the progress.
  static constexpr auto kCounters = std::tuple{std::pair{"epoch", &Trainer::Progress::epoch},
                                               std::pair{"batch", &Trainer::Progress::batch},
                                               std::pair{"steps", &Trainer::Progress::steps},
                                               std::pair{"rate_factor", &Trainer::Progress::rate_factor},
                                               std::pair{"loss_sum", &Trainer::Progress::loss_sum},
                                               std::pair{"loss_count", &Trainer::Progress::loss_count},
                                               std::pair{"norm_sum", &Trainer::Progress::norm_sum},
                                               std::pair{"norm_count", &Trainer::Progress::norm_count},
                                               std::pair{"waited", &Trainer::Progress::waited},
                                               std::pair{"skips_in_a_row", &Trainer::Progress::skips_in_a_row},
                                               std::pair{"rollbacks_in_a_row", &Trainer::Progress::rollbacks_in_a_row},
                                               std::pair{"best", &Trainer::Progress::best},
                                               std::pair{"has_best", &Trainer::Progress::has_best}};

  void read_state(const json& state);
  void read_tensors(const SafetensorsFile& file, const std::string& path, const Trainer& trainer);
  void put_into(Trainer& trainer) &&;
};

std::string Checkpoint::previous() const { return trainer_.config_.checkpoint + ".previous"; }

void Checkpoint::save() const {
  Trainer& t = trainer_;
  std::vector<SafetensorsTensor> tensors{tensor_of("values", t.network_.parameters().values()),
                                         tensor_of("good.values", t.good_.values)};
  if (t.progress_.has_best) tensors.push_back(tensor_of("best.values", t.best_));
  const auto names = t.optimizer_->slab_names();
  for (size_t i = 0; i < t.optimizer_->slabs().size(); ++i)
    if (t.optimizer_->steps() > 0) tensors.push_back(tensor_of(std::string(names[i]), t.optimizer_->slabs()[i]));
  for (size_t i = 0; i < t.good_.slabs.size(); ++i)
    if (t.good_.optimizer_steps > 0) tensors.push_back(tensor_of("good." + std::string(names[i]), t.good_.slabs[i]));
  for (const CarriedBuffer& c : t.problem_.carried()) tensors.push_back(tensor_of("carried." + c.name, *c.buffer));

  const Trainer::Progress& p = t.progress_;
  const ScheduleState& schedule = t.schedule_.state();
  json state{{"version", kVersion},
             {"fingerprint", t.config_.fingerprint},
             {"data_fingerprint", t.config_.data_fingerprint},
             {"context", t.config_.context},
             {"optimizer_steps", t.optimizer_->steps()},
             {"good_optimizer_steps", t.good_.optimizer_steps},
             {"schedule", {exact(schedule.best.value_or(NAN)), schedule.waited, exact(schedule.factor)}},
             {"seconds", t.elapsed()},
             {"record", to_json(p.record)}};
  const auto write = [&](const char* name, auto member) { state[name] = exact(p.*member); };
  std::apply([&](const auto&... counter) { (write(counter.first, counter.second), ...); }, Content::kCounters);
  const std::string& path = t.config_.checkpoint;
  if (exists(path)) std::rename(path.c_str(), previous().c_str());
  write_safetensors(path, tensors, {{"elman_checkpoint", state.dump()}});
}

void Checkpoint::load() {
  const std::string& path = trainer_.config_.checkpoint;
  std::string problem;
  for (const std::string& candidate : {path, previous()}) {
    if (!exists(candidate)) continue;
    try {
      load_file(candidate);
      if (!problem.empty())
        trainer_.note(fmt::format("{}; went on from the previous checkpoint {}", problem, candidate));
      return;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kModel) throw;
      if (problem.empty()) problem = e.what();
    }
  }
  if (!problem.empty()) fail(ErrorCode::kModel, "{}; start again without --resume", problem);
  trainer_.note(fmt::format("no checkpoint {}: training starts from the beginning", path));
}

void Checkpoint::Content::read_state(const json& state) {
  const auto read = [&](const char* name, auto member) { read_exact(state.at(name), progress.*member); };
  std::apply([&](const auto&... counter) { (read(counter.first, counter.second), ...); }, kCounters);
  progress.record = train_record_from_json(state.at("record"));
  seconds = state.at("seconds");
  optimizer_steps = state.at("optimizer_steps");
  good.optimizer_steps = state.at("good_optimizer_steps");

  const json& s = state.at("schedule");
  double best_loss = NAN;
  read_exact(s.at(0), best_loss);
  if (!std::isnan(best_loss)) schedule.best = best_loss;
  s.at(1).get_to(schedule.waited);
  read_exact(s.at(2), schedule.factor);
}

void Checkpoint::Content::read_tensors(const SafetensorsFile& file, const std::string& path, const Trainer& t) {
  const size_t size = t.network_.parameters().values().size();
  values = read_buffer(file, path, "values", size);
  good.values = read_buffer(file, path, "good.values", size);
  if (progress.has_best) best = read_buffer(file, path, "best.values", size);
  for (const std::string_view name : t.optimizer_->slab_names()) {
    if (optimizer_steps > 0) slabs.push_back(read_buffer(file, path, std::string(name), size));
    if (good.optimizer_steps > 0) good.slabs.push_back(read_buffer(file, path, "good." + std::string(name), size));
  }
  for (const CarriedBuffer& c : t.problem_.carried())
    carried[c.name] = read_buffer(file, path, "carried." + c.name, c.buffer->size());
}

void Checkpoint::Content::put_into(Trainer& t) && {
  t.network_.parameters().values() = std::move(values);
  t.network_.pack(t.pool_, true);
  if (optimizer_steps > 0) t.restore_optimizer(optimizer_steps, slabs);
  t.schedule_.restore(schedule);
  t.carried_ = std::move(carried);
  t.good_ = std::move(good);
  t.best_ = std::move(best);
  t.progress_ = std::move(progress);
  t.before_ = seconds;
}

void Checkpoint::load_file(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto found = file.metadata.find("elman_checkpoint");
  if (found == file.metadata.end()) fail(ErrorCode::kModel, "{}: not a checkpoint", path);
  Content content;
  try {
    const json state = json::parse(found->second);
    const auto version = state.at("version").get<int64_t>();
    if (version != kVersion)
      fail(ErrorCode::kModel, "{}: a checkpoint of version {}, expected {}", path, version, kVersion);
    if (state.at("data_fingerprint") != trainer_.config_.data_fingerprint)
      fail(ErrorCode::kData,
           "{}: the data has changed since this checkpoint; restore the data or start again without --resume", path);
    if (state.at("fingerprint") != trainer_.config_.fingerprint)
      fail(ErrorCode::kUsage,
           "{}: written by a run with other settings; use the same flags, or start again without --resume", path);
    content.read_state(state);
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: a damaged checkpoint: {}", path, e.what());
  }
  content.read_tensors(file, path, trainer_);
  std::move(content).put_into(trainer_);
}

void Checkpoint::remove() const {
  std::remove(trainer_.config_.checkpoint.c_str());
  std::remove(previous().c_str());
}

std::optional<std::string> read_checkpoint_context(const std::string& path) {
  if (!exists(path)) return {};
  try {
    const SafetensorsFile file = read_safetensors(path);
    const auto found = file.metadata.find("elman_checkpoint");
    if (found == file.metadata.end()) return {};
    return json::parse(found->second).at("context").get<std::string>();
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace elman
