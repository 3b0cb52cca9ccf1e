#include "base/error.h"
#include "base/suggest.h"
#include "loss/loss.h"

namespace elman {

extern const LossEntry kSquaredError, kAbsoluteError, kHuber, kQuantile, kGaussian, kStudentT, kNegativeBinomial,
    kBinaryCrossEntropy, kCrossEntropy;

namespace {

constexpr const LossEntry* kLosses[] = {&kSquaredError,     &kAbsoluteError,      &kHuber,
                                        &kQuantile,         &kGaussian,           &kStudentT,
                                        &kNegativeBinomial, &kBinaryCrossEntropy, &kCrossEntropy};

}  // namespace

std::span<const LossEntry* const> losses() { return kLosses; }

template <class T>
std::unique_ptr<Loss<T>> make_loss(const LossConfig& config) {
  std::vector<std::string_view> names;
  for (const LossEntry* entry : kLosses) {
    if (entry->name == config.name) return entry->make<T>(config);
    names.push_back(entry->name);
  }
  fail(ErrorCode::kUsage, "no loss '{}'{}; losses: {}", config.name, suggest(config.name, names),
       fmt::join(names, ", "));
}

template std::unique_ptr<Loss<float>> make_loss(const LossConfig& config);
template std::unique_ptr<Loss<double>> make_loss(const LossConfig& config);

}  // namespace elman
