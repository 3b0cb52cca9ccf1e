#include "base/registry.h"
#include "cells/cell.h"

namespace elman {

// Every cell. The order is that of lists and tests.
constexpr const Cell* kCells[] = {
    ELMAN_ENTRY(Cell, kRnnTanhCell),         // rnn.cc
    ELMAN_ENTRY(Cell, kRnnReluCell),         // rnn.cc
    ELMAN_ENTRY(Cell, kLstmCell),            // lstm.cc
    ELMAN_ENTRY(Cell, kLstmPeepholeCell),    // lstm.cc
    ELMAN_ENTRY(Cell, kGruCell),             // gru.cc
    ELMAN_ENTRY(Cell, kGruResetBeforeCell),  // gru.cc
};

std::span<const Cell* const> cells() { return kCells; }

const Cell& find_cell(std::string_view name) {
  const auto name_of = [](const Cell* cell) { return cell->spec.name; };
  return *find_named(kCells, name_of, name, "cell", "cells");
}

}  // namespace elman
