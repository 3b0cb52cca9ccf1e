#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "base/error.h"
#include "tasks/text.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman sample readme.safetensors --prime \"The \" --length 200   # after 'elman train text README.md …'\n"
    "  elman sample readme.safetensors --temperature 0.7 --seed 3";

constexpr size_t kBufferBytes = 4096;  // when nobody watches

struct Arguments {
  std::string model, weights = "f32";
  SampleOptions options;
  Common common;
};

// Prints the text as it is written: symbol by symbol to a terminal, in larger pieces to a file.
void print_sample(const TextModel& model, const SampleOptions& options, ThreadPool& pool) {
  const size_t most = isatty(STDOUT_FILENO) ? 1 : kBufferBytes;
  std::string waiting = options.prime;
  char last = '\n';
  model.sample(options, pool, [&](std::string_view symbol) {
    waiting += symbol;
    if (waiting.size() < most) return;
    print(waiting);
    last = waiting.back();
    waiting.clear();
  });
  if ((waiting.empty() ? last : waiting.back()) != '\n') waiting += '\n';
  print(waiting);
}

void check_prime(const std::string& prime, const Vocabulary& vocabulary) {
  try {
    vocabulary.encode(prime);
  } catch (const Error& e) {
    fail(ErrorCode::kUsage, "--prime: {}", e.what());
  }
}

void run(const Verb& verb, const Arguments& a) {
  begin(a.common);
  require_argument(!a.model.empty(), "MODEL, a file written by 'elman train text',", verb);
  check_task(a.model, "text");
  const TextModel model = with_weights(TextModel::load(a.model), a.weights);
  check_prime(a.options.prime, model.vocabulary());
  ThreadPool pool(a.common.threads);
  if (!a.common.json) return print_sample(model, a.options, pool);
  std::string text;
  model.sample(a.options, pool, [&](std::string_view symbol) { text += symbol; });
  print_json({{"model", a.model},
              {"task", "text"},
              {"prime", a.options.prime},
              {"text", text},
              {"temperature", a.options.temperature},
              {"seed", a.options.seed}});
}

}  // namespace

void add_sample(CommandLine& line) {
  Verb& verb = line.add("sample", "Write a text with a trained model", kExamples);
  const auto a = std::make_shared<Arguments>();
  Flags& flags = verb.flags;
  flags.add_file("MODEL", a->model, "File written by 'elman train text'");
  flags.group("Text");
  flags.add("--prime", a->options.prime, "TEXT", "Beginning to go on from").zero_means("a line break");
  flags.add("--length", a->options.length, at_least(0), "Symbols to write");
  flags.add("--temperature", a->options.temperature, kNotNegative,
            "Below 1 more careful, above 1 bolder; 0: the likeliest");
  flags.add("--top-k", a->options.top_k, at_least(0), "Draw from that many likeliest symbols").zero_means("all");
  flags.add("--seed", a->options.seed, kSeed, "Start of the random numbers");
  add_weights_flag(flags, a->weights);
  add_common(line, verb, a->common);
  verb.run = [a, &verb] { run(verb, *a); };
}

}  // namespace elman::cli
