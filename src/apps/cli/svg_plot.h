#pragma once

#include <string>

#include "apps/cli/plot_content.h"

namespace elman::cli {

// The picture as one self-contained SVG file.
std::string svg_plot(const PlotContent& content);

}  // namespace elman::cli
