#include "kernels/gemm.h"

#include <algorithm>

#include "kernels/targets.h"
#include "kernels/roofline.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pack.cc"
#include "hwy/foreach_target.h"
#include "kernels/gemm-inl.h"
#include "kernels/pack.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// What one panel takes from the source.
template <class T>
struct PanelOf {
  ConstView<T> source;
  const size_t* rows;  // which rows of the source come where; null: as they are
  size_t first, cols;  // columns of B
  T* panel;            // [depth][kPanel<T>]

  const T* row(size_t i) const { return source.row(rows ? rows[i] : i); }
};

// Rows and columns so many at a time that what a block touches stays in the first-level cache and in few pages.
inline constexpr size_t kPackBlock = 16;

// to[k * stride + j] = from[j][k] for k and j below 4.
HWY_INLINE void transpose_4x4(const float* const* from, size_t k, float* to, size_t stride) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t j = 0; j < 4; ++j)
    for (size_t i = 0; i < 4; ++i) to[i * stride + j] = from[j][k + i];
#else
  const hn::Full128<float> d;
  const auto a = hn::LoadU(d, from[0] + k), b = hn::LoadU(d, from[1] + k);
  const auto c = hn::LoadU(d, from[2] + k), e = hn::LoadU(d, from[3] + k);
  const auto ac_low = hn::InterleaveLower(d, a, c), ac_high = hn::InterleaveUpper(d, a, c);
  const auto be_low = hn::InterleaveLower(d, b, e), be_high = hn::InterleaveUpper(d, b, e);
  hn::StoreU(hn::InterleaveLower(d, ac_low, be_low), d, to);
  hn::StoreU(hn::InterleaveUpper(d, ac_low, be_low), d, to + stride);
  hn::StoreU(hn::InterleaveLower(d, ac_high, be_high), d, to + 2 * stride);
  hn::StoreU(hn::InterleaveUpper(d, ac_high, be_high), d, to + 3 * stride);
#endif
}
HWY_INLINE void transpose_4x4(const double* const* from, size_t k, double* to, size_t stride) {
  for (size_t j = 0; j < 4; ++j)
    for (size_t i = 0; i < 4; ++i) to[i * stride + j] = from[j][k + i];
}

// panel[k][j] = row first + j, column k of the source.
template <class T>
void transpose_panel(const PanelOf<T>& p) {
  constexpr size_t kWidth = kPanel<T>;
  const size_t depth = p.source.cols;
  if (p.cols < kWidth) std::fill_n(p.panel, depth * kWidth, T{});
  for (size_t block = 0; block < depth; block += kPackBlock) {
    const size_t end = std::min(depth, block + kPackBlock);
    for (size_t j = 0; j < p.cols; j += 4) {
      const T* from[4] = {};
      const size_t count = std::min<size_t>(4, p.cols - j);
      for (size_t i = 0; i < count; ++i) from[i] = p.row(p.first + j + i);
      size_t k = block;
      if (count == 4)
        for (; k + 4 <= end; k += 4) transpose_4x4(from, k, p.panel + k * kWidth + j, kWidth);
      for (; k < end; ++k)
        for (size_t i = 0; i < count; ++i) p.panel[k * kWidth + j + i] = from[i][k];
    }
  }
}

// panel[k][j] = row k, column first + j of the source, for k in [begin, end).
template <class T>
void copy_panel(const PanelOf<T>& p, size_t begin, size_t end) {
  using L = Lanes<T>;
  constexpr size_t kWidth = kPanel<T>;
  T* to = p.panel + begin * kWidth;
  for (size_t k = begin; k < end; ++k, to += kWidth) {
    const T* from = p.row(k) + p.first;
    if (p.cols >= kWidth) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kWidth; i += L::kCount) L::store(L::load(from + i), to + i);
    } else {
      std::fill(std::copy_n(from, p.cols, to), to + kWidth, T{});
    }
  }
}

template <class T>
void pack_panels(const Packing<T>& packing, size_t begin, size_t end) {
  const ConstView<T>& source = packing.source;
  const auto for_each_panel = [&](auto&& visit) HWY_ATTR {
    size_t index = 0, first = 0;
    for (const Placed& segment : packing.segments) {
      for (size_t col = 0; col < segment.cols; col += kPanel<T>, ++index)
        if (index >= begin && index < end)
          visit(PanelOf<T>{source, packing.rows, first + col, std::min(kPanel<T>, segment.cols - col),
                           packing.to + segment.offset + col * packing.depth});
      first += segment.cols;
    }
  };
  if (packing.transposed) return for_each_panel([](const PanelOf<T>& p) HWY_ATTR { transpose_panel(p); });
  for (size_t k = 0; k < packing.depth; k += kPackBlock)
    for_each_panel([&](const PanelOf<T>& p) HWY_ATTR { copy_panel(p, k, std::min(packing.depth, k + kPackBlock)); });
}

size_t panel_f32() { return kPanel<float>; }
size_t panel_f64() { return kPanel<double>; }
void pack_f32(const Packing<float>& packing, size_t begin, size_t end) { pack_panels(packing, begin, end); }
void pack_f64(const Packing<double>& packing, size_t begin, size_t end) { pack_panels(packing, begin, end); }

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(panel_f32);
HWY_EXPORT(panel_f64);
HWY_EXPORT(pack_f32);
HWY_EXPORT(pack_f64);

template <>
size_t panel_of_target<float>() {
  return HWY_DYNAMIC_DISPATCH(panel_f32)();
}
template <>
size_t panel_of_target<double>() {
  return HWY_DYNAMIC_DISPATCH(panel_f64)();
}

template <class T>
void PackedMatrix<T>::fill(ConstView<T> source, const PackOrder& order, bool transposed, ThreadPool* pool) {
  constexpr size_t kWorthThreads = 1 << 13;  // elements
  const Segment whole{transposed ? (order.rows.empty() ? source.rows : order.rows.size()) : source.cols, 0};
  cols_ = whole.cols;
  depth_ = transposed ? source.cols : order.rows.empty() ? source.rows : order.rows.size();
  panel_ = panel_of_target<T>();
  segments_.clear();
  size_t panels = 0;
  for (const Segment& s : order.segments.empty() ? std::span(&whole, 1) : order.segments) {
    segments_.push_back({{s.cols, s.target}, panels * panel_ * depth_});
    panels += (s.cols + panel_ - 1) / panel_;
  }
  data_.resize(panels * panel_ * depth_);
  narrow_ = {};
  far_ = are_far(bytes());

  const Packing<T> packing{source,      order.rows.empty() ? nullptr : order.rows.data(), segments_, depth_, transposed,
                           data_.data()};
  const auto pack = [&](size_t begin, size_t end) {
    if constexpr (sizeof(T) == sizeof(float)) HWY_DYNAMIC_DISPATCH(pack_f32)(packing, begin, end);
    else HWY_DYNAMIC_DISPATCH(pack_f64)(packing, begin, end);
  };
  if (pool) pool->split(panels, kWorthThreads / (panel_ * depth_ + 1) + 1, pack);
  else pack(0, panels);
}

bool are_far(size_t bytes) {
  static const size_t near = level_bytes(MemoryLevel::kL2) / 2;
  return bytes > near;
}

template <class T>
void PackedMatrix<T>::narrow() {
  narrow_ = narrowed(data_);
  data_ = {};
  far_ = are_far(bytes());
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace elman
#endif  // HWY_ONCE
