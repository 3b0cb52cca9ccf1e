#include "optim/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/random.h"

namespace elman {
namespace {

// The gradient of sum_i curvature[i] (p[i] - goal[i])^2 / 2.
template <class T>
std::vector<T> slope(const std::vector<T>& p, const std::vector<double>& goal, const std::vector<double>& curvature) {
  std::vector<T> gradient(p.size());
  for (size_t i = 0; i < p.size(); ++i) gradient[i] = static_cast<T>(curvature[i] * (p[i] - goal[i]));
  return gradient;
}

template <class T>
void step(Optimizer<T>& optimizer, std::vector<T>& p, const std::vector<T>& gradient, double rate) {
  optimizer.step({p.data(), p.size()}, std::span<const T>(gradient), rate);
}

nlohmann::json read_golden() {
  std::ifstream file(ELMAN_TEST_DATA "/golden/optim.json");
  return nlohmann::json::parse(file);
}

OptimizerConfig config_of(const nlohmann::json& golden) {
  OptimizerConfig config{.name = golden["name"].get<std::string>()};
  const nlohmann::json& settings = golden["settings"];
  config.momentum = settings.value("momentum", config.momentum);
  config.nesterov = settings.value("nesterov", config.nesterov);
  config.beta1 = settings.value("beta1", config.beta1);
  config.beta2 = settings.value("beta2", config.beta2);
  config.epsilon = settings.value("epsilon", config.epsilon);
  config.weight_decay = settings.value("weight_decay", config.weight_decay);
  config.alpha = settings.value("alpha", config.alpha);
  return config;
}

template <class T>
void expect_trajectory(const nlohmann::json& golden, const nlohmann::json& expected, double tolerance) {
  const auto optimizer = make_optimizer<T>(config_of(expected));
  const std::vector<double> rates = golden["rates"], goal = golden["goal"], curvature = golden["curvature"];
  std::vector<T> p = golden["start"].get<std::vector<T>>();
  for (size_t t = 0; t < rates.size(); ++t) {
    step(*optimizer, p, slope(p, goal, curvature), rates[t]);
    for (size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(p[i], expected["values"][t][i].get<double>(), tolerance)
          << expected["name"] << expected["settings"] << " step " << t << " value " << i;
  }
  EXPECT_EQ(optimizer->steps(), static_cast<int64_t>(rates.size()));
}

TEST(OptimizerTest, TrajectoriesAreThoseOfPyTorch) {
  const nlohmann::json golden = read_golden();
  std::set<std::string> checked;
  for (const nlohmann::json& expected : golden["trajectories"]) {
    expect_trajectory<double>(golden, expected, 1e-13);
    expect_trajectory<float>(golden, expected, 3e-6);
    checked.insert(expected["name"].get<std::string>());
  }
  for (const OptimizerEntry* entry : optimizers()) EXPECT_TRUE(checked.count(std::string(entry->name))) << entry->name;
}

class EveryOptimizerTest : public testing::TestWithParam<const OptimizerEntry*> {
 protected:
  // With momentum where there is such a thing, so that every slab is in use.
  OptimizerConfig config() const {
    return {.name = std::string(GetParam()->name), .momentum = 0.5, .weight_decay = 1e-3};
  }
};

INSTANTIATE_TEST_SUITE_P(Optimizers, EveryOptimizerTest, testing::ValuesIn(optimizers().begin(), optimizers().end()),
                         [](const auto& entry) { return std::string(entry.param->name); });

TEST_P(EveryOptimizerTest, FindsTheMinimumOfAQuadratic) {
  OptimizerConfig config = this->config();
  config.weight_decay = 0.0;
  const auto optimizer = make_optimizer<float>(config);
  const std::vector<double> goal(37, 1.25), curvature(37, 2.0);
  std::vector<float> p(37, -3.0f);
  for (int t = 0; t < 3000; ++t) step(*optimizer, p, slope(p, goal, curvature), 0.05 * (1.0 - t / 3000.0));
  for (const float value : p) EXPECT_NEAR(value, 1.25, 1e-3);
}

TEST_P(EveryOptimizerTest, SameBitsOnAnyNumberOfThreads) {
  constexpr size_t kSize = 100'003;  // worth several threads
  OptimizerConfig config = this->config();
  config.weight_decay = 0.1;
  Random random(3, 0);
  std::vector<float> start(kSize), gradient(kSize), expected;
  for (float& value : start) value = static_cast<float>(random.uniform(-1, 1));
  for (float& value : gradient) value = static_cast<float>(random.uniform(-1, 1));
  for (const size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    const auto optimizer = make_optimizer<float>(config);
    std::vector<float> p = start;
    for (int t = 0; t < 3; ++t) optimizer->step({p.data(), kSize}, gradient, 0.01, pool);
    if (threads == 1) expected = p;
    EXPECT_EQ(p, expected) << threads << " threads";
  }
  EXPECT_NE(expected, start);
}

TEST_P(EveryOptimizerTest, ResumedRunsGoOnWithTheSameBits) {
  const std::vector<double> goal(11, 0.3), curvature(11, 1.5);
  std::vector<float> p(11, 2.0f);
  const auto first = make_optimizer<float>(config());
  for (int t = 0; t < 5; ++t) step(*first, p, slope(p, goal, curvature), 0.01);

  std::vector<std::span<const float>> saved;
  for (const Buffer<float>& slab : first->slabs()) saved.emplace_back(slab.data(), slab.size());
  EXPECT_EQ(saved.size(), first->slab_names().size());
  EXPECT_FALSE(saved.empty());
  const auto second = make_optimizer<float>(config());
  second->restore(first->steps(), saved);
  std::vector<float> q = p;
  for (int t = 0; t < 5; ++t) {
    step(*first, p, slope(p, goal, curvature), 0.01);
    step(*second, q, slope(q, goal, curvature), 0.01);
  }
  EXPECT_EQ(p, q);
  EXPECT_EQ(second->steps(), 10);
}

TEST_P(EveryOptimizerTest, AStateFromBeforeTheFirstStepIsAFreshStart) {
  const auto first = make_optimizer<double>(config()), second = make_optimizer<double>(config());
  std::vector<std::span<const double>> saved;
  for (const Buffer<double>& slab : first->slabs()) saved.emplace_back(slab.data(), slab.size());
  second->restore(first->steps(), saved);
  std::vector<double> p(3, 1.0), q = p;
  step(*first, p, {0.1, -0.2, 0.3}, 0.01);
  step(*second, q, {0.1, -0.2, 0.3}, 0.01);
  EXPECT_EQ(p, q);
}

TEST_P(EveryOptimizerTest, SizesThatChangeAreRefused) {
  const auto optimizer = make_optimizer<float>(config());
  std::vector<float> p(4), longer(5);
  step(*optimizer, p, p, 0.1);
  const auto code_of = [&](std::vector<float>& values, const std::vector<float>& gradient) {
    try {
      step(*optimizer, values, gradient, 0.1);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInterrupted;
  };
  EXPECT_EQ(code_of(longer, longer), ErrorCode::kUsage);
  EXPECT_EQ(code_of(p, longer), ErrorCode::kUsage);
  EXPECT_EQ(optimizer->steps(), 1);
}

TEST_P(EveryOptimizerTest, StatesOfAnotherShapeAreRefused) {
  const auto optimizer = make_optimizer<float>(config());
  const std::vector<float> four(4), five(5);
  std::vector<std::span<const float>> slabs(optimizer->slab_names().size(), four);
  EXPECT_THROW(optimizer->restore(-1, slabs), Error);
  slabs.emplace_back(four);
  EXPECT_THROW(optimizer->restore(1, slabs), Error);
  slabs.pop_back();
  optimizer->restore(1, slabs);
  if (slabs.size() < 2) return;
  slabs.back() = five;
  EXPECT_THROW(optimizer->restore(1, slabs), Error);
}

TEST(OptimizerTest, PlainSgdRemembersOnlyItsSteps) {
  const auto optimizer = make_optimizer<float>({.name = "sgd"});
  EXPECT_TRUE(optimizer->slabs().empty());
  optimizer->restore(7, {});
  std::vector<float> p = {1.0f, 2.0f};
  step(*optimizer, p, {0.5f, 0.25f}, 0.5);
  EXPECT_EQ(p, (std::vector<float>{0.75f, 1.875f}));
  EXPECT_EQ(optimizer->steps(), 8);
}

TEST(OptimizerTest, UnknownNamesAreAnsweredWithTheNearest) {
  try {
    make_optimizer<float>({.name = "adamm"});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("did you mean 'adam"), std::string::npos) << error.what();
  }
}

TEST(OptimizerTest, BadSettingsAreRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const OptimizerConfig bad[] = {{.name = "adam", .learning_rate = kNan}, {.name = "adam", .learning_rate = -1e-3},
                                 {.name = "sgd", .momentum = 1.0},        {.name = "sgd", .nesterov = true},
                                 {.name = "adam", .beta1 = 1.0},          {.name = "adamw", .beta2 = -0.1},
                                 {.name = "adam", .epsilon = -1e-8},      {.name = "adamw", .weight_decay = kNan},
                                 {.name = "rmsprop", .alpha = 1.5},       {.name = "rmsprop", .momentum = kNan}};
  for (const OptimizerConfig& config : bad) {
    try {
      make_optimizer<float>(config);
      ADD_FAILURE() << config.name << " was made";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage) << error.what();
    }
  }
}

}  // namespace
}  // namespace elman
