// What every cell's spec promises to the code that reads it.
#include "cells/cell.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "base/error.h"
#include "kernels/roofline.h"
#include "support/cells.h"

namespace elman {
namespace {

class CellSpecTest : public EachCell {
 protected:
  const CellSpec& spec() const { return cell().spec; }
};

TEST_P(CellSpecTest, SizesFitTheKernels) {
  EXPECT_LE(spec().gates.size(), spec().columns);
  EXPECT_LE(spec().columns, kMaxColumns);
  EXPECT_LE(spec().states.size(), kMaxStates);
  EXPECT_LE(spec().vectors.size(), kMaxVectors);
  EXPECT_LE(spec().phases, CellKernels<float>::kMaxPhases);
  ASSERT_FALSE(spec().states.empty());
  EXPECT_EQ(spec().states.front(), "h");
}

TEST_P(CellSpecTest, EveryPhaseHasKernels) {
  const auto f32 = cell().kernels<float>();
  const auto f64 = cell().kernels<double>();
  for (size_t phase = 0; phase < spec().phases; ++phase) {
    EXPECT_TRUE(f32.forward[phase] && f32.backward[phase]) << "float, phase " << phase;
    EXPECT_TRUE(f64.forward[phase] && f64.backward[phase]) << "double, phase " << phase;
  }
}

TEST_P(CellSpecTest, StreamsLeaveNoMoreLanesEmptyThanTheBestSetWould) {
  const auto best = cell().kernels<float>();
  if (!best.step) {  // of two phases: steps by forward, whatever its size
    EXPECT_FALSE(cell().step_kernels<float>(8).step);
    return;
  }
  for (size_t units = 1; units <= 130; ++units) {
    const auto chosen = cell().step_kernels<float>(units);
    ASSERT_TRUE(chosen.step && chosen.step_one) << units;
    const auto lanes = [&](size_t of_vector) { return (units + of_vector - 1) / of_vector * of_vector; };
    EXPECT_LE(lanes(chosen.step_lanes), std::max(lanes(best.step_lanes), lanes(8))) << units;
    if (best.step_lanes >= 8 && units % best.step_lanes == 0) {
      EXPECT_EQ(chosen.step, best.step) << units;
    }
  }
}

// By the lanes that it fills and what it computes in a second; narrower vectors than eight lanes take no less time.
TEST_P(CellSpecTest, StreamsUseTheSetThatFillsItsLanesSoonest) {
  if (!cell().kernels<float>().step) return;
  for (const size_t units : {1, 8, 9, 16, 20, 33, 40, 100}) {
    const auto seconds = [&](const InstructionSet& set, size_t lanes) {
      return static_cast<double>((units + lanes - 1) / lanes * std::max<size_t>(lanes, 8)) / quick_peak(set);
    };
    const auto chosen = cell().step_kernels<float>(units);
    double own = 0, least = 1;
    for (const InstructionSet& set : supported_targets()) {
      const ForcedTarget forced(set);
      const auto kernels = cell().kernels<float>();
      least = std::min(least, seconds(set, kernels.step_lanes));
      if (kernels.step == chosen.step) own = seconds(set, kernels.step_lanes);
    }
    // A wider set is kept where it leaves no more lanes empty, though a narrower one were as fast.
    EXPECT_GT(own, 0) << units;
    EXPECT_LE(own, 1.1 * least) << units;
  }
}

TEST(StepGroups, AreOfNearlyOneSizeAndCoverAll) {
  for (const size_t most : {1, 2, 3, 12})
    for (size_t all = 1; all < 50; ++all) {
      const StepGroups groups(all, most);
      EXPECT_EQ(groups.count, (all + most - 1) / most);
      EXPECT_LE(groups.size(0), most);
      EXPECT_LE(groups.size(0) - groups.size(groups.count - 1), 1u) << all << " by " << most;
      for (size_t i = 0; i < groups.count; ++i) EXPECT_EQ(groups.begin(i) + groups.size(i), groups.begin(i + 1));
      EXPECT_EQ(groups.begin(groups.count), all);
    }
}

// Each row block of weight_hh enters exactly one product.
TEST_P(CellSpecTest, ProductsCoverTheGatesOnce) {
  std::vector<int> uses(spec().gates.size());
  for (const RecurrentProduct& p : spec().products) {
    EXPECT_LT(p.phase, spec().phases);
    EXPECT_LE(p.first_column + p.gates, spec().columns);
    EXPECT_TRUE(p.source == RecurrentProduct::kHidden || (spec().result && p.phase > 0));
    ASSERT_LE(p.first_gate + p.gates, uses.size());
    for (size_t g = p.first_gate; g < p.first_gate + p.gates; ++g) ++uses[g];
  }
  EXPECT_EQ(uses, std::vector<int>(uses.size(), 1));
}

// x enters the first columns, one a gate; in cells of one phase h enters as many, the last.
TEST_P(CellSpecTest, ColumnsAreWhereTheyAreLookedFor) {
  const size_t gates = spec().gates.size();
  std::set<size_t> entered;
  for (size_t g = 0; g < gates; ++g) entered.insert(spec().column_of(g));
  EXPECT_EQ(entered.size(), gates);
  EXPECT_LT(*entered.rbegin(), gates);
  if (spec().phases > 1) return;
  entered.clear();
  for (const RecurrentProduct& p : spec().products)
    for (size_t g = 0; g < p.gates; ++g) entered.insert(p.first_column + g);
  EXPECT_EQ(entered.size(), gates);
  EXPECT_EQ(*entered.begin(), spec().columns - gates);
}

TEST_P(CellSpecTest, VectorsNameGatesAndStates) {
  for (const CellVector& v : spec().vectors) {
    EXPECT_LT(v.gate, spec().gates.size()) << v.name;
    EXPECT_LT(v.state, spec().states.size()) << v.name;
  }
  EXPECT_LT(spec().forget_gate.value_or(0), spec().gates.size());
}

TEST_P(CellSpecTest, IsDocumented) {
  const std::string name(spec().name);
  EXPECT_TRUE(std::filesystem::exists(ELMAN_SOURCE_DIR "/docs/cells/" + name + ".md"));
  EXPECT_TRUE(std::filesystem::exists(ELMAN_SOURCE_DIR "/tools/golden/" + name + ".py"));
}

TEST_P(CellSpecTest, IsFoundByItsName) { EXPECT_EQ(&find_cell(spec().name), &cell()); }

ELMAN_EACH_CELL(CellSpecTest);

TEST(CellRegistry, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (const Cell* cell : cells()) EXPECT_TRUE(names.insert(cell->spec.name).second) << cell->spec.name;
}

TEST(CellRegistry, UnknownNameSuggestsTheNearest) {
  try {
    find_cell("lsmt");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(e.what()).find("did you mean 'lstm'?"), std::string::npos) << e.what();
    for (const Cell* cell : cells())
      EXPECT_NE(std::string(e.what()).find(cell->spec.name), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace elman
