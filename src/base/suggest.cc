#include "base/suggest.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace elman {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestName = 128;  // longer ones are not names, and the distance is quadratic
  if (name.size() > kLongestName) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const size_t distance = edit_distance(name, candidate);
    // A name of one letter is no slip for every other letter.
    if (distance < best_distance && distance < std::max(name.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggest(std::string_view name, std::span<const std::string_view> candidates, std::string_view more) {
  const std::string_view best = nearest(name, candidates);
  std::string text = best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
  if (!more.empty()) text += fmt::format("{} {}", best.empty() ? ";" : "", more);
  return text;
}

void fail_unknown(std::string_view kind, std::string_view kinds, std::string_view name,
                  std::span<const std::string_view> candidates) {
  fail(ErrorCode::kUsage, "no {} '{}'{}", kind, name,
       suggest(name, candidates, fmt::format("{}: {}", kinds, fmt::join(candidates, ", "))));
}

}  // namespace elman
