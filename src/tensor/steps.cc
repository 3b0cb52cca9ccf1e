#include "tensor/steps.h"

#include "base/error.h"

namespace elman {

Steps Steps::packed(std::span<const size_t> lengths) {
  ELMAN_DCHECK(!lengths.empty() && lengths.back() >= 1);
  Steps result(lengths.front(), lengths.size());
  if (lengths.front() == lengths.back()) return result;
  result.lengths_.assign(lengths.begin(), lengths.end());
  result.offsets_.reserve(lengths.front() + 1);
  size_t running = lengths.size(), row = 0;
  for (size_t t = 0; t < lengths.front(); ++t) {
    while (lengths[running - 1] <= t) --running;
    result.offsets_.push_back(row);
    row += running;
  }
  result.offsets_.push_back(row);
  return result;
}

}  // namespace elman
