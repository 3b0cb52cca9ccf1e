#pragma once

#include <gtest/gtest.h>

#include <string>

#include "cells/cell.h"

namespace elman {

// A test suite that runs once for each cell of the registry: TEST_P(MyCells, DoesIt) { cell() … }.
class EachCell : public ::testing::TestWithParam<const Cell*> {
 protected:
  const Cell& cell() const { return *GetParam(); }
  std::string cell_name() const { return std::string(cell().spec.name); }
};

inline std::string name_of_cell(const ::testing::TestParamInfo<const Cell*>& info) {
  return std::string(info.param->spec.name);
}

}  // namespace elman

#define ELMAN_EACH_CELL(Suite) \
  INSTANTIATE_TEST_SUITE_P(Cells, Suite, ::testing::ValuesIn(::elman::cells()), ::elman::name_of_cell)
