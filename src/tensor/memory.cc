#include "tensor/memory.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace elman {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

void* allocate(size_t bytes) {
  const bool large = bytes >= kHugePage;
  const size_t alignment = large ? kHugePage : kAlignment;
  if (bytes > SIZE_MAX - alignment) throw std::bad_alloc();
  void* p = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!p) throw std::bad_alloc();
#if defined(__linux__)
  if (large) madvise(p, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish: what it refuses stays as it is
#endif
  return p;
}

void release(void* p) noexcept { std::free(p); }

}  // namespace elman
