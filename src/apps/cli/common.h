#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/cli/command_line.h"
#include "base/threads.h"
#include "data/series.h"
#include "tasks/forecast_config.h"
#include "tasks/text_config.h"

namespace elman::cli {

// Flags that every working verb has.
struct Common {
  size_t threads = 0;
  std::string instruction_set;  // empty: the machine's best
  bool json = false, quiet = false, verbose = false;

  // A line for the user, unless quiet.
  void note(const std::string& line) const;
};
void add_common(CommandLine& line, Verb& verb, Common& common);
// Throws kUsage when flags contradict each other; from then on the kernels run on the instruction set asked for.
void begin(const Common& common);

// Which instruction set the kernels run on, of those that the machine has.
void add_instruction_set_flag(Flags& flags, std::string& name);
// For the rest of the process; empty: whichever suits each kernel.
void use_instruction_set(const std::string& name);

// What a model's weights are kept as while it runs: "f32" or "bf16".
void add_weights_flag(Flags& flags, std::string& weights);
// A loaded model of any task, narrowed if the flag asks for it.
template <class Model>
Model with_weights(Model model, const std::string& weights) {
  if (weights == "bf16") model.narrow();
  return model;
}

// Which columns of a table hold what.
void add_series_flags(Verb& verb, SeriesOptions& options);
// `options` of a model, with what the user says otherwise.
SeriesOptions overridden(SeriesOptions options, const SeriesOptions& by_user);

// How a network is built and trained, for each task.
void add_forecast_flags(Verb& verb, ForecastConfig& config);
void add_text_flags(Verb& verb, TextConfig& config);

// Throws kUsage, saying `what` is missing, unless a file or a flag that a verb cannot do without is given.
void require_argument(bool given, std::string_view what, const Verb& verb);
// Throws kUsage if both are the same file, kWrite if `output` cannot be written. An empty output is none.
void check_output(const std::string& output, const std::string& input);
// Throws kUsage if two outputs, each a flag and its file, are the same file. An empty file is none.
void check_distinct(const std::vector<std::pair<std::string_view, std::string>>& outputs);
// The model file's task; throws kModel, naming the verb to use instead, if it is not `expected`.
void check_task(const std::string& model, const std::string& expected);
// Whether a file starts as model files do. A file that cannot be read is none.
bool is_model_file(const std::string& path);

}  // namespace elman::cli
