// Optimisers and schedules as users of the library see them.
#include <elman/elman.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using namespace elman;

// y = w x + b from w = b = 0, where the gradient of (y - target)^2 is (-2 target x, -2 target).
struct Line {
  Model model{{1, {Linear{.output_size = 1, .zero_start = true}}}};

  template <class Optimizer>
  bool step(Optimizer& optimizer, float x, float target) {
    const float xs[] = {x}, ys[] = {target};
    model.backward({.values = xs}, mse(ys));
    return optimizer.step(model);
  }
  float weight() { return model.parameter("head.weight")[0]; }
  float bias() { return model.parameter("head.bias")[0]; }
};

template <class Optimizer>
class PublicOptimizer : public ::testing::Test {
 protected:
  static Optimizer clipping(double clip_value, double clip_norm) {
    Optimizer optimizer{.learning_rate = 0.1};
    optimizer.clip_value = clip_value;
    optimizer.clip_norm = clip_norm;
    if constexpr (requires { optimizer.epsilon; }) optimizer.epsilon = 1.0;  // lest the first update is but a sign
    return optimizer;
  }
  static std::vector<float> weights_after(Optimizer optimizer, float x, float target) {
    Line line;
    EXPECT_TRUE(line.step(optimizer, x, target));
    return {line.weight(), line.bias()};
  }
};

using Optimizers = ::testing::Types<Adam, Sgd, RmsProp>;
TYPED_TEST_SUITE(PublicOptimizer, Optimizers);

// The gradient (-8, -2), limited to (-4, -2).
TYPED_TEST(PublicOptimizer, ClipsEveryElement) {
  const auto clipped = this->weights_after(this->clipping(4.0, 0.0), 4.0f, 1.0f);
  EXPECT_EQ(clipped, this->weights_after(this->clipping(0.0, 0.0), 2.0f, 1.0f));
  EXPECT_NE(clipped, this->weights_after(this->clipping(0.0, 0.0), 4.0f, 1.0f));
}

TYPED_TEST(PublicOptimizer, ClipsValuesBeforeTheNorm) {
  const auto both = this->weights_after(this->clipping(4.0, 1.0), 4.0f, 1.0f);
  EXPECT_EQ(both, this->weights_after(this->clipping(0.0, 1.0), 2.0f, 1.0f));
  EXPECT_NE(both, this->weights_after(this->clipping(0.0, 1.0), 4.0f, 1.0f)) << "the norm came first";
}

// Clipped, an infinite gradient would look like a large one.
TYPED_TEST(PublicOptimizer, SeesAGradientThatIsNotFiniteBeforeItClips) {
  TypeParam optimizer = this->clipping(1.0, 1.0);
  Line line;
  EXPECT_FALSE(line.step(optimizer, std::numeric_limits<float>::max(), 1e3f));
  EXPECT_EQ(line.weight(), 0.0f);
  EXPECT_EQ(line.bias(), 0.0f);
}

TEST(PublicSgd, NesterovLooksAhead) {
  Sgd sgd{.learning_rate = 0.1, .momentum = 0.5, .nesterov = true, .clip_norm = 0.0};
  Line line;
  line.step(sgd, 4.0f, 1.0f);  // g = m = (-8, -2): updates of g + m / 2
  EXPECT_FLOAT_EQ(line.weight(), 1.2f);
  EXPECT_FLOAT_EQ(line.bias(), 0.3f);
  line.step(sgd, 4.0f, 1.0f);  // g = (32.8, 8.2), m = (28.8, 7.2)
  EXPECT_FLOAT_EQ(line.weight(), -3.52f);
  EXPECT_FLOAT_EQ(line.bias(), -0.88f);
}

TEST(PublicSgd, NesterovNeedsMomentum) {
  Sgd sgd{.nesterov = true};
  Line line;
  try {
    line.step(sgd, 1.0f, 1.0f);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("momentum"), std::string::npos) << error.what();
  }
}

// At x = 0 the bias alone moves: by 2 rate (1 - bias).
TEST(PublicSchedule, SetsTheRateOfEveryStep) {
  const Schedule schedule(0.1,
                          {.kind = ScheduleKind::kCosine, .warmup_steps = 1, .total_steps = 3, .final_fraction = 0.0});
  Sgd sgd{.clip_norm = 0.0};
  Line line;
  int64_t step = 0;
  for (const float expected : {0.1f, 0.28f, 0.352f, 0.352f}) {  // at rates of 0.05, 0.1, 0.05 and 0
    sgd.learning_rate = schedule.rate(step++);
    line.step(sgd, 0.0f, 1.0f);
    EXPECT_FLOAT_EQ(line.bias(), expected) << "step " << step;
  }
}

TEST(PublicSchedule, HasEveryKind) {
  const Schedule constant(1.0, {.warmup_steps = 1});
  EXPECT_EQ(constant.rate(0), 0.5);
  EXPECT_EQ(constant.rate(1), 1.0);
  const Schedule step(1.0, {.kind = find_schedule("step"), .step_every = 2, .step_factor = 0.5});
  EXPECT_EQ(step.rate(1), 1.0);
  EXPECT_EQ(step.rate(4), 0.25);
  Schedule plateau(1.0, {.kind = ScheduleKind::kPlateau, .patience = 0});
  plateau.observe(2.0);
  EXPECT_EQ(plateau.rate(1), 1.0);
  plateau.observe(3.0);
  EXPECT_EQ(plateau.rate(2), 0.5);
  EXPECT_THROW(Schedule(1.0, {.kind = ScheduleKind::kStep}), Error);
}

}  // namespace
