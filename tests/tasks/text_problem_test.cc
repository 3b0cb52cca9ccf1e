#include "tasks/text_problem.h"

#include <cmath>
#include <numeric>
#include <set>

#include "tasks/text_fixtures.h"

namespace elman {
namespace {

using namespace elman::testing;

// A problem on random letters with a network of random weights.
struct Fixture {
  TextCorpus corpus;
  TextConfig config;
  Network<float> network;
  ThreadPool pool{1};
  TextProblem problem;

  explicit Fixture(TextConfig given = small_config(), size_t length = 1000)
      : corpus(corpus_of(random_letters(length))),
        config(resolve(given, corpus)),
        network(text_network(config, corpus.vocabulary.size())),
        problem(network, corpus.tokens, config, pool) {
    network.initialize(3);
    network.pack(true);
    problem.start_epoch(0);
  }
};

// Losses of tokens[1…], read in one piece from the initial state.
std::vector<double> losses_in_one_piece(const Network<float>& network, std::span<const uint16_t> tokens) {
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  std::vector<float> inputs(tokens.begin(), tokens.end() - 1);
  const View<float> logits = network.forward(scratch, Steps(inputs.size(), 1), {inputs.data(), inputs.size(), 1});
  std::vector<double> losses;
  for (size_t t = 0; t < inputs.size(); ++t) {
    double sum = 0;
    for (size_t k = 0; k < logits.cols; ++k) sum += std::exp(double{logits(t, k)});
    losses.push_back(std::log(sum) - logits(t, tokens[t + 1]));
  }
  return losses;
}

TEST(TextProblem, CarriedStateMakesChunksOneLongText) {
  Fixture f;
  const size_t chunks = f.problem.batches_per_epoch(), length = chunks * f.config.bptt;
  ASSERT_GT(chunks, 5u);
  double carried = 0;
  for (size_t batch = 0; batch < chunks; ++batch) carried += f.problem.train_batch(batch, Random(1, 1)).sum;
  double expected = 0;
  for (size_t track = 0; track < f.config.batch_size; ++track) {
    const auto tokens = std::span<const uint16_t>(f.corpus.tokens).subspan(f.problem.track_start(track), length + 1);
    const auto losses = losses_in_one_piece(f.network, tokens);
    expected = std::accumulate(losses.begin(), losses.end(), expected);
  }
  EXPECT_NEAR(carried, expected, 1e-9 * expected);  // the same logits, added up in another order
}

TEST(TextProblem, WithoutCarriedStateEveryChunkStartsAnew) {
  TextConfig config = small_config();
  config.carry_state = false;
  Fixture f(config);
  EXPECT_TRUE(f.problem.carried().empty());
  const double alone = f.problem.train_batch(3, Random(1, 1)).sum;
  f.problem.train_batch(2, Random(1, 1));
  EXPECT_EQ(f.problem.train_batch(3, Random(1, 1)).sum, alone);

  Fixture carried;
  const double first = carried.problem.train_batch(3, Random(1, 1)).sum;
  EXPECT_EQ(first, alone);  // both from the initial state
  carried.problem.train_batch(2, Random(1, 1));
  EXPECT_NE(carried.problem.train_batch(3, Random(1, 1)).sum, alone);
}

TEST(TextProblem, EpochsStartAtOffsetsOfTheirOwnAndStayInTheTrainingPart) {
  Fixture f, again;
  const size_t training = validation_start(f.corpus.tokens.size(), f.config.valid_fraction);
  const size_t length = f.problem.batches_per_epoch() * f.config.bptt;
  std::set<size_t> offsets;
  for (const size_t epoch : {4, 0, 7, 1, 2, 3, 5, 6}) {
    f.problem.start_epoch(epoch);
    offsets.insert(f.problem.track_start(0));
    EXPECT_EQ(f.problem.track_start(1), f.problem.track_start(0) + length);
    EXPECT_LT(f.problem.track_start(f.config.batch_size - 1) + length, training);  // its last target
    again.problem.start_epoch(epoch);
    EXPECT_EQ(again.problem.track_start(0), f.problem.track_start(0));
  }
  EXPECT_GT(offsets.size(), 4u);
}

TEST(TextProblem, EpochsStartFromTheInitialState) {
  Fixture f;
  const double first = f.problem.train_batch(0, Random(1, 1)).sum;
  EXPECT_NE(f.problem.train_batch(0, Random(1, 1)).sum, first);
  f.problem.start_epoch(0);
  EXPECT_EQ(f.problem.train_batch(0, Random(1, 1)).sum, first);
}

TEST(TextProblem, DropoutHidesPartOfTheNetworkInTrainingOnly) {
  TextConfig config = small_config();
  config.dropout = 0.4;  // one recurrent layer: what drops stands before the head
  Fixture f(config), whole;
  const double loss = f.problem.train_batch(0, Random(1, 1)).sum;
  EXPECT_NE(loss, whole.problem.train_batch(0, Random(1, 1)).sum);
  f.problem.start_epoch(0);
  EXPECT_NE(f.problem.train_batch(0, Random(2, 1)).sum, loss);
  f.problem.start_epoch(0);
  EXPECT_EQ(f.problem.train_batch(0, Random(1, 1)).sum, loss);
  EXPECT_EQ(f.problem.validate(), whole.problem.validate());
}

TEST(TextProblem, AStateThatOverflowedIsNotCarriedOn) {
  Fixture f;
  const Buffer<float> good = f.network.parameters().values().copy();
  f.network.parameters().values().fill(NAN);
  f.network.pack(true);
  EXPECT_FALSE(std::isfinite(f.problem.train_batch(0, Random(1, 1)).sum));
  f.network.parameters().values() = good.copy();
  f.network.pack(true);
  EXPECT_TRUE(std::isfinite(f.problem.train_batch(1, Random(1, 1)).sum));
}

// A text in several tracks, one with room before its first counted symbol, one of a single track, one shorter than a
// run-in. The tolerance is what a state forgets in kTextRunIn steps; one symbol counted twice or left out moves the
// mean by over 1e-4.
TEST(NatsPerSymbol, CountsEverySymbolOnceAsIfReadInOnePiece) {
  Fixture f(small_config(), 6001);
  const std::span<const uint16_t> all = f.corpus.tokens;
  for (const auto& [size, first] :
       {std::pair<size_t, size_t>{6001, 0}, {6001, 1}, {6001, 2900}, {6001, 6000}, {900, 0}, {40, 17}}) {
    const auto losses = losses_in_one_piece(f.network, all.first(size));
    const size_t skipped = first == 0 ? 0 : first - 1;
    const double sum = std::accumulate(losses.begin() + static_cast<ptrdiff_t>(skipped), losses.end(), 0.0);
    const double expected = sum / static_cast<double>(losses.size() - skipped);
    EXPECT_NEAR(nats_per_symbol(f.network, all.first(size), first, f.pool), expected, 1e-7)
        << size << " from " << first;
  }
}

TEST(NatsPerSymbol, HasTheSameBitsOnAnyNumberOfThreads) {
  Fixture f(small_config(), 6001);
  ThreadPool three(3);
  EXPECT_EQ(nats_per_symbol(f.network, f.corpus.tokens, 0, three),
            nats_per_symbol(f.network, f.corpus.tokens, 0, f.pool));
}

}  // namespace
}  // namespace elman
