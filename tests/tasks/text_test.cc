#include "tasks/text.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/model_file.h"
#include "tasks/text_fixtures.h"

namespace elman {
namespace {

using namespace elman::testing;

std::string sample(const TextModel& model, const SampleOptions& options, size_t threads = 1) {
  ThreadPool pool(threads);
  std::string text;
  model.sample(options, pool, [&](std::string_view symbol) { text += symbol; });
  return text;
}

const TextCorpus& proverb() {
  static const TextCorpus corpus = corpus_of(repeated("a rolling stone gathers no moss. ", 90));
  return corpus;
}

// Learnt once for the tests that only read it.
const TextModel& proverb_model() {
  static const TextModel model = [] {
    ThreadPool pool(2);
    TextConfig config = small_config();
    config.hidden_size = 32;
    config.epochs = 15;
    return TextModel::train(proverb(), config, pool);
  }();
  return model;
}

std::string history(const TextModel& model) { return to_json(model.record()).dump(); }

TEST(TextModel, LearnsARepetitiveTextToNearCertainty) {
  ThreadPool pool(2);
  EXPECT_LT(proverb_model().record().valid_loss, 0.02);
  EXPECT_LT(proverb_model().evaluate(proverb(), pool), 0.05);
  EXPECT_GT(proverb_model().record().history.front().valid_loss, 1.0);
}

TEST(TextModel, SampleContinuesThePattern) {
  const SampleOptions likeliest{.prime = "a rolling stone gathers no moss. a roll", .length = 33, .temperature = 0};
  EXPECT_EQ(sample(proverb_model(), likeliest), "ing stone gathers no moss. a roll");
  const SampleOptions cautious{.prime = "gathers ", .length = 25, .temperature = 0.5};
  EXPECT_EQ(sample(proverb_model(), cautious), "no moss. a rolling stone ");
}

TEST(TextModel, SampleIsAFunctionOfTheSeed) {
  const SampleOptions hot{.prime = "a", .length = 60, .temperature = 4, .seed = 11};
  SampleOptions other = hot, few = hot;
  other.seed = 12;
  few.top_k = 1;
  const std::string text = sample(proverb_model(), hot);
  EXPECT_EQ(sample(proverb_model(), hot, 3), text);
  EXPECT_NE(sample(proverb_model(), other), text);
  EXPECT_EQ(sample(proverb_model(), few), sample(proverb_model(), {.prime = "a", .length = 60, .temperature = 0}));
}

TEST(TextModel, SampleNeedsNoPrimeAndTakesNoUnknownCharacter) {
  EXPECT_EQ(sample(proverb_model(), {.length = 5}).size(), 5u);
  const auto [code, message] = error_of([] { sample(proverb_model(), {.prime = "caf\u00e9"}); });
  EXPECT_EQ(code, ErrorCode::kData);
  EXPECT_NE(message.find("'c'"), std::string::npos) << message;  // the proverb has no c
}

TEST(TextModel, FileHoldsTheWholeModel) {
  const std::string path = fresh_path("m.safetensors");
  proverb_model().save(path);
  const TextModel loaded = TextModel::load(path);
  ThreadPool one(1), two(2);
  EXPECT_EQ(loaded.evaluate(proverb(), one), proverb_model().evaluate(proverb(), two));
  EXPECT_EQ(history(loaded), history(proverb_model()));
  EXPECT_EQ(to_json(loaded.config()), to_json(proverb_model().config()));
  const SampleOptions options{.prime = "a", .length = 50, .temperature = 2};
  EXPECT_EQ(sample(loaded, options), sample(proverb_model(), options));
}

TEST(TextModel, RefusesAModelOfAnotherTask) {
  const std::string path = fresh_path("m.safetensors");
  save_model(path, proverb_model().network(), "classify", {}, {});
  EXPECT_EQ(error_of([&] { TextModel::load(path); }).first, ErrorCode::kModel);
  save_model(path, proverb_model().network(), "text", {{"config", {}}}, {});
  EXPECT_EQ(error_of([&] { TextModel::load(path); }).first, ErrorCode::kModel);
}

TEST(TextModel, RefusesAVocabularyThatIsNotTheNetworks) {
  const std::string path = fresh_path("m.safetensors");
  save_model(path, proverb_model().network(), "text",
             {{"config", to_json(proverb_model().config())},
              {"vocabulary", {{"mode", "characters"}, {"symbols", {"a", "b"}}}},
              {"corpus_fingerprint", ""}},
             to_json(proverb_model().record()));
  EXPECT_EQ(error_of([&] { TextModel::load(path); }).first, ErrorCode::kModel);
}

TEST(TextModel, EvaluatesItsHeldOutPartOrAnotherText) {
  ThreadPool pool(1);
  const TextModel& model = proverb_model();
  const size_t held_out = model.held_out_start(proverb());
  EXPECT_EQ(held_out, 2673u);  // nine tenths of 2970
  EXPECT_EQ(model.evaluate(proverb(), pool, held_out), model.record().valid_loss);

  TextCorpus other = proverb();
  other.tokens.pop_back();
  EXPECT_EQ(model.held_out_start(other), 0u);
  EXPECT_EQ(error_of([&] { model.evaluate(corpus_of("gathers no moss"), pool); }).first, ErrorCode::kUsage);
  other.tokens.resize(1);
  EXPECT_EQ(error_of([&] { model.evaluate(other, pool); }).first, ErrorCode::kData);
}

TEST(TextModel, IsThereToSaveAtEveryNewBest) {
  const std::string path = fresh_path("best.safetensors");
  ThreadPool pool(1);
  TextConfig config = small_config();
  config.validate_every = 20;
  TrainRun run;
  std::vector<double> told;
  run.observer.on_best = [&](const TrainRecord& record) { told.push_back(record.valid_loss); };
  size_t seen = 0;
  TextModel::train(proverb(), config, pool, run, [&](const TextModel& model) {
    model.save(path);
    const TextModel saved = TextModel::load(path);
    EXPECT_EQ(saved.evaluate(proverb(), pool, saved.held_out_start(proverb())), told.at(seen));
    EXPECT_EQ(saved.record().valid_loss, told.at(seen++));
  });
  EXPECT_GT(seen, 2u);
  EXPECT_EQ(seen, told.size());
}

TextConfig dropout_config() {
  TextConfig config = small_config();
  config.num_layers = 2;
  config.dropout = 0.2;
  config.validate_every = 13;
  config.patience = 0;
  return config;
}

void expect_resumes_to_the_same_bits(const TextConfig& config) {
  const TextCorpus corpus = corpus_of(random_letters(1500));
  ThreadPool pool(1);
  const TextModel whole = TextModel::train(corpus, config, pool);
  ASSERT_GT(whole.record().steps, 40);
  for (const int polls : {1, 6, 14, 30}) {  // at once, mid-epoch, after a validation, in a later epoch
    TrainRun run;
    run.checkpoint = fresh_path("checkpoint");
    int left = polls;
    run.observer.interrupted = [&] { return --left == 0; };
    EXPECT_EQ(error_of([&] { TextModel::train(corpus, config, pool, run); }).first, ErrorCode::kInterrupted);
    run.observer.interrupted = nullptr;
    run.resume = true;
    const TextModel resumed = TextModel::train(corpus, config, pool, run);
    EXPECT_TRUE(same_bits(resumed.network().parameters().values(), whole.network().parameters().values())) << polls;
    EXPECT_EQ(history(resumed), history(whole)) << polls;
  }
}

TEST(TextModel, ResumesMidEpochToTheSameBits) { expect_resumes_to_the_same_bits(dropout_config()); }

TEST(TextModel, ResumesOtherOptimizersAndSchedules) {
  for (const auto& [optimizer, schedule] :
       {std::pair{"sgd", "step"}, {"rmsprop", "plateau"}, {"adam", "constant"}, {"adamw", "plateau"}}) {
    SCOPED_TRACE(optimizer);
    TextConfig config = dropout_config();
    config.optimizer = optimizer;
    config.schedule = schedule;
    config.clip_value = 0.01;
    config.learning_rate = 0.1;  // on letters drawn at random: the loss soon rises, and plateaus cut the rate
    expect_resumes_to_the_same_bits(config);
  }
}

std::vector<double> rates_of(const std::string& schedule) {
  ThreadPool pool(1);
  TextConfig config = dropout_config();
  config.schedule = schedule;
  config.learning_rate = 0.1;
  std::vector<double> rates;
  const TextModel model = TextModel::train(corpus_of(random_letters(1500)), config, pool);
  for (const TrainPoint& point : model.record().history) rates.push_back(point.learning_rate);
  return rates;
}

TEST(TextModel, SchedulesMoveTheRate) {
  EXPECT_EQ(rates_of("constant").back(), 0.1);
  EXPECT_DOUBLE_EQ(rates_of("step").back(), 0.1 * 0.01);
  // Near its end the cosine is -1 to within half a bit of 1, which is much of so small a rate.
  EXPECT_NEAR(rates_of("cosine").back(), 0.1 * 0.01, 0.1 * 0x1p-52);
  const double plateau = rates_of("plateau").back();
  EXPECT_TRUE(plateau < 0.1 && plateau > 0.001) << plateau;
}

TEST(TextModel, ClippedElementsChangeTheWeights) {
  ThreadPool pool(1);
  TextConfig config = small_config();
  const TextModel plain = TextModel::train(proverb(), config, pool);
  config.clip_value = 1e-3;
  const TextModel clipped = TextModel::train(proverb(), config, pool);
  EXPECT_FALSE(same_bits(plain.network().parameters().values(), clipped.network().parameters().values()));
}

// So default trainings write the files they always did, and older files load.
TEST(TextConfigJson, HoldsOptionalSettingsWhereTheyWereChosen) {
  TextConfig config;
  nlohmann::json json = to_json(config);
  for (const char* key : {"optimizer", "schedule", "clip_value"}) EXPECT_FALSE(json.contains(key)) << key;
  EXPECT_EQ(text_config_from_json(json).optimizer, "adamw");
  config.optimizer = "sgd";
  config.clip_value = 0.5;
  json = to_json(config);
  EXPECT_FALSE(json.contains("schedule"));
  const TextConfig read = text_config_from_json(json);
  EXPECT_EQ(read.optimizer, "sgd");
  EXPECT_EQ(read.clip_value, 0.5);
  EXPECT_EQ(read.schedule, "cosine");
  json["optimizer"] = 3;
  EXPECT_EQ(error_of([&] { text_config_from_json(json); }).first, ErrorCode::kModel);
}

TEST(TextModel, ResumesNothingThatHasChanged) {
  const TextCorpus corpus = corpus_of(random_letters(1500));
  ThreadPool pool(1);
  TrainRun run;
  run.checkpoint = fresh_path("checkpoint");
  run.observer.interrupted = [] { return true; };
  error_of([&] { TextModel::train(corpus, dropout_config(), pool, run); });
  run.observer.interrupted = nullptr;
  run.resume = true;
  TextConfig other = dropout_config();
  other.dropout = 0.3;
  EXPECT_EQ(error_of([&] { TextModel::train(corpus, other, pool, run); }).first, ErrorCode::kUsage);
  TextCorpus changed = corpus;
  changed.tokens[700] ^= 1;
  EXPECT_EQ(error_of([&] { TextModel::train(changed, dropout_config(), pool, run); }).first, ErrorCode::kData);
}

TEST(TextModel, TrainsToTheSameBitsOnAnyNumberOfThreads) {
  const TextCorpus corpus = corpus_of(random_letters(1500));
  ThreadPool one(1), three(3);
  const TextModel a = TextModel::train(corpus, dropout_config(), one),
                  b = TextModel::train(corpus, dropout_config(), three);
  EXPECT_TRUE(same_bits(a.network().parameters().values(), b.network().parameters().values()));
  EXPECT_EQ(history(a), history(b));
}

TEST(TextModel, SeedChoosesTheFirstWeights) {
  ThreadPool pool(1);
  TextConfig config = small_config();
  config.epochs = 1;
  const TextModel a = TextModel::train(proverb(), config, pool);
  config.seed = 2;
  const TextModel b = TextModel::train(proverb(), config, pool);
  double distance = 0;
  for (size_t i = 0; i < a.network().parameters().size(); ++i)
    distance += std::abs(a.network().parameters().values()[i] - b.network().parameters().values()[i]);
  EXPECT_GT(distance / static_cast<double>(a.network().parameters().size()), 0.05);
}

TEST(TextModel, TextThatIsNotUtf8IsReadAsBytes) {
  const std::string path = fresh_path("latin1.txt");
  std::ofstream(path, std::ios::binary) << repeated("caf\xe9 noir, th\xe9 vert; ", 40);
  const TextCorpus corpus = read_text_corpus(path);
  ThreadPool pool(1);
  TrainRun run;
  std::string notes;
  run.observer.on_note = [&](const std::string& note) { notes += note + "\n"; };
  const TextModel model = TextModel::train(corpus, small_config(), pool, run);
  EXPECT_EQ(model.network().output_size(), 256u);
  EXPECT_NE(notes.find("not UTF-8"), std::string::npos) << notes;
  const std::string file = fresh_path("m.safetensors");
  model.save(file);
  EXPECT_EQ(sample(TextModel::load(file), {.prime = "th\xe9", .length = 30}).size(), 30u);
}

TEST(TextConfig, IsKeptInTheModelFile) {
  TextConfig config = dropout_config();
  config.carry_state = false;
  config.cell = "gru";
  config.seed = 99;
  const auto json = to_json(config);
  const TextConfig read = text_config_from_json(json);
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.cell, "gru");
  EXPECT_FALSE(read.carry_state);
  auto damaged = json;
  damaged.erase("bptt");
  EXPECT_EQ(error_of([&] { text_config_from_json(damaged); }).first, ErrorCode::kModel);
}

TEST(TextConfig, TakesFewerTracksForAShortTextAndSaysSo) {
  TextConfig config = small_config();
  config.batch_size = config.epochs = config.validate_every = config.embedding_size = 0;
  const TextCorpus corpus = corpus_of(random_letters(2000)), book = corpus_of(random_letters(400'000));
  const TextConfig chosen = resolve(config, corpus), long_text = resolve(config, book);
  EXPECT_LT(chosen.batch_size, long_text.batch_size);
  EXPECT_GE(chunks_per_epoch(1800, chosen.batch_size, config.bptt), 20u);
  EXPECT_GT(chosen.epochs, long_text.epochs);
  EXPECT_GT(chosen.validate_every, 0u);
  EXPECT_LT(long_text.validate_every, 2 * chunks_per_epoch(360'000, long_text.batch_size, config.bptt));
  EXPECT_GT(chosen.embedding_size, 0u);
  std::string lines;
  for (const std::string& line : explain(chosen, corpus)) lines += line;
  EXPECT_NE(lines.find("too short for more"), std::string::npos) << lines;
}

TEST(TextConfig, SettlesHowTheTrainerRuns) {
  TextConfig config = small_config();
  config.clip_norm = 0.5;
  config.validate_every = 7;
  config.patience = 4;
  config.weight_decay = 0.25;
  const TrainConfig training = text_training(config, corpus_of(random_letters(1000)));
  EXPECT_EQ(training.clip_norm, 0.5);
  EXPECT_EQ(training.validate_every, 7u);
  EXPECT_EQ(training.patience, 4u);
  EXPECT_EQ(training.optimizer.weight_decay, 0.25);
  EXPECT_EQ(training.optimizer.learning_rate, 1e-2);
  EXPECT_EQ(training.schedule.total_steps, 3 * 11);  // (900 - 20) / 4 / 20 chunks an epoch
}

TEST(TextConfig, RefusesWhatTheTextCannotFill) {
  const auto [short_text, message] = error_of([] { resolve(small_config(), corpus_of("to be or not to be")); });
  EXPECT_EQ(short_text, ErrorCode::kData);
  EXPECT_NE(message.find("memory: too short: 18 symbols"), std::string::npos) << message;

  TextConfig config = small_config();
  config.batch_size = 45;  // of 900 training symbols, 20 spared: 44 tracks of 20
  EXPECT_EQ(error_of([&] { resolve(config, corpus_of(random_letters(1000))); }).first, ErrorCode::kUsage);
  config.batch_size = 44;
  EXPECT_EQ(chunks_per_epoch(900, resolve(config, corpus_of(random_letters(1000))).batch_size, 20), 1u);
  config.epochs = SIZE_MAX / 2;
  EXPECT_EQ(error_of([&] { resolve(config, corpus_of(random_letters(1000))); }).first, ErrorCode::kUsage);
  config.epochs = 1;
  for (const double fraction : {0.0, 1.0, -1.0, std::nan("")}) {
    config.valid_fraction = fraction;
    EXPECT_EQ(error_of([&] { resolve(config, corpus_of(random_letters(1000))); }).first, ErrorCode::kUsage) << fraction;
  }
}

}  // namespace
}  // namespace elman
