#include "kernels/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kernels/targets.h"
#include "tensor/tensor.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/roofline.cc"
#include "hwy/foreach_target.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

using L = Lanes<float>;

// Independent sums: enough to hide the latency of a multiply-add, few enough for 16 registers.
constexpr size_t kChains = 12;

float total(const F32 (&sums)[kChains]) {
  F32 sum = sums[0];
  for (size_t i = 1; i < kChains; ++i) sum = sum + sums[i];
  float lanes[L::kCount];
  L::store(sum, lanes);
  return lanes[0];
}

// `rounds` multiply-adds in each lane of each chain; returns the flops in `flops`. The factors come from the caller so
// that nothing can be computed beforehand.
float multiply_adds(size_t rounds, float factor, float addend, double& flops) {
  const F32 a = L::splat(factor), b = L::splat(addend);
  F32 sums[kChains];
  for (F32& sum : sums) sum = b;
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16  // so that the sums stay in registers
    for (size_t i = 0; i < kChains; ++i) sums[i] = fma(sums[i], a, b);
  }
  flops = 2.0 * static_cast<double>(rounds * kChains * L::kCount);
  return total(sums);
}

// Reads n floats, a multiple of kReadGrain, `passes` times.
constexpr size_t kReadVectors = 8;
float read_floats(const float* data, size_t n, size_t passes) {
  F32 sums[kChains];
  for (F32& sum : sums) sum = L::splat(0);
  for (size_t pass = 0; pass < passes; ++pass)
    for (size_t i = 0; i < n; i += kReadVectors * L::kCount) {
#pragma GCC unroll 16
      for (size_t k = 0; k < kReadVectors; ++k) sums[k] = sums[k] + L::load(data + i + k * L::kCount);
    }
  return total(sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {
namespace {

HWY_EXPORT(multiply_adds);
HWY_EXPORT(read_floats);

using Clock = std::chrono::steady_clock;
// Short rounds: one that no other process interrupts is found.
struct Effort {
  int rounds;
  std::chrono::microseconds round;
};
constexpr Effort kFull{30, std::chrono::milliseconds(1)}, kQuick{10, std::chrono::microseconds(50)};
constexpr size_t kReadGrain = 1024;       // floats: a multiple of what one turn of any target's loop reads
constexpr size_t kReadAtOnce = 32 << 10;  // floats between two looks at the clock

thread_local volatile float sink;  // keeps results alive

// One thread's part of a round.
struct Part {
  Clock::time_point begin, end;
  double work = 0;
};

double rate_of(const Part* parts, size_t threads) {
  Clock::time_point begin = parts[0].begin, end = parts[0].end;
  double work = 0;
  for (size_t t = 0; t < threads; ++t) {
    begin = std::min(begin, parts[t].begin);
    end = std::max(end, parts[t].end);
    work += parts[t].work;
  }
  return work / std::chrono::duration<double>(end - begin).count();
}

// Work a second in the best round, in which all threads start together; body(thread) returns the work it did.
template <class Body>
double best_rate(size_t threads, const Effort& effort, const Body& body) {
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::vector<Part> parts(effort.rounds * threads);
  const auto run = [&](size_t thread) {
    for (int round = 0; round < effort.rounds; ++round) {
      start.arrive_and_wait();
      Part part{Clock::now(), {}, 0};
      do {
        part.work += body(thread);
        part.end = Clock::now();
      } while (part.end < part.begin + effort.round);
      parts[round * threads + thread] = part;
    }
  };
  std::vector<std::jthread> others;
  for (size_t t = 1; t < threads; ++t) others.emplace_back(run, t);
  run(0);
  others.clear();  // joins
  double best = 0;
  for (int round = 0; round < effort.rounds; ++round) best = std::max(best, rate_of(&parts[round * threads], threads));
  return best;
}

// What one thread reads, round and round.
struct Ring {
  Buffer<float> data;
  size_t position = 0;

  double read_some() {
    const size_t n = std::min(kReadAtOnce, data.size() - position),
                 passes = std::max<size_t>(1, kReadAtOnce / data.size());
    sink = HWY_DYNAMIC_DISPATCH(read_floats)(data.data() + position, n, passes);
    position = position + n == data.size() ? 0 : position + n;
    return static_cast<double>(n * passes * sizeof(float));
  }
};

// Bytes of the first core's data cache of a level, as Linux tells them: "512K". The C library's own figure adds up the
// caches of some machines.
size_t cache_bytes(int level, size_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    int found = 0;
    size_t kilobytes = 0;
    std::string type;
    std::ifstream(folder + "level") >> found;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "size") >> kilobytes;
    if (found == level && type != "Instruction" && kilobytes > 0) return kilobytes << 10;
  }
  return otherwise;
}

// A thread's ring fits its level and overflows the one above.
size_t ring_bytes(MemoryLevel level, size_t threads) {
  if (level == MemoryLevel::kL3) return 4 * level_bytes(MemoryLevel::kL2);
  return level_bytes(level) / (level == MemoryLevel::kMemory ? threads : 2);
}

// Of the instruction set with this dispatch_entry().
double peak(size_t entry, size_t threads, const Effort& effort) {
  constexpr size_t kTurns = 1000;
  const auto multiply_adds = ELMAN_DISPATCH_ENTRY(multiply_adds, entry);
  volatile float factor = 0.5f, addend = 1.0f;  // the sums settle at 2: no overflow, no denormals
  return best_rate(threads, effort, [&](size_t) {
    double flops = 0;
    sink = multiply_adds(kTurns, factor, addend, flops);
    return flops;
  });
}

double bandwidth(MemoryLevel level, size_t threads, const Effort& effort) {
  std::vector<Ring> rings(threads);
  for (Ring& ring : rings) ring.data.resize_zero(ring_bytes(level, threads) / sizeof(float) / kReadGrain * kReadGrain);
  return best_rate(threads, effort, [&](size_t thread) { return rings[thread].read_some(); });
}

}  // namespace

double multiply_add_peak(size_t threads) { return peak(dispatch_entry(), threads, kFull); }

double read_bandwidth(MemoryLevel level, size_t threads) { return bandwidth(level, threads, kFull); }

double quick_peak() {
  static const double rate = peak(dispatch_entry(), 1, kQuick);
  return rate;
}

double quick_peak(const InstructionSet& target) {
  constexpr size_t kEntries = HWY_MAX_DYNAMIC_TARGETS + 2;  // Highway's tables have two besides
  static std::array<std::once_flag, kEntries> measured;
  static std::array<double, kEntries> rates;
  const size_t entry = dispatch_entry(target);
  std::call_once(measured[entry], [&] { rates[entry] = peak(entry, 1, kQuick); });
  return rates[entry];
}

double quick_bandwidth(MemoryLevel level) {
  static std::array<std::once_flag, std::size(kMemoryLevels)> measured;
  static std::array<double, std::size(kMemoryLevels)> rates;
  const size_t i = static_cast<size_t>(level);
  std::call_once(measured[i], [&] { rates[i] = bandwidth(level, 1, kQuick); });
  return rates[i];
}

bool cores_share_a_mesh() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_is("intel");
#else
  return false;
#endif
}

std::string_view level_name(MemoryLevel level) noexcept {
  constexpr std::string_view kNames[] = {"L1", "L2", "L3", "memory"};
  return kNames[static_cast<size_t>(level)];
}

size_t level_bytes(MemoryLevel level) noexcept {
  switch (level) {
    case MemoryLevel::kL1: return cache_bytes(1, 32 << 10);
    case MemoryLevel::kL2: return cache_bytes(2, 512 << 10);
    case MemoryLevel::kL3: return cache_bytes(3, 16 << 20);
    case MemoryLevel::kMemory: break;
  }
  const size_t third = level_bytes(MemoryLevel::kL3);
  return std::clamp<size_t>(4 * third, 64 << 20, std::max<size_t>(256 << 20, third + third / 4));
}

}  // namespace elman
#endif
