#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/text_corpus.h"
#include "elman/network.h"
#include "train/trainer.h"

namespace elman {

// How a text model is built and trained. Zeros are chosen from the corpus by resolve(); what was chosen is stored in
// the model.
struct TextConfig {
  std::string cell = "lstm";
  size_t hidden_size = 512;
  size_t num_layers = 1;
  double dropout = 0.1;       // between layers and before the head
  size_t embedding_size = 0;  // 0: by the number of symbols
  size_t bptt = 100;          // symbols between two updates, and how far back gradients travel
  bool carry_state = true;    // from each chunk of bptt symbols to the next
  size_t batch_size = 0;      // tracks read in parallel; 0: by the length of the text
  size_t epochs = 0;          // 0: by the length of the text
  double learning_rate = 2e-3;
  double weight_decay = 0.01;
  double clip_norm = 1.0;
  double clip_value = 0.0;          // of every element of the gradient, before its norm; 0: off
  std::string optimizer = "adamw";  // of optim/
  std::string schedule = "cosine";  // ScheduleKind, after a warm-up
  double valid_fraction = 0.1;      // the end of the text: never trained on
  size_t validate_every = 0;        // batches; 0: a dozen times a run
  size_t patience = 8;              // validations without a new best before stopping; 0: never stop early
  uint64_t seed = 1;
};

// First of the symbols that validate: floor(size (1 - valid_fraction)).
size_t validation_start(size_t size, double valid_fraction);
// Updates of one epoch: chunks of bptt symbols that each of batch_size tracks holds, bptt symbols being spared for the
// epoch's random offset. REQUIRES a resolved configuration for everything but resolve() itself.
size_t chunks_per_epoch(size_t training_symbols, size_t batch_size, size_t bptt);

// Fills in every zero. Throws kUsage on settings out of range or a batch_size that the text cannot fill, kData when the
// text is too short for one track of bptt symbols.
TextConfig resolve(TextConfig config, const TextCorpus& corpus);
// One line for each choice and its reason, for the log.
std::vector<std::string> explain(const TextConfig& config, const TextCorpus& corpus);

// Next-symbol network: embedding, recurrent layers, dropout, one logit for each of `symbols`.
NetworkConfig text_network(const TextConfig& config, size_t symbols);
// The trainer's settings for a resolved configuration.
TrainConfig text_training(const TextConfig& config, const TextCorpus& corpus);

nlohmann::json to_json(const TextConfig& config);
TextConfig text_config_from_json(const nlohmann::json& json);

}  // namespace elman
