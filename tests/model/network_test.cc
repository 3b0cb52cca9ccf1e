#include "model/network.h"

#include <gtest/gtest.h>

#include "data/expect_error.h"
#include "support/values.h"

namespace elman {
namespace {

Recurrent lstm(size_t hidden_size, const std::string& name = "rnn") {
  return {.cell = "lstm", .hidden_size = hidden_size, .name = name};
}

void expect_bad(ErrorCode code, std::initializer_list<std::string_view> parts, const NetworkConfig& config) {
  expect_error(code, parts, [&] { Network<float> network(config); });
}

TEST(Network, ParametersHaveTheirPyTorchNames) {
  const Network<float> network({3,
                                {Recurrent{.cell = "lstm_peephole",
                                           .hidden_size = 4,
                                           .num_layers = 2,
                                           .bidirectional = true,
                                           .layer_norm = true,
                                           .learned_initial_state = true},
                                 Linear{.output_size = 2}}});
  std::vector<std::string> names;
  for (const Parameter& p : network.parameters().list()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"rnn.weight_ih_l0",
                                             "rnn.weight_hh_l0",
                                             "rnn.bias_ih_l0",
                                             "rnn.bias_hh_l0",
                                             "rnn.peephole_i_l0",
                                             "rnn.peephole_f_l0",
                                             "rnn.peephole_o_l0",
                                             "rnn.initial_h_l0",
                                             "rnn.initial_c_l0",
                                             "rnn.weight_ih_l0_reverse",
                                             "rnn.weight_hh_l0_reverse",
                                             "rnn.bias_ih_l0_reverse",
                                             "rnn.bias_hh_l0_reverse",
                                             "rnn.peephole_i_l0_reverse",
                                             "rnn.peephole_f_l0_reverse",
                                             "rnn.peephole_o_l0_reverse",
                                             "rnn.initial_h_l0_reverse",
                                             "rnn.initial_c_l0_reverse",
                                             "rnn.norm_l0.weight",
                                             "rnn.norm_l0.bias",
                                             "rnn.weight_ih_l1",
                                             "rnn.weight_hh_l1",
                                             "rnn.bias_ih_l1",
                                             "rnn.bias_hh_l1",
                                             "rnn.peephole_i_l1",
                                             "rnn.peephole_f_l1",
                                             "rnn.peephole_o_l1",
                                             "rnn.initial_h_l1",
                                             "rnn.initial_c_l1",
                                             "rnn.weight_ih_l1_reverse",
                                             "rnn.weight_hh_l1_reverse",
                                             "rnn.bias_ih_l1_reverse",
                                             "rnn.bias_hh_l1_reverse",
                                             "rnn.peephole_i_l1_reverse",
                                             "rnn.peephole_f_l1_reverse",
                                             "rnn.peephole_o_l1_reverse",
                                             "rnn.initial_h_l1_reverse",
                                             "rnn.initial_c_l1_reverse",
                                             "rnn.norm_l1.weight",
                                             "rnn.norm_l1.bias",
                                             "head.weight",
                                             "head.bias"}));
  EXPECT_EQ(network.parameters().find("rnn.weight_ih_l1")->shape, (std::vector<size_t>{16, 8}));
  EXPECT_EQ(network.output_size(), 2u);
}

TEST(Network, InitialValues) {
  Network<float> network({2, {lstm(3), Linear{.output_size = 2, .zero_start = true}}});
  network.initialize(1);
  const auto value = [&](const std::string& name) {
    const Parameter* p = network.parameters().find(name);
    return std::vector<float>(network.parameters().values().data() + p->offset,
                              network.parameters().values().data() + p->offset + p->size());
  };
  EXPECT_EQ(value("rnn.bias_ih_l0"), (std::vector<float>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));  // forget gate at 1
  EXPECT_EQ(value("rnn.bias_hh_l0"), std::vector<float>(12));
  EXPECT_EQ(value("head.weight"), std::vector<float>(6));
  for (const float x : value("rnn.weight_ih_l0")) EXPECT_NE(x, 0.0f);
}

TEST(Network, ParameterCountLeavesThePaddingOut) {
  const Network<float> network({2, {lstm(3), Linear{.output_size = 2}}});
  EXPECT_EQ(network.parameter_count(), 12u * 2 + 12 * 3 + 12 + 12 + 2 * 3 + 2);
}

TEST(Network, AResidualJoinsLayersOfOneSize) {
  const Recurrent config{.cell = "rnn_relu", .hidden_size = 3, .num_layers = 2, .residual = true};
  Network<float> network({2, {config}});
  network.parameters().values().fill(0.0f);
  const size_t bias = 2;  // of layer 0; layer 1 has no weights and writes zeros
  ASSERT_EQ(network.parameters().list()[bias].name, "rnn.bias_ih_l0");
  fill_random<float>(network.parameters().value(bias), 1);
  network.pack(false);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const Tensor<float> x(1, 2);
  const View<float> y = network.forward(scratch, Steps(1, 1), x);
  for (size_t u = 0; u < 3; ++u) EXPECT_EQ(y(0, u), std::max(0.0f, network.parameters().value(bias)(0, u)));
}

TEST(Network, WithoutLayersIsTheIdentity) {
  const Network<float> network({2, {}});
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const auto x = random_tensor<float>(6, 2, 1);
  EXPECT_EQ(network.output_size(), 2u);
  EXPECT_TRUE(same_bits(to_vector(network.forward(scratch, Steps(3, 2), x)), to_vector(x.view())));
}

