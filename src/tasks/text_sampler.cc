#include "tasks/text_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "loss/special.h"

namespace elman {
namespace {

constexpr uint64_t kSampleStream = 0x73616d706c65;  // "sample"

}  // namespace

TextSampler::TextSampler(double temperature, size_t top_k, uint64_t seed)
    : temperature_(temperature), top_k_(top_k), random_(seed, kSampleStream) {
  if (!(temperature >= 0 && std::isfinite(temperature)))
    fail(ErrorCode::kUsage, "temperature is {}, expected 0 (always the likeliest symbol) or more", temperature);
}

uint32_t TextSampler::draw(std::span<const float> logits) {
  const auto likelier = [&](uint32_t a, uint32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  };
  candidates_.resize(logits.size());
  std::iota(candidates_.begin(), candidates_.end(), 0u);
  const uint32_t likeliest = *std::min_element(candidates_.begin(), candidates_.end(), likelier);
  if (temperature_ == 0) return likeliest;
  if (top_k_ > 0 && top_k_ < candidates_.size()) {
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(top_k_), candidates_.end(),
                     likelier);
    candidates_.resize(top_k_);
    std::sort(candidates_.begin(), candidates_.end());  // nth_element's order is the library's own
  }
  weights_.clear();
  double sum = 0;
  for (const uint32_t symbol : candidates_) {
    weights_.push_back(special::exp((double{logits[symbol]} - logits[likeliest]) / temperature_));
    sum += weights_.back();
  }
  double rest = random_.uniform() * sum;
  for (size_t k = 0; k < candidates_.size(); ++k) {
    rest -= weights_[k];
    if (rest < 0) return candidates_[k];
  }
  return likeliest;  // rounding may leave a last crumb
}

}  // namespace elman
