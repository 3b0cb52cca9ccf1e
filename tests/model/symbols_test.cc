// An embedding that is part of the recurrent layer after it: the same numbers as the embedding, then the layer.
#include <gtest/gtest.h>

#include "kernels/targets.h"
#include "data/expect_error.h"
#include "elman/model.h"
#include "support/cells.h"
#include "support/gradient_check.h"
#include "support/values.h"

namespace elman {
namespace {

constexpr size_t kSymbols = 7, kSize = 3;
constexpr size_t kHiddenSizes[] = {5, 20, 72};  // within a vector, beyond, and two slices

Recurrent recurrent(const std::string& cell, size_t hidden_size, bool bidirectional) {
  return {.cell = cell,
          .hidden_size = hidden_size,
          .num_layers = 2,
          .bidirectional = bidirectional,
          .learned_initial_state = true};
}

NetworkConfig reading_symbols(const Recurrent& layer) {
  return {1, {Embedding{.symbols = kSymbols, .output_size = kSize}, layer, Linear{.output_size = 2}}};
}

template <class T>
Tensor<T> some_symbols(size_t rows) {
  Tensor<T> x(rows, 1);
  for (size_t r = 0; r < rows; ++r)
    x(r, 0) = static_cast<T>((r * r + 3 * r + r / 5) % (kSymbols - 1));  // never the last
  return x;
}

std::vector<Steps> layouts() {
  const std::vector<size_t> lengths{6, 6, 4, 3, 1};
  return {Steps(6, 4), Steps::packed(lengths), Steps(1, 3), Steps(7, 1)};
}

template <class T>
View<T> value(Network<T>& network, const std::string& name) {
  return network.parameters().value(network.parameters().find(name) - network.parameters().list().data());
}

class SymbolsOfCell : public EachCell {
 protected:
  // The layers after the embedding alone, with the same weights.
  static std::unique_ptr<Network<float>> without_embedding(Network<float>& network) {
    const std::vector<LayerConfig>& layers = network.config().layers;
    auto rest = std::make_unique<Network<float>>(NetworkConfig{kSize, {layers.begin() + 1, layers.end()}});
    for (const Parameter& p : rest->parameters().list()) copy_rows<float>(value(network, p.name), value(*rest, p.name));
    rest->pack(true);
    return rest;
  }
  static std::vector<float> outputs_and_state(const Network<float>& network, const Steps& steps, ConstView<float> x,
                                              Tape<float>* tape) {
    ThreadPool pool(2);
    Scratch<float> scratch(pool);
    State<float> state = network.initial_state(steps.batch());
    std::vector<float> result = to_vector(network.forward(scratch, steps, x, &state, tape));
    for (const Buffer<float>& layer : state.layers) result.insert(result.end(), layer.begin(), layer.end());
    return result;
  }
};

TEST_P(SymbolsOfCell, ForwardHasTheBitsOfTheEmbeddedRows) {
  for (const bool bidirectional : {false, true})
    for (const size_t hidden_size : kHiddenSizes) {
      Network<float> network(reading_symbols(recurrent(cell_name(), hidden_size, bidirectional)));
      randomize(network.parameters());
      network.pack(true);
      const auto rest = without_embedding(network);
      for (const Steps& steps : layouts()) {
        const Tensor<float> x = some_symbols<float>(steps.rows());
        Tensor<float> embedded(x.rows(), kSize);
        for (size_t r = 0; r < x.rows(); ++r)
          std::copy_n(value(network, "embedding.weight").row(static_cast<size_t>(x(r, 0))), kSize, &embedded(r, 0));
        Tape<float> tape;
        const std::vector<float> expected = outputs_and_state(*rest, steps, embedded, nullptr);
        EXPECT_TRUE(same_bits(outputs_and_state(network, steps, x, nullptr), expected)) << hidden_size << " units";
        EXPECT_TRUE(same_bits(outputs_and_state(network, steps, x, &tape), expected)) << hidden_size << " units, taped";
      }
    }
}

TEST_P(SymbolsOfCell, Gradients) {
  for (const bool bidirectional : {false, true}) {
    Network<double> network(reading_symbols(recurrent(cell_name(), 4, bidirectional)));
    randomize(network.parameters());
    for (const Steps& steps : layouts())
      for (const Start start : {Start::kInitial, Start::kGivenToFinal})
        check_gradients(Differentiable(network), {steps, some_symbols<double>(steps.rows()), start, false});
  }
}

// Two slices of units, and several windows of steps: every 997th element.
TEST_P(SymbolsOfCell, GradientsOfManySteps) {
  Network<double> network(reading_symbols(recurrent(cell_name(), 70, false)));
  randomize(network.parameters(), 0.15);
  check_gradients(Differentiable(network), {.steps = Steps(300, 2),
                                            .x = some_symbols<double>(600),
                                            .x_has_gradient = false,
                                            .every = 997,
                                            .loss_scale = 1.0 / 64});
}

TEST_P(SymbolsOfCell, SameBitsOnAnyNumberOfThreadsAndAnyInstructionSet) {
  Network<float> network(reading_symbols(recurrent(cell_name(), 72, true)));
  randomize(network.parameters());
  const std::vector<size_t> lengths{90, 90, 71, 40, 40, 40, 12};
  const Steps steps = Steps::packed(lengths);
  const Tensor<float> x = some_symbols<float>(steps.rows());
  const auto train = [&](size_t threads) {
    ThreadPool pool(threads);
    network.pack(pool, true);
    Scratch<float> scratch(pool);
    Tape<float> tape;
    std::vector<float> result = to_vector(network.forward(scratch, steps, x, nullptr, &tape));
    Tensor<float> d_y = random_tensor<float>(steps.rows(), network.output_size(), 5);
    network.parameters().gradients().fill(0.0f);
    network.backward(scratch, steps, tape, d_y);
    const Buffer<float>& gradients = network.parameters().gradients();
    result.insert(result.end(), gradients.begin(), gradients.end());
    return result;
  };
  const std::vector<float> expected = train(1);
  for (const size_t threads : {2, 3}) EXPECT_TRUE(same_bits(train(threads), expected)) << threads << " threads";
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    EXPECT_TRUE(same_bits(train(1), expected)) << target.name;
  }
}

// Before and after a change of the weights, and narrowed: there the product is of rounded weights, the symbols' vectors
// are not.
TEST_P(SymbolsOfCell, AStreamGivesTheBitsOfForward) {
  for (const size_t hidden_size : kHiddenSizes) {
    Model model(reading_symbols(recurrent(cell_name(), hidden_size, false)));
    Stream stream = model.stream();
    const Tensor<float> symbols = some_symbols<float>(20);
    const std::vector<float> x = to_vector(symbols.view());
    const auto expect_streamed = [&](const std::vector<float>& expected) {
      std::vector<float> streamed(2 * x.size());
      stream.reset();
      for (size_t t = 0; t < x.size(); ++t) stream.step(&x[t], &streamed[2 * t]);
      EXPECT_EQ(streamed, expected) << hidden_size << " units";
      EXPECT_EQ(model.forward({.values = x, .steps = x.size()}), expected) << hidden_size << " units";
    };
    expect_streamed(model.forward({.values = x, .steps = x.size()}));
    for (float& weight : model.parameters()) weight *= 0.75f;
    model.update();
    expect_streamed(model.forward({.values = x, .steps = x.size()}));

    Model rounded = model.copy();
    for (const char* name :
         {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.weight_ih_l1", "rnn.weight_hh_l1", "head.weight"})
      for (float& weight : rounded.parameter(name)) weight = BFloat16::round(weight).value();
    rounded.update();
    model.narrow();
    expect_streamed(rounded.forward({.values = x, .steps = x.size()}));
  }
}

ELMAN_EACH_CELL(SymbolsOfCell);

// A tape that holds no embedded rows shows that there is no embedding layer.
TEST(Symbols, AreReadWhereFewAndByOneRecurrentLayer) {
  const auto embedded_rows = [](size_t symbols, Recurrent layer) {
    const Embedding embedding{.symbols = symbols, .output_size = 8};
    const Steps steps(3, 2);
    const size_t with = Network<float>({1, {embedding, layer}}).tape_size(steps, 0);
    return (with - Network<float>({8, {layer}}).tape_size(steps, 0)) / 8;
  };
  EXPECT_EQ(embedded_rows(512, {.hidden_size = 5}), 0u);
  EXPECT_EQ(embedded_rows(513, {.hidden_size = 5}), 6u) << "too many for a table";
  EXPECT_EQ(embedded_rows(9, {.hidden_size = 5, .residual = true}), 0u);
  EXPECT_EQ(embedded_rows(9, {.hidden_size = 8, .residual = true}), 6u) << "the sum reads the rows, too";
  EXPECT_EQ(embedded_rows(9, {.hidden_size = 4, .bidirectional = true, .residual = true}), 6u);
}

// So that files and states written by either are the other's.
TEST(Symbols, NamesAndStatesAreThoseOfTwoLayers) {
  const Network<float> few({1, {Embedding{.symbols = 9, .output_size = 4}, Recurrent{.hidden_size = 5}}});
  const Network<float> many({1, {Embedding{.symbols = 900, .output_size = 4}, Recurrent{.hidden_size = 5}}});
  const std::vector<Parameter>&a = few.parameters().list(), &b = many.parameters().list();
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a[0].name, "embedding.weight");
  EXPECT_EQ(a[0].shape, (std::vector<size_t>{9, 4}));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].name, b[i].name);
  for (size_t i = 1; i < a.size(); ++i) EXPECT_EQ(a[i].shape, b[i].shape);
  const State<float> x = few.initial_state(2), y = many.initial_state(2);
  ASSERT_EQ(x.layers.size(), y.layers.size());
  for (size_t i = 0; i < x.layers.size(); ++i) EXPECT_EQ(x.layers[i].size(), y.layers[i].size()) << i;
}

TEST(Symbols, WhatIsNoneIsAnError) {
  Network<float> network({1, {Embedding{.symbols = 4, .output_size = 3}, Recurrent{.hidden_size = 5}}});
  network.pack(false);
  ThreadPool pool(2);
  Scratch<float> scratch(pool);
  Tensor<float> x(3, 1);
  for (const float bad : {-1.0f, 4.0f, 0.5f, NAN, HUGE_VALF}) {
    x(2, 0) = bad;
    expect_error(ErrorCode::kData, {"embedding: symbol", "0 to 3"}, [&] { network.forward(scratch, Steps(3, 1), x); });
  }
}

}  // namespace
}  // namespace elman
