#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/threads.h"
#include "data/text_corpus.h"
#include "model/network.h"
#include "tasks/text_config.h"
#include "tasks/train_run.h"

namespace elman {

// How a text is written.
struct SampleOptions {
  std::string prime = "";    // read first, not written; empty: the text starts as after a line break
  size_t length = 400;       // symbols to write
  double temperature = 1.0;  // divides the logits: below 1 more careful, above 1 bolder; 0: always the likeliest symbol
  size_t top_k = 0;          // draw from the k likeliest symbols only; 0: from all
  uint64_t seed = 1;
};

// A trained model of a text: it predicts each symbol from those before it, and writes texts of its own (Graves 2013).
class TextModel {
 public:
  using Watcher = std::function<void(const TextModel&)>;
  using Emit = std::function<void(std::string_view)>;

  // Trains on the first part of `corpus`, validates on the rest. `on_best` sees the model at each new best validation,
  // with the weights and the record of that moment: save it there and a run that is stopped leaves a usable file.
  static TextModel train(const TextCorpus& corpus, const TextConfig& config, ThreadPool& pool, TrainRun run = {},
                         const Watcher& on_best = {});
  // Throws kModel when the file is damaged or holds another task.
  static TextModel load(const std::string& path);
  void save(const std::string& path) const;

  // Mean cross entropy, in nats, of the symbols from `first` on, each predicted from those before it; see
  // nats_per_symbol(). Throws kUsage when the corpus was read with another vocabulary, kData when it has no symbol to
  // predict.
  double evaluate(const TextCorpus& corpus, ThreadPool& pool, size_t first = 0) const;
  // First symbol of `corpus` that the model was not trained on: where validation starts in its own text, 0 in any
  // other.
  size_t held_out_start(const TextCorpus& corpus) const;

  // Writes a text, calling `emit` with each symbol (a UTF-8 character or a byte) as soon as it is drawn. The same seed
  // gives the same text on any machine. Throws kUsage on options out of range, kData when the prime holds a character
  // the model does not know.
  void sample(const SampleOptions& options, ThreadPool& pool, const Emit& emit) const;

  const TextConfig& config() const noexcept { return config_; }
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  const TrainRecord& record() const noexcept { return record_; }
  const Network<float>& network() const noexcept { return *network_; }
  // Rounds weights to bfloat16: Model::narrow().
  void narrow() { network_->narrow(); }

 private:
  TextConfig config_;
  Vocabulary vocabulary_;
  std::unique_ptr<Network<float>> network_;
  std::string corpus_fingerprint_;
  TrainRecord record_;
};

}  // namespace elman
