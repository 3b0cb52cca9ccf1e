#include "model/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/expect_error.h"
#include "io/safetensors.h"
#include "model/config.h"
#include "support/values.h"

namespace elman {
namespace {

using nlohmann::json;

NetworkConfig small() { return {2, {Recurrent{.cell = "gru", .hidden_size = 3}, Linear{.output_size = 1}}}; }

std::vector<float> output(const Network<float>& network) {
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const Steps steps(6, 2);
  return to_vector(network.forward(scratch, steps, random_tensor<float>(steps.rows(), network.input_size(), 1)));
}

// A model file that a test may spoil before it is written.
struct Parts {
  Network<float> network{small()};
  std::vector<SafetensorsTensor> tensors;
  json description{{"format", 1},        {"version", "0.0"},        {"network", to_json(small())},
                   {"task", "forecast"}, {"task_data", {{"k", 1}}}, {"record", nullptr}};

  Parts() {
    network.initialize(1);
    for (size_t i = 0; i < network.parameters().list().size(); ++i) {
      const Parameter& p = network.parameters().list()[i];
      tensors.push_back(make_tensor<float>(p.name, p.shape, {network.parameters().value(i).data, p.size()}));
    }
  }
  std::string write(const TempFolder& folder) const {
    const std::string path = folder.path() + "/m.safetensors";
    write_safetensors(path, tensors, {{"elman", description.dump()}});
    return path;
  }
};

void expect_refused(const Parts& parts, std::initializer_list<std::string_view> words) {
  const TempFolder folder;
  const std::string path = parts.write(folder);
  expect_error(ErrorCode::kModel, words, [&] { load_model(path); });
  expect_error(ErrorCode::kModel, {path}, [&] { load_model(path); });
}

TEST(ModelFile, LoadsWhatWasSaved) {
  const TempFolder folder;
  const std::string path = folder.path() + "/m.safetensors";
  for (const NetworkConfig& config :
       {small(), NetworkConfig{3,
                               {Recurrent{.cell = "lstm_peephole",
                               .hidden_size = 5,
                               .num_layers = 2,
                               .dropout = 0.1,
                               .layer_norm = true,
                               .residual = true,
                               .learned_initial_state = true},
                                Sum{{{LastStep{}}, {LastStep{}, Linear{.output_size = 5, .name = "skip"}}}},
                                Linear{.output_size = 2}}}}) {
    Network<float> network(config);
    randomize(network.parameters());
    network.pack(false);
    const json task_data{{"mean", 0.1}, {"names", {"a", "ü"}}}, record{{"seed", 7}};
    save_model(path, network, "forecast", task_data, record);
    const ModelFile model = load_model(path);
    EXPECT_EQ(model.task, "forecast");
    EXPECT_EQ(model.task_data, task_data);
    EXPECT_EQ(model.record, record);
    EXPECT_EQ(model.version, ELMAN_VERSION);
    EXPECT_EQ(to_json(model.network->config()), to_json(config));
    EXPECT_TRUE(same_bits(output(*model.network), output(network)));
  }
}

TEST(ModelFile, SavingTwiceGivesTheSameBytes) {
  const TempFolder folder;
  const Parts parts;
  const auto bytes_of = [&](const char* name) {
    const std::string path = folder.path() + name;
    save_model(path, parts.network, "text", nullptr, nullptr);
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(bytes_of("/a"), bytes_of("/b"));
}

TEST(ModelFile, GoodPartsLoad) {
  const TempFolder folder;
  EXPECT_EQ(load_model(Parts().write(folder)).task_data.at("k"), 1);
}

TEST(ModelFile, NaNIsNeverSaved) {
  const TempFolder folder;
  for (const float bad : {NAN, std::numeric_limits<float>::infinity()}) {
    Parts parts;
    parts.network.parameters().value(1)(2, 1) = bad;
    const std::string path = folder.path() + "/m.safetensors";
    expect_error(ErrorCode::kDiverged, {"rnn.weight_hh_l0"},
                 [&] { save_model(path, parts.network, "text", nullptr, nullptr); });
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

TEST(ModelFile, TensorsMustBeThoseOfTheNetwork) {
  for (size_t i = 0; i < Parts().tensors.size(); ++i) {
    Parts missing;
    const std::string name = missing.tensors[i].name;
    missing.tensors.erase(missing.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    expect_refused(missing, {name, "missing"});
  }
  Parts unused;
  unused.tensors.push_back(make_tensor<float>("extra", {3}, {unused.network.parameters().value(2).data, 3}));
  expect_refused(unused, {"'extra'", "not used"});

  Parts shape;
  shape.tensors[0].shape = {2, 9};
  expect_refused(shape, {"rnn.weight_ih_l0", "(2, 9)", "(9, 2)"});

  const std::vector<int64_t> whole(18);
  Parts type;
  type.tensors[0] = make_tensor<int64_t>("rnn.weight_ih_l0", {9, 2}, whole);
  expect_refused(type, {"rnn.weight_ih_l0", "I64"});

  for (const float bad : {NAN, -std::numeric_limits<float>::infinity()}) {
    Parts parts;
    parts.network.parameters().value(1)(8, 2) = bad;
    expect_refused(parts, {"rnn.weight_hh_l0", "NaN"});
  }
}

TEST(ModelFile, ANewerFormatIsRefused) {
  Parts parts;
  parts.description["format"] = 2;
  expect_refused(parts, {"format 2", "newer elman"});
}

TEST(ModelFile, DamagedDescriptionsAreRefused) {
  for (const char* key : {"format", "version", "network", "task", "task_data", "record"}) {
    Parts parts;
    parts.description.erase(key);
    expect_refused(parts, {key});
  }
  Parts parts;
  parts.description["format"] = "one";
  expect_refused(parts, {"damaged"});
  parts.description = json::array();
  expect_refused(parts, {"damaged"});
}

// What would be a wrong argument elsewhere is a bad file here, and no memory is taken on a file's word.
TEST(ModelFile, ImpossibleSizesAreRefused) {
  const auto expect_refused_with = [](const char* key, const json& value,
                                      std::initializer_list<std::string_view> words) {
    Parts parts;
    parts.description["network"]["layers"][0][key] = value;
    expect_refused(parts, words);
  };
  expect_refused_with("hidden_size", 0, {"hidden_size", "0"});
  expect_refused_with("hidden_size", -1, {"hidden_size"});
  expect_refused_with("hidden_size", 10000, {"rnn.weight_ih_l0", "shape"});
  expect_refused_with("hidden_size", 1 << 24, {"parameters"});
  expect_refused_with("cell", "hologram", {"hologram"});
  expect_refused_with("dropout", 2, {"dropout"});
}

TEST(ModelFile, OtherFilesAreRefused) {
  const TempFolder folder;
  const std::string path = folder.path() + "/m.safetensors";
  expect_error(ErrorCode::kModel, {path}, [&] { load_model(path); });
  const std::vector<float> values(3);
  write_safetensors(path, {{make_tensor<float>("w", {3}, values)}}, {});
  expect_error(ErrorCode::kModel, {path, "not an elman model"}, [&] { load_model(path); });
  write_safetensors(path, {{make_tensor<float>("w", {3}, values)}}, {{"elman", "{\"format\": "}});
  expect_error(ErrorCode::kModel, {path, "damaged"}, [&] { load_model(path); });
}

}  // namespace
}  // namespace elman
