#include "tasks/path_dependence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "loss/distributions.h"

namespace elman {
namespace {

// Ranks of `paths` paths of `steps` steps.
std::vector<std::vector<double>> drawn(double rho, size_t paths, size_t steps) {
  std::vector<std::vector<double>> result;
  for (size_t n = 0; n < paths; ++n) {
    Random random(9, n);
    double z = draw_score(random);
    PathDependence{rho}.draw(random, z, steps, result.emplace_back());
  }
  return result;
}

// Of 20,000 draws a share's standard error is at most 0.0036; five of them are allowed.
TEST(PathDependence, DrawsUniformLevelsAtEveryStep) {
  const auto paths = drawn(0.8, 20000, 3);
  for (size_t t = 0; t < 3; ++t)
    for (const double level : {0.05, 0.3, 0.5, 0.9}) {
      size_t below = 0;
      for (const auto& path : paths) below += path[t] <= level;
      EXPECT_NEAR(static_cast<double>(below) / 20000, level, 0.018) << t;
    }
}

TEST(PathDependence, IsMeasuredAsItIsDrawn) {
  for (const double rho : {-0.5, 0.0, 0.6, 0.95}) {
    DependenceSums sums;
    for (const auto& path : drawn(rho, 4000, 6)) sums.add(path);
    const PathDependence measured = sums.finish();
    EXPECT_EQ(measured.pairs, 20000u);
    EXPECT_NEAR(measured.rho, rho, 0.025);  // standard error (1 - rho^2) / sqrt(20000), more as pairs overlap
  }
}

// A block that ends where another begins is one path: the dependence crosses it.
TEST(PathDependence, GoesOnFromTheLastScore) {
  DependenceSums sums;
  for (size_t n = 0; n < 20000; ++n) {
    Random random(4, n);
    double z = draw_score(random);
    std::vector<double> first, second;
    PathDependence{0.7}.draw(random, z, 2, first);
    PathDependence{0.7}.draw(random, z, 2, second);
    sums.add(std::vector<double>{first[1], second[0]});
  }
  EXPECT_NEAR(sums.finish().rho, 0.7, 0.02);
}

TEST(DependenceSums, SkipsWhatIsMissingAndSurvivesExtremes) {
  EXPECT_EQ(DependenceSums().finish().rho, 0.0);
  DependenceSums sums;
  sums.add(std::vector<double>{0.9, NAN, 0.2, NAN, 0.8});
  EXPECT_EQ(sums.finish().pairs, 0u);
  EXPECT_EQ(sums.finish().rho, 0.0);
  sums.add(std::vector<double>{0.0, 0.0, 0.0});  // below all that was forecast, always
  sums.add(std::vector<double>{1.0, 1.0});
  EXPECT_EQ(sums.finish().pairs, 3u);
  EXPECT_GT(sums.finish().rho, 0.99);
  EXPECT_LT(sums.finish().rho, 1.0);
}

TEST(PathDependence, IsKeptInJson) {
  const PathDependence back = path_dependence_from_json(to_json(PathDependence{0.25, 7}));
  EXPECT_EQ(back.rho, 0.25);
  EXPECT_EQ(back.pairs, 7u);
  for (const double rho : {1.0, -1.5}) EXPECT_THROW(path_dependence_from_json(to_json(PathDependence{rho, 7})), Error);
  EXPECT_THROW(path_dependence_from_json({{"rho", 0.5}}), nlohmann::json::exception);
}

}  // namespace
}  // namespace elman
