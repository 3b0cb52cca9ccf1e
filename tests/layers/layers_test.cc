// What the layers without recurrence compute.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/targets.h"
#include "data/expect_error.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/shape.h"
#include "model/network.h"
#include "support/values.h"

namespace elman {
namespace {

// A layer, its parameters and the memory to run it.
class LayerTest : public ::testing::Test {
 protected:
  std::vector<float> run(Layer<float>& layer, const Steps& steps, ConstView<float> x, const Random* dropout = nullptr) {
    layer.pack(parameters_, pool_, false);
    return to_vector(layer.forward({parameters_, scratch_, nullptr, nullptr, dropout}, steps, x));
  }
  void allocate() {
    parameters_.allocate();
    randomize(parameters_);
  }

  Parameters<float> parameters_;
  ThreadPool pool_{2};
  Scratch<float> scratch_{pool_};
};

TEST_F(LayerTest, LinearIsTheProductPlusTheBias) {
  LinearLayer<float> layer(0, {2, 3, false, ""}, parameters_);
  parameters_.allocate();
  std::copy_n(std::begin({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}), 6, parameters_.value(0).data);
  std::copy_n(std::begin({0.5f, 0.25f, 0.125f}), 3, parameters_.value(1).data);
  Tensor<float> x(2, 2);
  x(0, 0) = 1;
  x(0, 1) = 10;
  x(1, 0) = -1;
  EXPECT_EQ(run(layer, Steps(2, 1), x), (std::vector<float>{21.5f, 43.25f, 65.125f, -0.5f, -2.75f, -4.875f}));
}

TEST_F(LayerTest, EmbeddingLooksUpRows) {
  EmbeddingLayer<float> layer(0, 4, 3, "", parameters_);
  allocate();
  Tensor<float> x(3, 1);
  for (size_t r = 0; r < 3; ++r) x(r, 0) = static_cast<float>(3 - r);
  const std::vector<float> y = run(layer, Steps(3, 1), x);
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(y[3 * r + c], parameters_.value(0)(3 - r, c));
}

TEST_F(LayerTest, EmbeddingRefusesWhatIsNoSymbol) {
  EmbeddingLayer<float> layer(0, 4, 3, "", parameters_);
  allocate();
  Tensor<float> x(1, 1);
  for (const float bad : {-1.0f, 4.0f, 0.5f, NAN, HUGE_VALF}) {
    x(0, 0) = bad;
    expect_error(ErrorCode::kData, {"0 to 3"}, [&] { run(layer, Steps(1, 1), x); });
  }
}

TEST_F(LayerTest, DropoutDropsItsShareAndKeepsTheMean) {
  constexpr double kRate = 19661.0 / 65536;  // 0.3 as the layer rounds it
  DropoutLayer<float> layer(5, 7, 0.3);
  const Tensor<float> x = random_tensor<float>(5000, 7, 1);
  const Random random(1, 2);
  const std::vector<float> y = run(layer, Steps(5000, 1), x, &random);
  size_t dropped = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    if (y[i] == 0.0f) ++dropped;
    else EXPECT_EQ(y[i], x.data()[i] * static_cast<float>(1 / (1 - kRate)));
  }
  const auto n = static_cast<double>(y.size());
  EXPECT_NEAR(static_cast<double>(dropped), kRate * n, 5 * std::sqrt(kRate * (1 - kRate) * n));  // five deviations
}

// Rows of several draws: whatever part of a random word decides an element, its neighbours in memory and in the word
// decide nothing of it.
TEST_F(LayerTest, DropoutDecidesEachElementApart) {
  constexpr size_t kRows = 400, kSize = 1300;
  DropoutLayer<float> layer(0, kSize, 0.5);
  Tensor<float> x(kRows, kSize);
  std::fill_n(x.data(), x.size(), 1.0f);
  const Random random(1, 2);
  const std::vector<float> y = run(layer, Steps(kRows, 1), x, &random);
  for (const size_t apart : {1u, 2u, 4u, 8u, 138u, 256u, 512u, 650u, 1024u, 1300u}) {
    size_t same = 0;
    const size_t n = y.size() - apart;
    for (size_t i = 0; i < n; ++i) same += (y[i] == 0.0f) == (y[i + apart] == 0.0f);
    EXPECT_NEAR(static_cast<double>(same), 0.5 * static_cast<double>(n), 2.5 * std::sqrt(n))
        << apart;  // five deviations
  }
  for (size_t c = 0; c < kSize; ++c) {
    size_t dropped = 0;
    for (size_t r = 0; r < kRows; ++r) dropped += y[r * kSize + c] == 0.0f;
    EXPECT_NEAR(static_cast<double>(dropped), 0.5 * kRows, 2.5 * std::sqrt(kRows)) << c;
  }
}

TEST_F(LayerTest, DropoutMasksDependOnSourceAndLayer) {
  DropoutLayer<float> first(1, 6, 0.5), second(2, 6, 0.5);
  Tensor<float> x(20, 6);
  std::fill_n(x.data(), x.size(), 1.0f);
  const Random random(1, 2), other(1, 3);
  const std::vector<float> y = run(first, Steps(20, 1), x, &random);
  EXPECT_EQ(run(first, Steps(20, 1), x, &random), y);
  EXPECT_NE(run(first, Steps(20, 1), x, &other), y);
  EXPECT_NE(run(second, Steps(20, 1), x, &random), y);
}

TEST_F(LayerTest, DropoutIsTheIdentityWithoutASource) {
  DropoutLayer<float> layer(0, 3, 0.9);
  const Tensor<float> x = random_tensor<float>(4, 3, 1);
  EXPECT_EQ(run(layer, Steps(4, 1), x), to_vector(x.view()));
}

TEST_F(LayerTest, LayerNormHasMeanZeroAndVarianceOne) {
  LayerNormLayer<float> layer(0, 50, "", parameters_);
  parameters_.allocate();
  parameters_.initialize(1);
  const Tensor<float> x = random_tensor<float>(3, 50, 1, 100.0);
  const std::vector<float> y = run(layer, Steps(3, 1), x);
  for (size_t r = 0; r < 3; ++r) {
    double sum = 0.0, squares = 0.0;
    for (size_t c = 0; c < 50; ++c) {
      sum += y[r * 50 + c];
      squares += y[r * 50 + c] * y[r * 50 + c];
    }
    EXPECT_NEAR(sum / 50, 0.0, 1e-6);
    EXPECT_NEAR(squares / 50, 1.0, 1e-6);
  }
}

TEST_F(LayerTest, LayerNormOfEqualFeaturesIsTheBias) {
  LayerNormLayer<float> layer(0, 3, "", parameters_);
  allocate();
  Tensor<float> x(1, 3);
  std::fill_n(x.data(), 3, 7.0f);
  EXPECT_EQ(run(layer, Steps(1, 1), x), to_vector(parameters_.value(1)));
}

TEST_F(LayerTest, LastStepIsEachSequencesOwn) {
  const std::vector<size_t> lengths{3, 2, 1};
  const Steps steps = Steps::packed(lengths);  // rows: a0 b0 c0 a1 b1 a2
  Tensor<float> x(6, 2);
  for (size_t r = 0; r < 6; ++r)
    for (size_t c = 0; c < 2; ++c) x(r, c) = static_cast<float>(10 * r + c);
  LastStepLayer<float> one(0, 2, false), both(1, 2, true);
  EXPECT_EQ(run(one, steps, x), (std::vector<float>{50, 51, 40, 41, 20, 21}));
  EXPECT_EQ(run(both, steps, x), (std::vector<float>{50, 1, 40, 11, 20, 21}));
  EXPECT_EQ(one.output_steps(steps).rows(), 3u);
}

TEST_F(LayerTest, FlattenPutsTheStepsSideBySide) {
  FlattenLayer<float> layer(0, 3, 2);
  Tensor<float> x(6, 2);
  for (size_t r = 0; r < 6; ++r)
    for (size_t c = 0; c < 2; ++c) x(r, c) = static_cast<float>(10 * r + c);
  EXPECT_EQ(run(layer, Steps(3, 2), x), (std::vector<float>{0, 1, 20, 21, 40, 41, 10, 11, 30, 31, 50, 51}));
  constexpr size_t kWide = 20;  // copied at once, where a few numbers are not
  FlattenLayer<float> wide_layer(1, 3, kWide);
  Tensor<float> wide(6, kWide);
  for (size_t i = 0; i < wide.size(); ++i) wide.data()[i] = static_cast<float>(i);
  const std::vector<float> flat = run(wide_layer, Steps(3, 2), wide);
  for (size_t b = 0; b < 2; ++b)
    for (size_t t = 0; t < 3; ++t)
      for (size_t c = 0; c < kWide; ++c) EXPECT_EQ(flat[(b * 3 + t) * kWide + c], wide(t * 2 + b, c));
  const std::vector<size_t> lengths{3, 2};
  expect_error(ErrorCode::kUsage, {"3 steps", "got 2"}, [&] { run(layer, Steps(2, 3), x); });
  expect_error(ErrorCode::kUsage, {"3 steps", "different lengths"}, [&] { run(layer, Steps::packed(lengths), x); });
}

TEST_F(LayerTest, CropTakesStepsAndFeatures) {
  CropLayer<float> layer(0, 1, 2, 1, 2);
  Tensor<float> x(6, 2);
  for (size_t r = 0; r < 6; ++r)
    for (size_t c = 0; c < 2; ++c) x(r, c) = static_cast<float>(10 * r + c);
  const View<float> y = layer.forward({parameters_, scratch_}, Steps(3, 2), x);
  ASSERT_EQ(y.rows, 4u);
  ASSERT_EQ(y.cols, 1u);
  for (size_t r = 0; r < 4; ++r) EXPECT_EQ(y(r, 0), static_cast<float>(10 * (r + 2)));
  expect_error(ErrorCode::kUsage, {"at least 3 steps", "got 2"}, [&] { run(layer, Steps(2, 3), x); });
}

// A layer of every kind, on any number of threads and any instruction set.
TEST(Layers, SameBitsOnAnyNumberOfThreadsAndAnyInstructionSet) {
  Network<float> network({1,
                          {Embedding{.symbols = 9, .output_size = 20}, LayerNorm{.name = "n"}, Dropout{.rate = 0.3},
                           Sum{{{}, {Linear{.output_size = 20, .name = "a"}}}},
                           Decode{.steps = 4, .position_size = 3, .features = 6, .reader = {Flatten{.steps = 5}}},
                           Crop{.first = 1, .count = 3}, Linear{.output_size = 33, .name = "b"},
                           Rollout{.steps = 2,
                                   .features = 5,
                                   .value = 7,
                                   .positive = true,
                                   .reader = {Recurrent{.hidden_size = 70}, Linear{.output_size = 33}}}}});
  randomize(network.parameters());
  const Steps steps(9, 80);
  Tensor<float> x(steps.rows(), 1);
  for (size_t r = 0; r < x.rows(); ++r) x(r, 0) = static_cast<float>(r * 7 % 9);
  const auto run = [&](size_t threads) {
    network.pack(true);
    ThreadPool pool(threads);
    Scratch<float> scratch(pool);
    Tape<float> tape;
    const Random dropout(1, 2);
    std::vector<float> result = to_vector(network.forward(scratch, steps, x, nullptr, &tape, &dropout));
    Tensor<float> d_y = random_tensor<float>(2 * 80, 33, 1);
    network.parameters().gradients().fill(0.0f);
    network.backward(scratch, steps, tape, d_y);
    const std::vector<float> gradients = to_vector(network.parameters().gradients());
    result.insert(result.end(), gradients.begin(), gradients.end());
    return result;
  };
  const std::vector<float> expected = run(1);
  for (const size_t threads : {2, 3}) EXPECT_TRUE(same_bits(run(threads), expected)) << threads << " threads";
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    EXPECT_TRUE(same_bits(run(1), expected)) << target.name;
  }
}

}  // namespace
}  // namespace elman
