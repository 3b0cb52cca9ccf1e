#include "tasks/text_config.h"

#include <algorithm>

#include "base/error.h"
#include "base/fields.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr size_t kBatchSize = 32;           // of a long text
constexpr size_t kFewestUpdates = 20;       // an epoch: a short text is read in fewer tracks instead
constexpr size_t kSymbolsRead = 6'000'000;  // by a run whose epochs are chosen
constexpr size_t kMostEpochs = 200;         // chosen
constexpr size_t kEpochLimit = 1'000'000;   // beyond all use, and keeps the count of updates within its type
constexpr size_t kValidations = 12;         // a run
constexpr int64_t kWarmupSteps = 100;
constexpr int64_t kRateSteps = 3;        // of a run with the schedule of steps, all of one length
constexpr int64_t kPlateauPatience = 1;  // validations are few

constexpr auto kFields = std::tuple{std::pair{"cell", &TextConfig::cell},
                                    std::pair{"hidden_size", &TextConfig::hidden_size},
                                    std::pair{"num_layers", &TextConfig::num_layers},
                                    std::pair{"dropout", &TextConfig::dropout},
                                    std::pair{"embedding_size", &TextConfig::embedding_size},
                                    std::pair{"bptt", &TextConfig::bptt},
                                    std::pair{"carry_state", &TextConfig::carry_state},
                                    std::pair{"batch_size", &TextConfig::batch_size},
                                    std::pair{"epochs", &TextConfig::epochs},
                                    std::pair{"learning_rate", &TextConfig::learning_rate},
                                    std::pair{"weight_decay", &TextConfig::weight_decay},
                                    std::pair{"clip_norm", &TextConfig::clip_norm},
                                    std::pair{"valid_fraction", &TextConfig::valid_fraction},
                                    std::pair{"validate_every", &TextConfig::validate_every},
                                    std::pair{"patience", &TextConfig::patience},
                                    std::pair{"seed", &TextConfig::seed}};

// Younger than files that do not have them.
constexpr auto kOptionalFields =
    std::tuple{std::pair{"clip_value", &TextConfig::clip_value}, std::pair{"optimizer", &TextConfig::optimizer},
               std::pair{"schedule", &TextConfig::schedule}};

size_t training_symbols(const TextConfig& config, const TextCorpus& corpus) {
  return validation_start(corpus.tokens.size(), config.valid_fraction);
}

void check(const TextConfig& c, const TextCorpus& corpus) {
  if (!(c.valid_fraction > 0 && c.valid_fraction < 1))
    fail(ErrorCode::kUsage, "valid_fraction is {}, expected above 0 and below 1", c.valid_fraction);
  if (c.epochs > kEpochLimit) fail(ErrorCode::kUsage, "epochs is {}, expected at most {}", c.epochs, kEpochLimit);
  if (c.bptt == 0) fail(ErrorCode::kUsage, "bptt is 0, expected at least 1");
  const size_t all = corpus.tokens.size(), training = training_symbols(c, corpus);
  if (all == training || chunks_per_epoch(training, 1, c.bptt) == 0)
    fail(ErrorCode::kData,
         "{}: too short: {} symbols, of which the first {} train and the rest validates, expected at least {} to train "
         "on with a bptt of {}; take a longer text or a smaller --bptt",
         corpus.path, all, training, 2 * c.bptt, c.bptt);
  if (const size_t most = training / c.bptt - 1; c.batch_size > most)
    fail(ErrorCode::kUsage,
         "--batch-size {} is more tracks of --bptt {} symbols than {} can fill with the {} that train; choose a "
         "--batch-size of at most {}, a smaller --bptt, or 0 to let the text decide",
         c.batch_size, c.bptt, corpus.path, training, most);
}

ScheduleConfig schedule_over(int64_t updates, std::string_view name) {
  ScheduleConfig schedule{.kind = find_schedule(name), .patience = kPlateauPatience};
  schedule.warmup_steps = std::min(kWarmupSteps, updates / 10);
  schedule.total_steps = updates;
  schedule.step_every = (updates - schedule.warmup_steps + kRateSteps - 1) / kRateSteps;
  return schedule;
}

}  // namespace

