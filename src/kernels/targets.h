#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Included before hwy/foreach_target.h: the instruction sets the kernels are compiled for. All have, or emulate, a
// fused multiply-add, so all give the same bits. The scalar baseline runs where none of the others does.
#define HWY_DISABLED_TARGETS (~(HWY_AVX2 | HWY_AVX3 | HWY_NEON | HWY_SCALAR))
// The baseline is one lane under every compiler, not Highway's emulated vector under some.
#define HWY_BROKEN_EMU128 1

namespace elman {

// An instruction set that is compiled in and that this machine can run.
struct InstructionSet {
  int64_t id;  // Highway's bit
  std::string_view name;
};

// Best first; the last one is the baseline. One alone while a ForcedTarget lives.
std::vector<InstructionSet> supported_targets();

// Throws kUsage, naming those there are, if this machine has no set of that name.
InstructionSet find_target(std::string_view name);

// Where the tables that kernels are dispatched by have the entry of this set, and of the one that is chosen now.
size_t dispatch_entry(const InstructionSet& target);
size_t dispatch_entry();

// Makes every kernel run on one instruction set for as long as it lives, to compare the sets. Matrices
// packed under another target must be packed again. REQUIRES: no kernel is running and no other ForcedTarget lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(const InstructionSet& target);
  ~ForcedTarget();
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

}  // namespace elman
