#include "tasks/text.h"

#include <algorithm>

#include "base/error.h"
#include "model/model_file.h"
#include "tasks/fingerprint.h"
#include "tasks/text_problem.h"
#include "tasks/text_sampler.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr const char* kTask = "text";

std::string fingerprint(const TextCorpus& corpus) {
  Fingerprint fingerprint;
  for (const std::string& symbol : corpus.vocabulary.symbols()) fingerprint.add(symbol.data(), symbol.size() + 1);
  fingerprint.add(corpus.tokens.data(), corpus.tokens.size() * sizeof corpus.tokens[0]);
  return fingerprint.hex();
}

bool same(const Vocabulary& a, const Vocabulary& b) { return a.mode() == b.mode() && a.symbols() == b.symbols(); }

json to_json(const Vocabulary& vocabulary) {
  return {{"mode", vocabulary.mode() == Vocabulary::Mode::kBytes ? "bytes" : "characters"},
          {"symbols", vocabulary.symbols()}};
}

Vocabulary vocabulary_from_json(const json& in) {
  const std::string mode = in.at("mode");
  if (mode != "bytes" && mode != "characters") fail(ErrorCode::kModel, "vocabulary of unknown mode '{}'", mode);
  return Vocabulary::from_symbols(mode == "bytes" ? Vocabulary::Mode::kBytes : Vocabulary::Mode::kCharacters,
                                  in.at("symbols"));
}

// What an unprimed text goes on from: a line break, or a symbol that begins the vocabulary where there is none.
uint32_t line_break(const Vocabulary& vocabulary) {
  if (vocabulary.mode() == Vocabulary::Mode::kBytes) return '\n';
  const std::vector<std::string> symbols = vocabulary.symbols();
  const auto found = std::find(symbols.begin(), symbols.end(), "\n");
  return found == symbols.end() ? 0 : static_cast<uint32_t>(found - symbols.begin());
}

// A network that reads one text symbol by symbol, its state carried.
class Reader {
 public:
  Reader(const Network<float>& network, ThreadPool& pool)
      : network_(network), scratch_(pool), state_(network.initial_state(1)) {}

  // Logits of the symbol after `symbol`, valid until the next call.
  std::span<const float> read(uint32_t symbol) {
    const float input = static_cast<float>(symbol);
    const View<float> logits = network_.forward(scratch_, Steps(1, 1), {&input, 1, 1}, &state_);
    return {logits.data, logits.cols};
  }

 private:
  const Network<float>& network_;
  Scratch<float> scratch_;
  State<float> state_;
};

}  // namespace

TextModel TextModel::train(const TextCorpus& corpus, const TextConfig& config, ThreadPool& pool, TrainRun run,
                           const Watcher& on_best) {
  TextModel model;
  model.config_ = resolve(config, corpus);
  for (const std::string& line : explain(model.config_, corpus)) run.note(line);
  model.vocabulary_ = corpus.vocabulary;
  model.corpus_fingerprint_ = fingerprint(corpus);
  model.network_ = std::make_unique<Network<float>>(text_network(model.config_, corpus.vocabulary.size()));
  model.network_->initialize(config.seed);

  run.observer.on_best = [&, then = std::move(run.observer.on_best)](const TrainRecord& record) {
    model.record_ = record;
    if (then) then(record);
    if (on_best) on_best(model);
  };
  TextProblem problem(*model.network_, corpus.tokens, model.config_, pool, run.memory);
  TrainConfig training = run.apply_to(text_training(model.config_, corpus));
  training.fingerprint = elman::to_json(model.config_).dump();
  training.data_fingerprint = model.corpus_fingerprint_;
  model.record_ = Trainer(*model.network_, problem, pool, training, run.observer).run();
  return model;
}

TextModel TextModel::load(const std::string& path) {
  ModelFile file = load_model(path);
  if (file.task != kTask)
    fail(ErrorCode::kModel, "{}: a model of task '{}' found, expected '{}', as `elman train text` writes it", path,
         file.task, kTask);
  TextModel model;
  try {
    model.config_ = text_config_from_json(file.task_data.at("config"));
    model.vocabulary_ = vocabulary_from_json(file.task_data.at("vocabulary"));
    model.corpus_fingerprint_ = file.task_data.at("corpus_fingerprint");
    model.record_ = train_record_from_json(file.record);
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: the description of the text model is damaged: {}", path, e.what());
  }
  model.network_ = std::move(file.network);
  if (model.network_->input_size() != 1 || model.network_->output_size() != model.vocabulary_.size())
    fail(ErrorCode::kModel,
         "{}: the network reads {} features and writes {}, expected 1 and one for each of {} symbols", path,
         model.network_->input_size(), model.network_->output_size(), model.vocabulary_.size());
  return model;
}

void TextModel::save(const std::string& path) const {
  const json data{{"config", elman::to_json(config_)},
                  {"vocabulary", to_json(vocabulary_)},
                  {"corpus_fingerprint", corpus_fingerprint_}};
  save_model(path, *network_, kTask, data, elman::to_json(record_));
}

double TextModel::evaluate(const TextCorpus& corpus, ThreadPool& pool, size_t first) const {
  if (!same(corpus.vocabulary, vocabulary_))
    fail(ErrorCode::kUsage, "{}: read with a vocabulary of {} symbols, expected the model's own of {}", corpus.path,
         corpus.vocabulary.size(), vocabulary_.size());
  if (corpus.tokens.size() < 2 || first >= corpus.tokens.size())
    fail(ErrorCode::kData, "{}: {} symbols leave none to predict from symbol {} on; take a longer text", corpus.path,
         corpus.tokens.size(), first);
  return nats_per_symbol(*network_, corpus.tokens, first, pool);
}

size_t TextModel::held_out_start(const TextCorpus& corpus) const {
  if (fingerprint(corpus) != corpus_fingerprint_) return 0;
  return validation_start(corpus.tokens.size(), config_.valid_fraction);
}

void TextModel::sample(const SampleOptions& options, ThreadPool& pool, const Emit& emit) const {
  TextSampler sampler(options.temperature, options.top_k, options.seed);
  std::vector<uint32_t> prime = vocabulary_.encode(options.prime);
  if (prime.empty()) prime.push_back(line_break(vocabulary_));
  Reader reader(*network_, pool);
  std::span<const float> logits;
  for (const uint32_t symbol : prime) logits = reader.read(symbol);
  for (size_t written = 0; written < options.length; ++written) {
    const uint32_t symbol = sampler.draw(logits);
    emit(vocabulary_.symbol(symbol));
    logits = reader.read(symbol);
  }
}

}  // namespace elman
