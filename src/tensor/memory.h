#pragma once

#include <cstddef>

namespace elman {

inline constexpr size_t kAlignment = 64;  // bytes: a cache line, and the widest vector

// Memory for release(), aligned to kAlignment; large blocks lie on huge pages where the system has them, because the
// columns of a large matrix touch a page each. Throws std::bad_alloc.
void* allocate(size_t bytes);
void release(void* p) noexcept;

}  // namespace elman
