#pragma once

#include <string>

#include "apps/cli/plot_content.h"

namespace elman::cli {

struct TerminalStyle {
  size_t columns = 80;  // of the whole picture; at least kFewestColumns are taken
  size_t rows = 16;     // of the plot itself; title, time axis and legend take four more
  bool unicode = true;  // lines of braille dots, 2 x 4 to a character; otherwise plain ASCII
  bool colour = false;  // the forecast in colour
};
inline constexpr size_t kFewestColumns = 32;

// The picture as lines of text.
std::string terminal_plot(const PlotContent& content, const TerminalStyle& style);

}  // namespace elman::cli
