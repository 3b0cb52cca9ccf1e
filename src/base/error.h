#pragma once

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "elman/error.h"

// Checks a kernel's precondition in debug builds; release kernels trust their caller.
#define ELMAN_DCHECK(condition) assert(condition)

namespace elman {

// Throws Error with a formatted message: fail(ErrorCode::kData, "{}:{}: …", file, line).
template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace elman
