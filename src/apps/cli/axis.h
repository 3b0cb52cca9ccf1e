#pragma once

#include <string>
#include <vector>

#include "data/time.h"

namespace elman::cli {

// A mark on an axis, in the units of the data.
struct Tick {
  double value;
  std::string label;
};

// About `count` round numbers inside [low, high]. REQUIRES low < high.
std::vector<Tick> number_ticks(double low, double high, size_t count);
// At most `most` round times inside [first, last]: starts of years, months, days, hours…, or round integers.
std::vector<Tick> time_ticks(Time first, Time last, bool integer_axis, size_t most);

}  // namespace elman::cli
