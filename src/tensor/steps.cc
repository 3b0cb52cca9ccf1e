#include "tensor/steps.h"

#include <algorithm>

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

size_t Steps::run_after(size_t first, size_t max_rows) const noexcept {
  size_t last = first + 1;
  while (last < steps_ && offset(last + 1) - offset(first) <= max_rows) ++last;
  return last;
}

size_t Steps::run_before(size_t last, size_t max_rows) const noexcept {
  size_t first = last - 1;
  while (first > 0 && offset(last) - offset(first - 1) <= max_rows) --first;
  return first;
}

Steps Steps::part(size_t first, size_t last) const {
  if (uniform()) return {last - first, batch_};
  std::vector<size_t> lengths(batch_at(first));
  for (size_t b = 0; b < lengths.size(); ++b) lengths[b] = std::min(lengths_[b], last) - first;
  return packed(lengths);
}

}  // namespace elman
