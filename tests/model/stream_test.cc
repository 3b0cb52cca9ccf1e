// A million steps of a stream without a call to the allocator or to a lock: both are replaced by ones that count.
#include <dlfcn.h>
#include <elman/elman.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdlib>
#include <vector>

#include "cells/cell.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // which replace them, too
#define ELMAN_COUNTS 0
#else
#define ELMAN_COUNTS 1

namespace {

thread_local size_t allocations = 0, locks = 0;

}  // namespace

// glibc's own names for what is replaced here.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* p, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* p, size_t size) {
  ++allocations;
  return __libc_realloc(p, size);
}
void* memalign(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** p, size_t alignment, size_t size) {
  *p = memalign(alignment, size);
  return *p ? 0 : 12;  // ENOMEM
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const Lock next = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++locks;
  return next(mutex);
}
}
#endif

namespace elman {
namespace {

#if ELMAN_COUNTS
void expect_quiet(const NetworkConfig& config, size_t steps) {
  const Model model(config);
  Stream stream = model.stream();
  const std::vector<float> x(model.input_size(), 1.0f);
  std::vector<float> y(model.output_size());
  stream.step(x.data(), y.data());
  const size_t allocations_before = allocations, locks_before = locks;
  for (size_t t = 0; t < steps; ++t) stream.step(x.data(), y.data());
  EXPECT_EQ(allocations - allocations_before, 0u);
  EXPECT_EQ(locks - locks_before, 0u);
}

TEST(Stream, TheCountersCount) {
  const size_t before = allocations, locks_before = locks;
  free(malloc(10));
  std::vector<float> values(10);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  EXPECT_EQ(allocations - before, 2u);
  EXPECT_EQ(locks - locks_before, 1u);
}

TEST(Stream, AMillionStepsNeitherAllocateNorLock) {
  for (const Cell* cell : cells()) {
    SCOPED_TRACE(cell->spec.name);
    expect_quiet({2, {Recurrent{.cell = std::string(cell->spec.name), .hidden_size = 12}, Linear{.output_size = 1}}},
                 1000000);
  }
}

TEST(Stream, NorDoStepsThroughEveryKindOfLayer) {
  expect_quiet({1,
                {Embedding{.symbols = 5, .output_size = 7},
                 Recurrent{.cell = "lstm", .hidden_size = 40, .num_layers = 3, .layer_norm = true, .residual = true},
                 Dropout{.rate = 0.1},
                 Sum{{{Linear{.output_size = 30, .name = "a"}}, {Linear{.output_size = 30, .name = "b"}}}}}},
               10000);
}
#endif

}  // namespace
}  // namespace elman
