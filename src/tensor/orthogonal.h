#pragma once

#include "base/random.h"
#include "tensor/view.h"

namespace elman {

// Fills `block` so that its rows, or its columns when they are fewer, are orthonormal; of all such matrices each is as
// likely as any other (Haar). The first of these rows or columns is the first vector drawn, scaled to length 1.
template <class T>
void fill_orthogonal(View<T> block, Random& random);

}  // namespace elman
