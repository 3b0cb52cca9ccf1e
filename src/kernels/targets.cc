#include "kernels/targets.h"

#include "base/suggest.h"
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

InstructionSet find_target(std::string_view name) {
  std::vector<std::string_view> names;
  for (const InstructionSet& target : supported_targets()) {
    if (name == target.name) return target;
    names.push_back(target.name);
  }
  fail_unknown("instruction set", "instruction sets of this machine", name, names);
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
