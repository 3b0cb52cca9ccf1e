#pragma once

#include <span>

#include "base/threads.h"

namespace elman {

// The Euclidean norm, accumulated in double.
template <class T>
double euclidean_norm(std::span<const T> values) noexcept;

// Scales the gradients down to `max_norm` if their norm is larger (Pascanu et al. 2013) and returns the norm they had.
// A norm that is not finite leaves them alone: the caller skips such a step.
template <class T>
double clip_by_norm(std::span<T> gradients, double max_norm) noexcept;

// Limits every element to [-max_value, max_value]; NaN stays NaN. REQUIRES: max_value >= 0.
template <class T>
void clip_by_value(std::span<T> gradients, double max_value) noexcept;

// True if no element is NaN or infinite.
bool all_finite(std::span<const float> values, ThreadPool& pool = no_threads()) noexcept;

}  // namespace elman
