#include "io/safetensors.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "io/scratch.h"

namespace elman {
namespace {

class SafetensorsTest : public ScratchTest {
 protected:
  template <class T>
  static std::vector<T> values(const SafetensorsFile& file, std::string_view name) {
    const SafetensorsTensor* tensor = file.find(name);
    if (!tensor) {
      ADD_FAILURE() << "no tensor " << name;
      return {};
    }
    std::vector<T> result(tensor->data.size() / size_of(tensor->dtype));
    copy_values(*tensor, std::span<T>(result));
    return result;
  }

  const std::string golden_ = ELMAN_TEST_DATA "/golden/python.safetensors";
  const std::vector<float> weights_ = {1.5f, -2.0f, 0.0f, 3.25f, 1e-30f, 1e30f};
  const std::vector<int64_t> steps_ = {-7};
};

TEST_F(SafetensorsTest, ReadsAFileWrittenByPython) {
  const SafetensorsFile file = read_safetensors(golden_);
  EXPECT_EQ(file.tensors.size(), 8u);
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"note", "Grüße, \"quoted\"\n"}}));
  EXPECT_EQ(file.find("rnn.weight_ih_l0")->shape, (std::vector<size_t>{2, 3}));
  EXPECT_EQ(values<float>(file, "rnn.weight_ih_l0"), (std::vector<float>{0.0f, 0.25f, 0.5f, 0.75f, 1.0f, 1.25f}));
  EXPECT_EQ(values<double>(file, "double"), (std::vector<double>{1.0 / 3.0, -1e300}));
  EXPECT_EQ(file.find("steps")->shape, std::vector<size_t>{});
  EXPECT_EQ(values<int64_t>(file, "steps"), (std::vector<int64_t>{(int64_t{1} << 53) + 1}));
  EXPECT_EQ(file.find("empty")->shape, (std::vector<size_t>{0, 4}));
  EXPECT_TRUE(file.find("empty")->data.empty());
  EXPECT_EQ(file.find("flags")->dtype, DType::kBool);
  EXPECT_EQ(std::to_integer<int>(file.find("bytes")->data[2]), 255);
  EXPECT_EQ(file.find("absent"), nullptr);
}

TEST_F(SafetensorsTest, WidensHalfPrecisionExactly) {
  const SafetensorsFile file = read_safetensors(golden_);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> half = values<float>(file, "half");
  EXPECT_EQ(half, (std::vector<float>{0.0f, -0.0f, 1.0f, -2.5f, 65504.0f, 0x1p-24f, kInfinity, -kInfinity}));
  EXPECT_TRUE(std::signbit(half[1]));
  EXPECT_TRUE(std::isnan(from_f16(0x7e00)));
  const std::vector<double> brain = values<double>(file, "brain");
  EXPECT_EQ(brain[1], -3.140625);
  EXPECT_NEAR(brain[2] / 1e38, 1.0, 0.01);
}

TEST_F(SafetensorsTest, WritesTheBytesOfTheFormat) {
  const std::vector<uint8_t> byte = {200};
  write_safetensors(path("a"),
                    std::vector{make_tensor<float>("w \"1\"", {2, 3}, weights_), make_tensor<uint8_t>("b", {}, byte),
                                make_tensor<int64_t>("s", {1}, steps_)},
                    {{"format", "pt"}});
  std::string header = R"({"__metadata__":{"format":"pt"},)"
                       R"("w \"1\"":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                       R"("b":{"dtype":"U8","shape":[],"data_offsets":[24,25]},)"
                       R"("s":{"dtype":"I64","shape":[1],"data_offsets":[25,33]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string expected(8, '\0');
  expected[0] = static_cast<char>(header.size());
  expected += header;
  expected.append(reinterpret_cast<const char*>(weights_.data()), 24);
  expected += '\xc8';
  expected.append(reinterpret_cast<const char*>(steps_.data()), 8);
  EXPECT_EQ(contents(path("a")), expected);
  EXPECT_EQ(files_here(), 1u);

  const SafetensorsFile file = read_safetensors(path("a"));
  EXPECT_EQ(values<float>(file, "w \"1\""), weights_);
  EXPECT_EQ(values<int64_t>(file, "s"), steps_);  // at an odd address
}

