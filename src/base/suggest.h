#pragma once

#include <span>
#include <string>
#include <string_view>

namespace elman {

// The candidate closest to `name`, or "" if none is close enough to be a slip of the finger. Distance counts
// insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), without regard to case.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

// For the end of an error message: "; did you mean 'Demand'?", or "" if no candidate is close. With more to say, such
// as all candidates: "; did you mean 'Demand'? columns: Time, Demand", or "; columns: Time, Demand".
std::string suggest(std::string_view name, std::span<const std::string_view> candidates, std::string_view more = {});

// Throws kUsage: "no cell 'gruu'; did you mean 'gru'? cells: rnn_tanh, gru"; `kind` is "cell", `kinds` is "cells".
[[noreturn]] void fail_unknown(std::string_view kind, std::string_view kinds, std::string_view name,
                               std::span<const std::string_view> candidates);

}  // namespace elman
