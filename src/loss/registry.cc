#include "base/registry.h"
#include "loss/loss.h"

namespace elman {

// Every loss. The order is that of lists and tests.
constexpr const LossEntry* kLosses[] = {
    ELMAN_ENTRY(LossEntry, kSquaredError),
    ELMAN_ENTRY(LossEntry, kAbsoluteError),
    ELMAN_ENTRY(LossEntry, kHuber),
    ELMAN_ENTRY(LossEntry, kQuantile),
    ELMAN_ENTRY(LossEntry, kGaussian),
    ELMAN_ENTRY(LossEntry, kStudentT),
    ELMAN_ENTRY(LossEntry, kNegativeBinomial),
    ELMAN_ENTRY(LossEntry, kBinaryCrossEntropy),
    ELMAN_ENTRY(LossEntry, kCrossEntropy),
};

std::span<const LossEntry* const> losses() { return kLosses; }

template <class T>
std::unique_ptr<Loss<T>> make_loss(const LossConfig& config) {
  return find_named(kLosses, &LossEntry::name, config.name, "loss", "losses")->make<T>(config);
}

template std::unique_ptr<Loss<float>> make_loss(const LossConfig& config);
template std::unique_ptr<Loss<double>> make_loss(const LossConfig& config);

}  // namespace elman