TEST_F(SafetensorsTest, RoundTripsEveryTypeAndNothing) {
  const SafetensorsFile golden = read_safetensors(golden_);
  write_safetensors(path("a"), golden.tensors, golden.metadata);
  const SafetensorsFile again = read_safetensors(path("a"));
  EXPECT_EQ(again.metadata, golden.metadata);
  ASSERT_EQ(again.tensors.size(), golden.tensors.size());
  for (size_t i = 0; i < golden.tensors.size(); ++i) {
    EXPECT_EQ(again.tensors[i].name, golden.tensors[i].name);
    EXPECT_EQ(again.tensors[i].dtype, golden.tensors[i].dtype);
    EXPECT_EQ(again.tensors[i].shape, golden.tensors[i].shape);
    EXPECT_TRUE(std::ranges::equal(again.tensors[i].data, golden.tensors[i].data));
  }
  write_safetensors(path("b"), {}, {});
  EXPECT_TRUE(read_safetensors(path("b")).tensors.empty());
}

TEST_F(SafetensorsTest, AMovedFileKeepsItsData) {
  write_safetensors(path("a"), std::vector{make_tensor<float>("w", {6}, weights_)}, {});
  SafetensorsFile first = read_safetensors(path("a"));
  const SafetensorsFile second = std::move(first);
  EXPECT_EQ(values<float>(second, "w"), weights_);
}

TEST_F(SafetensorsTest, WhatCannotBeWrittenIsRefusedBeforeTheFile) {
  put(path("a"), "previous");
  const auto refuse = [&](std::vector<SafetensorsTensor> tensors, std::map<std::string, std::string> metadata,
                          const std::string& part) {
    expect_error(ErrorCode::kUsage, part, [&] { write_safetensors(path("a"), tensors, metadata); });
  };
  const SafetensorsTensor good = make_tensor<float>("w", {6}, weights_);
  refuse({good, good}, {}, "two tensors called 'w'");
  refuse({make_tensor<float>("w", {5}, weights_)}, {}, "shape [5]");
  refuse({make_tensor<float>("w", {SIZE_MAX, 4}, weights_)}, {}, "24 bytes");
  refuse({make_tensor<float>("__metadata__", {6}, weights_)}, {}, "__metadata__");
  refuse({make_tensor<float>("\xff", {6}, weights_)}, {}, "not UTF-8");
  refuse({good}, {{"key", "\xc3"}}, "not UTF-8");
  EXPECT_EQ(contents(path("a")), "previous");
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(SafetensorsTest, FailedWritesAreWriteErrors) {
  const std::vector tensors{make_tensor<float>("w", {6}, weights_)};
  expect_error(ErrorCode::kWrite, "/dev/full", [&] { write_safetensors("/dev/full", tensors, {}); });
  expect_error(ErrorCode::kWrite, "missing/a", [&] { write_safetensors(path("missing/a"), tensors, {}); });
}

TEST_F(SafetensorsTest, CopiesOnlyWhatFits) {
  const SafetensorsTensor tensor = make_tensor<float>("w", {6}, weights_);
  std::vector<float> five(5);
  std::vector<int64_t> whole(6);
  expect_error(ErrorCode::kModel, "tensor 'w' has 6 elements, expected 5", [&] { copy_values<float>(tensor, five); });
  expect_error(ErrorCode::kModel, "tensor 'w' is F32, expected I64", [&] { copy_values<int64_t>(tensor, whole); });
  std::vector<float> one(1);
  expect_error(ErrorCode::kModel, "tensor 's' is I64",
               [&] { copy_values<float>(make_tensor<int64_t>("s", {1}, steps_), one); });
}

}  // namespace
}  // namespace elman