size_t validation_start(size_t size, double valid_fraction) {
  return static_cast<size_t>(static_cast<double>(size) * (1.0 - valid_fraction));
}

size_t chunks_per_epoch(size_t training_symbols, size_t batch_size, size_t bptt) {
  return training_symbols < bptt ? 0 : (training_symbols - bptt) / batch_size / bptt;
}

TextConfig resolve(TextConfig c, const TextCorpus& corpus) {
  check(c, corpus);
  const size_t training = training_symbols(c, corpus), symbols = corpus.vocabulary.size();
  if (c.embedding_size == 0) c.embedding_size = std::clamp<size_t>((symbols + 15) / 16 * 16, 16, 128);
  if (c.batch_size == 0) {
    c.batch_size = kBatchSize;
    while (c.batch_size > 1 && chunks_per_epoch(training, c.batch_size, c.bptt) < kFewestUpdates) c.batch_size /= 2;
  }
  if (c.epochs == 0) c.epochs = std::clamp<size_t>((kSymbolsRead + training / 2) / training, 1, kMostEpochs);
  const size_t updates = c.epochs * chunks_per_epoch(training, c.batch_size, c.bptt);
  if (c.validate_every == 0) c.validate_every = (updates + kValidations - 1) / kValidations;
  return c;
}

std::vector<std::string> explain(const TextConfig& c, const TextCorpus& corpus) {
  const size_t training = training_symbols(c, corpus), updates = chunks_per_epoch(training, c.batch_size, c.bptt);
  std::vector<std::string> lines;
  if (!corpus.fallback.empty()) lines.push_back(corpus.fallback);
  lines.push_back(fmt::format("{}: {} {}, {} different: the first {} train, the last {} validate", corpus.path,
                              corpus.tokens.size(),
                              corpus.vocabulary.mode() == Vocabulary::Mode::kBytes ? "bytes" : "characters",
                              corpus.vocabulary.size(), training, corpus.tokens.size() - training));
  lines.push_back(fmt::format("{} epochs of {} updates, each on {} tracks of {} symbols{}", c.epochs, updates,
                              c.batch_size, c.bptt,
                              c.batch_size < kBatchSize ? ": the text is too short for more" : ""));
  const TextConfig usual;
  if (c.optimizer != usual.optimizer || c.schedule != usual.schedule)
    lines.push_back(fmt::format("optimiser {}, learning rate by the schedule '{}'", c.optimizer, c.schedule));
  if (c.clip_value > 0) lines.push_back(fmt::format("no element of a gradient beyond {}", c.clip_value));
  return lines;
}

NetworkConfig text_network(const TextConfig& c, size_t symbols) {
  return {.input_size = 1,
          .layers = {
              Embedding{.symbols = symbols, .output_size = c.embedding_size},
              Recurrent{.cell = c.cell, .hidden_size = c.hidden_size, .num_layers = c.num_layers, .dropout = c.dropout},
              Dropout{.rate = c.dropout}, Linear{.output_size = symbols}}};
}

TrainConfig text_training(const TextConfig& c, const TextCorpus& corpus) {
  const size_t updates = c.epochs * chunks_per_epoch(training_symbols(c, corpus), c.batch_size, c.bptt);
  TrainConfig training;
  training.epochs = c.epochs;
  training.validate_every = c.validate_every;
  training.patience = c.patience;
  training.clip_norm = c.clip_norm;
  training.clip_value = c.clip_value;
  training.seed = c.seed;
  training.optimizer = {.name = c.optimizer, .learning_rate = c.learning_rate, .weight_decay = c.weight_decay};
  training.schedule = schedule_over(static_cast<int64_t>(updates), c.schedule);
  return training;
}

json to_json(const TextConfig& config) {
  json out = write_fields(config, kFields);
  write_changed_fields(config, kOptionalFields, out);
  return out;
}

TextConfig text_config_from_json(const json& in) {
  TextConfig config;
  try {
    read_fields(in, config, kFields);
    read_given_fields(in, config, kOptionalFields);
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "the settings of the text model are damaged: {}", e.what());
  }
  return config;
}

}  // namespace elman
