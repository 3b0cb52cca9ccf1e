#pragma once

#include <optional>
#include <string>

namespace elman {

class Trainer;

// The whole state of a run on disk: weights, moments, best and last good weights, counters, and what the problem
// carries. The previous checkpoint is kept beside the newest, and taken when the newest cannot be read.
class Checkpoint {
 public:
  explicit Checkpoint(Trainer& trainer) : trainer_(trainer) {}

  void save() const;
  // Without a file training starts afresh, with a note. Throws kUsage or kData when configuration or data are not those
  // of the checkpoint, kModel when neither file can be read.
  void load();
  void remove() const;

 private:
  struct Content;
  void load_file(const std::string& path);
  std::string previous() const;
  Trainer& trainer_;
};

// The context that the run which wrote a checkpoint was given; nothing when the file is absent or damaged.
std::optional<std::string> read_checkpoint_context(const std::string& path);

}  // namespace elman
