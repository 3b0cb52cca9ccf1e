#include "tasks/diebold_mariano.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace elman {
namespace {

// P(|T| > t) in closed form for a few degrees of freedom.
double two_sided_1(double t) { return 1 - 2 / M_PI * std::atan(t); }
double two_sided_2(double t) { return 1 - t / std::sqrt(2 + t * t); }
double two_sided_4(double t) {
  const double u = t / std::sqrt(4 + t * t);
  return 1 - 1.5 * u + 0.5 * u * u * u;
}

TEST(StudentT, AgreesWithItsClosedForms) {
  for (const double t : {0.0, 1e-3, 0.3, 1.0, 2.0, 5.0, 30.0}) {
    EXPECT_NEAR(student_t_two_sided(t, 1), two_sided_1(t), 1e-14);
    EXPECT_NEAR(student_t_two_sided(t, 2), two_sided_2(t), 1e-14);
    EXPECT_NEAR(student_t_two_sided(t, 4), two_sided_4(t), 1e-14);
    EXPECT_DOUBLE_EQ(student_t_two_sided(t, 4), student_t_two_sided(-t, 4));
    EXPECT_NEAR(student_t_two_sided(t, 1e6), std::erfc(t / std::sqrt(2)), 1e-6);  // nearly the normal distribution
  }
  EXPECT_NEAR(student_t_two_sided(2.0010, 60 - 1), 0.05, 1e-5);  // from the tables
  EXPECT_TRUE(std::isnan(student_t_two_sided(NAN, 4)));
}

// Worked by hand: mean 3, deviations -2..2, autocovariances 2, 0.8.
TEST(DieboldMariano, AgreesWithWorkedExamples) {
  const std::vector<double> d{1, 2, 3, 4, 5};
  const DieboldMariano apart = diebold_mariano(d, 1);  // with one step it is the t test of the mean
  EXPECT_NEAR(apart.statistic, 3 / std::sqrt(2.5 / 5), 1e-12);
  EXPECT_NEAR(apart.p_value, two_sided_4(apart.statistic), 1e-12);
  EXPECT_EQ(apart.origins, 5u);
  EXPECT_EQ(apart.lags, 0u);

  const DieboldMariano overlapping = diebold_mariano(d, 2);
  EXPECT_NEAR(overlapping.statistic, 3 / std::sqrt((2 + 2 * 0.8) / 5) * std::sqrt((6 - 4 + 2.0 / 5) / 5), 1e-12);
  EXPECT_NEAR(overlapping.p_value, 0.070484, 1e-6);
  EXPECT_EQ(overlapping.lags, 1u);
}

TEST(DieboldMariano, ChangesSignWithTheOrderOfTheTwo) {
  const std::vector<double> d{0.3, -0.1, 0.7, 0.2}, back{-0.3, 0.1, -0.7, -0.2};
  EXPECT_DOUBLE_EQ(diebold_mariano(d, 1).statistic, -diebold_mariano(back, 1).statistic);
  EXPECT_DOUBLE_EQ(diebold_mariano(d, 1).p_value, diebold_mariano(back, 1).p_value);
}

// Autocovariances 25, -18.75: the rectangle gives 25 - 37.5 < 0, Bartlett's weights 25 - 18.75.
TEST(DieboldMariano, TurnsToBartlettWhereTheVarianceIsNegative) {
  const std::vector<double> d{6, -4, 6, -4};
  const DieboldMariano test = diebold_mariano(d, 2);
  EXPECT_NEAR(test.statistic, 1 / std::sqrt((25 - 18.75) / 4) * std::sqrt((5 - 4 + 2.0 / 4) / 4), 1e-12);
}

TEST(DieboldMariano, KnowsItsLimits) {
  EXPECT_TRUE(std::isnan(diebold_mariano(std::vector<double>{}, 1).p_value));
  EXPECT_TRUE(std::isnan(diebold_mariano(std::vector<double>{1}, 1).p_value));
  EXPECT_TRUE(std::isnan(diebold_mariano(std::vector<double>{1, 2, 3}, 3).p_value));
  EXPECT_EQ(diebold_mariano(std::vector<double>{0, 0, 0}, 1).p_value, 1);
  EXPECT_EQ(diebold_mariano(std::vector<double>{2, 2, 2}, 1).p_value, 0);
}

}  // namespace
}  // namespace elman
