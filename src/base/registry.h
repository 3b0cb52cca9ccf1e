#pragma once

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "base/suggest.h"

// An entry of a list whose constants other files define: it is declared where it is listed, so that a new one is one
// line. The list must not stand in an unnamed namespace: the constant would be sought there.
#define ELMAN_ENTRY(Type, name) \
  [] {                          \
    extern const Type name;     \
    return &name;               \
  }()

namespace elman {

// The entry called `name`, where name_of(entry) is what an entry is called. Throws kUsage if there is none; `kind` and
// `kinds` are the words for one and for many: "no cell 'gruu'; did you mean 'gru'? cells: rnn_tanh, gru".
template <class Entries, class NameOf>
const auto& find_named(const Entries& entries, NameOf name_of, std::string_view name, std::string_view kind,
                       std::string_view kinds) {
  const auto found = std::ranges::find(entries, name, name_of);
  if (found != std::ranges::end(entries)) return *found;
  std::vector<std::string_view> names;
  for (const auto& entry : entries) names.push_back(std::invoke(name_of, entry));
  fail_unknown(kind, kinds, name, names);
}

}  // namespace elman
