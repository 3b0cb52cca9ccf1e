#include <string>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "cells/cell.h"

namespace elman {

extern const Cell kRnnTanhCell, kRnnReluCell, kLstmCell, kLstmPeepholeCell, kGruCell, kGruResetBeforeCell;

namespace {

constexpr const Cell* kCells[] = {&kRnnTanhCell,      &kRnnReluCell, &kLstmCell,
                                  &kLstmPeepholeCell, &kGruCell,     &kGruResetBeforeCell};

}  // namespace

std::span<const Cell* const> cells() { return kCells; }

const Cell& find_cell(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Cell* cell : kCells) {
    if (cell->spec.name == name) return *cell;
    names.push_back(cell->spec.name);
  }
  fail(ErrorCode::kUsage, "no cell '{}'{}; cells: {}", name, suggest(name, names), fmt::join(names, ", "));
}

}  // namespace elman
