#pragma once

#include <cstddef>
#include <string_view>

#include "kernels/targets.h"

namespace elman {

// What the machine can do, measured: the two limits that no kernel passes (Williams et al. 2009). Each call takes some
// tens of milliseconds and uses threads of its own, so that nothing but the machine decides; the best of a few rounds.
// REQUIRES: threads >= 1.

// Floating-point operations a second of float multiply-adds, two each, on `threads` threads together, for the
// instruction set that the kernels run on.
double multiply_add_peak(size_t threads);

enum class MemoryLevel { kL1, kL2, kL3, kMemory };
inline constexpr MemoryLevel kMemoryLevels[] = {MemoryLevel::kL1, MemoryLevel::kL2, MemoryLevel::kL3,
                                                MemoryLevel::kMemory};

std::string_view level_name(MemoryLevel level) noexcept;
// Bytes of one cache of this level as the system tells them, a common size where it does not; the memory's are those
// read to be sure that no cache holds them.
size_t level_bytes(MemoryLevel level) noexcept;
// Bytes a second that `threads` threads together read from this level, each from memory of its own.
double read_bandwidth(MemoryLevel level, size_t threads);

// The same for one thread, measured at the first call within a millisecond, the third level within three: good enough
// to choose between ways to divide work.
double quick_peak();
double quick_peak(const InstructionSet& target);  // of one set alone
double quick_bandwidth(MemoryLevel level);

// Whether cores reach each other's caches over a mesh, as Intel's do, more slowly than through a level they share.
bool cores_share_a_mesh() noexcept;

}  // namespace elman
