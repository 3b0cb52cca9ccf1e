#include "kernels/targets.h"

#include "hwy/highway.h"

namespace elman {

std::vector<InstructionSet> supported_targets() {
  std::vector<InstructionSet> targets;
  const int64_t usable = (hwy::SupportedTargets() | HWY_STATIC_TARGET) & HWY_TARGETS;
  // Highway numbers a better target by a lower bit.
  for (int64_t rest = usable; rest != 0; rest &= rest - 1)
    targets.push_back({rest & -rest, hwy::TargetName(rest & -rest)});
  return targets;
}

size_t dispatch_entry(const InstructionSet& target) {
  hwy::ChosenTarget chosen;
  chosen.Update(target.id);
  return chosen.GetIndex();
}

size_t dispatch_entry() { return hwy::GetChosenTarget().GetIndex(); }

ForcedTarget::ForcedTarget(const InstructionSet& target) {
  hwy::SetSupportedTargetsForTest(target.id);
  hwy::GetChosenTarget().Update(target.id);
}

ForcedTarget::~ForcedTarget() {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace elman