TEST(Network, KnowsWhetherItCanStream) {
  const auto can_stream = [](std::vector<LayerConfig> layers) {
    return Network<float>({1, std::move(layers)}).can_stream();
  };
  EXPECT_TRUE(can_stream({lstm(2), Linear{.output_size = 1}}));
  EXPECT_FALSE(can_stream({Recurrent{.hidden_size = 2, .bidirectional = true}}));
  EXPECT_FALSE(can_stream({Flatten{.steps = 3}}));
  EXPECT_FALSE(can_stream({Sum{{{lstm(2), LastStep{}}, {Flatten{.steps = 2}}}}}));
}

TEST(Network, SizesOfZeroAreErrors) {
  expect_bad(ErrorCode::kUsage, {"input_size", "0"}, {0, {lstm(2)}});
  expect_bad(ErrorCode::kUsage, {"'a'", "hidden_size", "0"}, {1, {lstm(0, "a")}});
  expect_bad(ErrorCode::kUsage, {"num_layers", "0"}, {1, {Recurrent{.hidden_size = 1, .num_layers = 0}}});
  expect_bad(ErrorCode::kUsage, {"output_size", "0"}, {1, {Linear{.output_size = 0}}});
  expect_bad(ErrorCode::kUsage, {"symbols", "0"}, {1, {Embedding{.symbols = 0, .output_size = 1}}});
  expect_bad(ErrorCode::kUsage, {"output_size", "0"}, {1, {Embedding{.symbols = 1, .output_size = 0}}});
  expect_bad(ErrorCode::kUsage, {"steps", "0"}, {1, {Flatten{.steps = 0}}});
  expect_bad(ErrorCode::kUsage, {"branches"}, {1, {Sum{}}});
}

// Each of these would need terabytes, or overflow a size: none may get as far as asking for memory.
TEST(Network, HugeSizesAreErrorsBeforeMemoryIsTaken) {
  constexpr size_t kHuge = size_t{1} << 24;  // the largest that a single size may be
  expect_bad(ErrorCode::kLimit, {"input_size"}, {SIZE_MAX, {lstm(2)}});
  expect_bad(ErrorCode::kLimit, {"hidden_size"}, {1, {lstm(SIZE_MAX)}});
  expect_bad(ErrorCode::kLimit, {"hidden_size"}, {1, {lstm(kHuge + 1)}});
  expect_bad(ErrorCode::kLimit, {"parameters"}, {1, {lstm(kHuge)}});
  expect_bad(ErrorCode::kLimit, {"parameters"}, {kHuge, {Linear{.output_size = kHuge}}});
  expect_bad(ErrorCode::kLimit, {"layers"}, {1, {Recurrent{.hidden_size = 1, .num_layers = kHuge}}});
  expect_bad(ErrorCode::kLimit, {"features"}, {kHuge, {Flatten{.steps = kHuge}, Linear{.output_size = kHuge}}});
  expect_bad(ErrorCode::kLimit, {"layers"}, {1, std::vector<LayerConfig>(5000, Dropout{})});
}

TEST(Network, ContradictionsAreErrors) {
  expect_bad(ErrorCode::kUsage, {"lsmt", "lstm"}, {1, {Recurrent{.cell = "lsmt", .hidden_size = 1}}});
  expect_bad(ErrorCode::kUsage, {"dropout", "1"}, {1, {Recurrent{.hidden_size = 1, .dropout = 1.0}}});
  expect_bad(ErrorCode::kUsage, {"dropout", "-0.1"}, {1, {Dropout{.rate = -0.1}}});
  expect_bad(ErrorCode::kUsage, {"dropout", "nan"}, {1, {Dropout{.rate = NAN}}});
  expect_bad(ErrorCode::kUsage, {"embedding", "got 2"}, {2, {Embedding{.symbols = 3, .output_size = 2}}});
  expect_bad(ErrorCode::kUsage, {"2 weights", "1 branches"}, {1, {Sum{{{Linear{.output_size = 2}}}, {0.5, 0.5}}}});
  expect_bad(ErrorCode::kUsage, {"weight nan"}, {1, {Sum{{{Linear{.output_size = 2}}}, {NAN}}}});
  expect_bad(ErrorCode::kUsage, {"branch 2", "3 features", "expected 2"},
             {1, {Sum{{{Linear{.output_size = 2, .name = "a"}}, {Linear{.output_size = 3, .name = "b"}}}}}});
}

TEST(Network, ANameIsUsedOnce) {
  expect_bad(ErrorCode::kUsage, {"'rnn.weight_ih_l0'", "twice"}, {1, {lstm(2), lstm(2)}});
  EXPECT_NO_THROW(Network<float>({1, {lstm(2, "a"), lstm(2, "b")}}));
}

TEST(Network, InputsOfOtherSizesAreErrors) {
  Network<float> network({3, {lstm(2)}});
  network.pack(false);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const Tensor<float> x(8, 3), narrow(8, 2);
  State<float> state = network.initial_state(3);
  expect_error(ErrorCode::kUsage, {"2 features", "of 3"}, [&] { network.forward(scratch, Steps(4, 2), narrow); });
  expect_error(ErrorCode::kUsage, {"8 rows", "9 rows"}, [&] { network.forward(scratch, Steps(3, 3), x); });
  expect_error(ErrorCode::kUsage, {"no rows"}, [&] { network.forward(scratch, Steps(0, 2), Tensor<float>(0, 3)); });
  expect_error(ErrorCode::kUsage, {"3 sequences", "of 2"}, [&] { network.forward(scratch, Steps(4, 2), x, &state); });
}

}  // namespace
}  // namespace elman
