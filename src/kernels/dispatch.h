#pragma once

#include "hwy/highway.h"

// As HWY_DYNAMIC_DISPATCH, for an entry of the dispatch table: dispatch_entry() of kernels/targets.h. With one
// instruction set compiled in there is no table.
#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
#define ELMAN_DISPATCH_ENTRY(function, entry) ((void)(entry), HWY_STATIC_DISPATCH(function))
#else
#define ELMAN_DISPATCH_ENTRY(function, entry) (HWY_DISPATCH_TABLE(function)[entry])
#endif
