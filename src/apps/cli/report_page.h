#pragma once

#include <string>

#include "apps/cli/report_content.h"

namespace elman::cli {

// The report as one HTML file that asks nothing of any network: charts by uPlot, which it holds, and without scripts
// the words, the figures and one picture. A function of the content alone; text from the data can do no harm in it.
std::string report_page(const ReportContent& content);

// Writes it, whole or not at all. Throws kWrite.
void write_report(const std::string& path, const ReportContent& content);

}  // namespace elman::cli
