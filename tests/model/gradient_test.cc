// The gradients of whole networks, in double, against central differences.
#include "model/network.h"
#include "support/gradient_check.h"

namespace elman {
namespace {

Steps packed() {
  const std::vector<size_t> lengths{5, 4, 4, 2};
  return Steps::packed(lengths);
}

void check(const NetworkConfig& config, const Steps& steps, Start start = Start::kInitial) {
  Network<double> network(config);
  randomize(network.parameters());
  check_gradients(Differentiable(network),
                  {steps, random_tensor<double>(steps.rows(), config.input_size, 1), start, true, Random(7, 8)});
}

TEST(NetworkGradient, TwoLayersWithAllThatAddsToThem) {
  check({3,
         {Recurrent{.cell = "lstm",
                    .hidden_size = 4,
                    .num_layers = 2,
                    .dropout = 0.3,
                    .layer_norm = true,
                    .residual = true,
                    .learned_initial_state = true},
          Linear{.output_size = 2}}},
        packed());
}

TEST(NetworkGradient, StateGivenToEveryLayer) {
  check({3, {Recurrent{.cell = "gru", .hidden_size = 4, .num_layers = 3, .residual = true}, Linear{.output_size = 2}}},
        packed(), Start::kGivenToFinal);
}

TEST(NetworkGradient, BidirectionalToOne) {
  check({3,
         {Recurrent{.cell = "gru_reset_before",
                    .hidden_size = 3,
                    .num_layers = 2,
                    .bidirectional = true,
                    .dropout = 0.2,
                    .residual = true},
          LastStep{.bidirectional = true}, LayerNorm{}, Dropout{.rate = 0.3}, Linear{.output_size = 2}}},
        packed(), Start::kGivenToFinal);
}

TEST(NetworkGradient, SkipAroundTheRecurrence) {
  const std::vector<LayerConfig> recurrence{Recurrent{.cell = "lstm_peephole", .hidden_size = 4}, LastStep{},
                                            Linear{.output_size = 2, .name = "head"}};
  const std::vector<LayerConfig> skip{Flatten{.steps = 4},
                                      Linear{.output_size = 2, .zero_start = true, .name = "skip"}};
  check({3, {Sum{{recurrence, skip}}}}, Steps(4, 3));
}

TEST(NetworkGradient, EmbeddingFirst) {
  Network<double> network({1,
                           {Embedding{.symbols = 5, .output_size = 3}, Recurrent{.cell = "rnn_tanh", .hidden_size = 4},
                            Linear{.output_size = 5}}});
  randomize(network.parameters());
  const Steps steps = packed();
  Tensor<double> symbols(steps.rows(), 1);
  for (size_t r = 0; r < symbols.rows(); ++r) symbols(r, 0) = static_cast<double>(r % 5);
  check_gradients(Differentiable(network), {steps, std::move(symbols), Start::kGiven, false});
}

}  // namespace
}  // namespace elman
