#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/threads.h"
#include "loss/loss.h"
#include "model/network.h"
#include "tasks/text_config.h"
#include "train/problem.h"

namespace elman {

// Symbols read before a track's first counted one, so that its state is what a reading from the start would bring.
inline constexpr size_t kTextRunIn = 256;

// Mean cross entropy, in nats, of tokens[first…], each predicted from those before it; of the whole text but its first
// symbol, which nothing precedes, when `first` is 0. The text is read in parallel tracks; each track but the one at the
// start of the text reads the kTextRunIn symbols before its own without counting them, and every symbol counts exactly
// once. The number of tracks depends on the length alone. REQUIRES first < size, 2 <= size, and tokens within the
// network's symbols.
double nats_per_symbol(const Network<float>& network, std::span<const uint16_t> tokens, size_t first, ThreadPool& pool);

// Trains a next-symbol network by truncated backpropagation through time: batch_size contiguous tracks through the
// training part are read bptt symbols at a time, and the state is carried from chunk to chunk (Mikolov 2012). Each
// epoch starts from the initial state at a random offset, a function of seed and epoch, so that chunks are cut
// differently every time.
class TextProblem final : public Problem {
 public:
  // REQUIRES: a resolved configuration; tokens outlive the problem. The network is packed by the trainer.
  TextProblem(Network<float>& network, std::span<const uint16_t> tokens, const TextConfig& config, ThreadPool& pool,
              const TapeMemory& memory = {});

  size_t batches_per_epoch() const override { return chunks_; }
  void start_epoch(size_t epoch) override;
  LossValue train_batch(size_t batch, const Random& dropout) override;
  double validate() override;
  std::vector<CarriedBuffer> carried() override;

  // Position in the training part of track `track`'s first symbol in this epoch.
  size_t track_start(size_t track) const noexcept { return offset_ + track * chunks_ * config_.bptt; }

 private:
  void fill_batch(size_t batch);

  Network<float>& network_;
  std::span<const uint16_t> tokens_;
  TextConfig config_;
  size_t training_, chunks_, offset_ = 0;
  std::unique_ptr<Loss<float>> loss_;
  Scratch<float> scratch_;
  Tape<float> tape_;
  State<float> state_;
  Buffer<float> inputs_, targets_, d_logits_;  // [bptt * batch_size] twice, [bptt * batch_size, symbols]
};

}  // namespace elman
