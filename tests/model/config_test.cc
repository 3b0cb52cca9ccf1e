#include "model/config.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/expect_error.h"

namespace elman {
namespace {

using nlohmann::json;

// Every kind of layer, no field at its default.
NetworkConfig everything() {
  return {3,
          {Recurrent{.cell = "gru",
                     .hidden_size = 4,
                     .num_layers = 2,
                     .bidirectional = true,
                     .dropout = 0.1,
                     .layer_norm = true,
                     .residual = true,
                     .learned_initial_state = true,
                     .name = "first"},
           Dropout{.rate = 0.3},
           Sum{{{}, {LayerNorm{.name = "n"}, Linear{.output_size = 8, .zero_start = true, .name = "branch"}}},
               {0.25, 0.75}},
           Decode{.cell = "lstm",
                  .steps = 1,
                  .position_size = 2,
                  .features = 3,
                  .name = "d",
                  .reader = {LastStep{.bidirectional = true}}},
           Crop{.first = 1, .count = 1, .features = 2}, Flatten{.steps = 1},
           Linear{.output_size = 1, .zero_start = true, .name = "one"},
           Embedding{.symbols = 7, .output_size = 2, .name = "e"},
           Rollout{.steps = 2,
                   .features = 1,
                   .value = 3,
                   .lags = {2, 5},
                   .feedback = 4,
                   .positive = true,
                   .reader = {Dropout{.rate = 0.2}}}}};
}

TEST(Config, ReadsWhatItWrote) {
  const json written = to_json(everything());
  const NetworkConfig read = network_from_json(json::parse(written.dump()));
  EXPECT_EQ(to_json(read), written);

  EXPECT_EQ(read.input_size, 3u);
  ASSERT_EQ(read.layers.size(), 9u);
  const auto& recurrent = std::get<Recurrent>(read.layers[0]);
  EXPECT_EQ(recurrent.cell, "gru");
  EXPECT_EQ(recurrent.hidden_size, 4u);
  EXPECT_EQ(recurrent.num_layers, 2u);
  EXPECT_TRUE(recurrent.bidirectional && recurrent.layer_norm && recurrent.residual && recurrent.learned_initial_state);
  EXPECT_EQ(recurrent.dropout, 0.1);
  EXPECT_EQ(recurrent.name, "first");
  EXPECT_EQ(std::get<Dropout>(read.layers[1]).rate, 0.3);
  const auto& sum = std::get<Sum>(read.layers[2]);
  ASSERT_EQ(sum.branches.size(), 2u);
  EXPECT_TRUE(sum.branches[0].empty());
  EXPECT_EQ(sum.weights, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(std::get<LayerNorm>(sum.branches[1][0]).name, "n");
  const auto& decode = std::get<Decode>(read.layers[3]);
  EXPECT_EQ(decode.cell, "lstm");
  EXPECT_EQ(decode.position_size, 2u);
  EXPECT_EQ(decode.features, 3u);
  EXPECT_EQ(decode.name, "d");
  ASSERT_EQ(decode.reader.size(), 1u);
  EXPECT_TRUE(std::get<LastStep>(decode.reader[0]).bidirectional);
  const auto& crop = std::get<Crop>(read.layers[4]);
  EXPECT_EQ(crop.first, 1u);
  EXPECT_EQ(crop.count, 1u);
  EXPECT_EQ(crop.features, 2u);
  EXPECT_EQ(std::get<Flatten>(read.layers[5]).steps, 1u);
  const auto& linear = std::get<Linear>(read.layers[6]);
  EXPECT_TRUE(linear.zero_start);
  EXPECT_EQ(linear.name, "one");
  const auto& embedding = std::get<Embedding>(read.layers[7]);
  EXPECT_EQ(embedding.symbols, 7u);
  EXPECT_EQ(embedding.output_size, 2u);
  EXPECT_EQ(embedding.name, "e");
  const auto& rollout = std::get<Rollout>(read.layers[8]);
  EXPECT_EQ(rollout.steps, 2u);
  EXPECT_EQ(rollout.features, 1u);
  EXPECT_EQ(rollout.value, 3u);
  EXPECT_EQ(rollout.lags, (std::vector<size_t>{2, 5}));
  EXPECT_EQ(rollout.feedback, 4u);
  EXPECT_TRUE(rollout.positive);
  ASSERT_EQ(rollout.reader.size(), 1u);
  EXPECT_EQ(std::get<Dropout>(rollout.reader[0]).rate, 0.2);
}

// Every key of every layer is needed, and no other is taken.
TEST(Config, MissingAndUnknownKeysAreErrors) {
  const json good = to_json(everything());
  for (size_t i = 0; i < good.at("layers").size(); ++i) {
    const json layer = good.at("layers")[i];
    for (const auto& [key, value] : layer.items()) {
      json bad = good;
      bad["layers"][i].erase(key);
      expect_error(ErrorCode::kModel, {key}, [&] { network_from_json(bad); });
    }
    json bad = good;
    bad["layers"][i]["surprise"] = 1;
    expect_error(ErrorCode::kModel, {"unknown keys", layer.at("kind").get<std::string>()},
                 [&] { network_from_json(bad); });
  }
  for (const char* key : {"input_size", "layers"}) {
    json bad = good;
    bad.erase(key);
    expect_error(ErrorCode::kModel, {key}, [&] { network_from_json(bad); });
  }
  json bad = good;
  bad["surprise"] = 1;
  expect_error(ErrorCode::kModel, {"unknown keys"}, [&] { network_from_json(bad); });
}

TEST(Config, WrongTypesAndKindsAreErrors) {
  const json good = to_json(everything());
  const auto with = [&](const json& patch) {
    json bad = good;
    bad["layers"][0].update(patch);
    return bad;
  };
  expect_error(ErrorCode::kModel, {"damaged"}, [&] { network_from_json(with({{"hidden_size", "four"}})); });
  expect_error(ErrorCode::kModel, {"damaged"}, [&] { network_from_json(with({{"hidden_size", nullptr}})); });
  expect_error(ErrorCode::kModel, {"damaged"}, [&] { network_from_json(with({{"bidirectional", 1}})); });
  expect_error(ErrorCode::kModel, {"hologram", "newer"}, [&] { network_from_json(with({{"kind", "hologram"}})); });
  for (const char* text : {"null", "[]", "7", "\"x\"", R"({"input_size": 1, "layers": 3})",
                           R"({"input_size": 1, "layers": [[]]})", R"({"input_size": 1, "layers": [null]})"})
    expect_error(ErrorCode::kModel, {"damaged"}, [&] { network_from_json(json::parse(text)); });
  expect_error(ErrorCode::kModel, {"no branches"}, [&] {
    network_from_json(json::parse(R"({"input_size": 1, "layers": [{"kind": "sum", "weights": [], "branches": []}]})"));
  });
}

TEST(Config, LayersWithinLayersHaveALimit) {
  const auto nested = [](size_t depth) {
    std::vector<LayerConfig> layers;
    for (size_t i = 0; i < depth; ++i) layers = {Sum{{layers}}};
    return to_json(NetworkConfig{1, layers});
  };
  const auto readers = [](size_t depth) {
    std::vector<LayerConfig> layers = {LastStep{}};
    for (size_t i = 0; i < depth; ++i) layers = {Decode{.steps = 1, .position_size = 1, .reader = layers}};
    return to_json(NetworkConfig{1, layers});
  };
  const auto loops = [](size_t depth) {
    std::vector<LayerConfig> layers;
    for (size_t i = 0; i < depth; ++i) layers = {Rollout{.steps = 1, .reader = layers}};
    return to_json(NetworkConfig{1, layers});
  };
  EXPECT_NO_THROW(network_from_json(nested(16)));
  EXPECT_NO_THROW(network_from_json(loops(16)));
  expect_error(ErrorCode::kModel, {"16 layers"}, [&] { network_from_json(loops(17)); });
  EXPECT_NO_THROW(network_from_json(readers(16)));
  expect_error(ErrorCode::kModel, {"16 layers"}, [&] { network_from_json(nested(17)); });
  expect_error(ErrorCode::kModel, {"16 layers"}, [&] { network_from_json(readers(17)); });
}

}  // namespace
}  // namespace elman
