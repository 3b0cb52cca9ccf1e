#include "apps/cli/terminal_plot.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace elman::cli {
namespace {

constexpr double kMissing = NAN;

// Steps 0, 1, … of an integer axis.
PlotContent content_of(const std::vector<double>& past, const Forecast& forecast, const std::vector<double>& levels) {
  SeriesSet data;
  data.series.emplace_back();
  data.series[0].values = past;
  return plot_content(data, 0, forecast, levels);
}

PlotContent small_content() {
  Forecast forecast;
  forecast.id = "y";
  forecast.y_hat = {4, 4, 4};
  forecast.quantiles = {{2, 1, 0}, {4, 4, 4}, {6, 7, 8}};
  return content_of({0, 8, 0, 8, 4}, forecast, {0.1, 0.5, 0.9});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char c : text) {
    if (c == '\n') lines.emplace_back();
    else lines.back() += c;
  }
  lines.pop_back();
  return lines;
}

// Characters, each a column wide, in UTF-8 without escape sequences.
size_t width_of(const std::string& line) {
  size_t width = 0;
  for (const char c : line) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return width;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

TEST(TerminalPlot, DrawsInPlainAscii) {
  const std::string plot = terminal_plot(small_content(), {.columns = 34, .rows = 9, .unicode = false});
  EXPECT_EQ(plot, R"(   y
  |    *       *    |
  |    **      **   |         ...
  |   * *     *  *  |    ........
5 +   *  *    *   **| ...........
  |  *   *   *      ooooooooooooo
  |  *    *  *      | ...........
  | *     * *       |    ........
  | *      **       |         ...
0 +*       *        |
  +------------------------------
   0                    5
   * history | o median   . 80 % interval
)");
}

TEST(TerminalPlot, FitsTheTerminal) {
  for (const bool unicode : {false, true})
    for (const size_t columns : {33, 60, 80, 200})
      for (const size_t rows : {2, 5, 16}) {
        const auto lines =
            lines_of(terminal_plot(small_content(), {.columns = columns, .rows = rows, .unicode = unicode}));
        ASSERT_EQ(lines.size(), rows + 4);
        for (size_t i = 0; i + 1 < lines.size(); ++i) EXPECT_LE(width_of(lines[i]), columns);
        EXPECT_GE(width_of(lines[rows + 1]), columns - 2);  // and the axis fills it
      }
}

// A line over the whole height and width: every dot of the diagonal, in the first and the last cell too.
TEST(TerminalPlot, DrawsLinesOfBrailleDots) {
  PlotContent content{};
  content.history = {{0, 0}, {1, 1}};
  content.origin = NAN;
  content.x_high = content.y_high = 1;
  const auto lines = lines_of(terminal_plot(content, {.columns = 32, .rows = 4}));
  const std::string first = lines[1], last = lines[4];
  EXPECT_EQ(first.substr(first.size() - 3), "⠉") << first;  // hard right: the top dots
  EXPECT_NE(last.find("┤⣀"), std::string::npos) << last;    // hard left: the bottom dots
}

TEST(TerminalPlot, LeavesGapsWhereValuesAreMissing) {
  Forecast forecast;
  forecast.y_hat = {1};
  forecast.quantiles = {{1}};
  const TerminalStyle style{.columns = 60, .rows = 8, .unicode = false};
  const std::string whole = terminal_plot(content_of({1, 1, 1, 1, 1, 1}, forecast, {0.5}), style);
  const std::string gappy = terminal_plot(content_of({1, 1, kMissing, 1, kMissing, 1}, forecast, {0.5}), style);
  EXPECT_LT(count(gappy, "*"), count(whole, "*"));
  EXPECT_GT(count(gappy, "*"), 6u);
  // Nothing observed at all, and nothing but zeros, are pictures too.
  terminal_plot(content_of({kMissing, kMissing}, forecast, {0.5}), style);
  terminal_plot(content_of({0}, forecast, {0.5}), style);
}

TEST(TerminalPlot, ColoursTheForecastWhenAsked) {
  EXPECT_EQ(terminal_plot(small_content(), {}).find('\x1b'), std::string::npos);
  const std::string plot = terminal_plot(small_content(), {.colour = true});
  EXPECT_GT(count(plot, "\x1b[36m"), 3u);
  EXPECT_EQ(count(plot, "\x1b[36m"), count(plot, "\x1b[0m"));
}

TEST(TerminalPlot, NamesCannotSteerTheTerminal) {
  PlotContent content = small_content();
  content.title = "a\x1b[2Jb\nCO₂";
  EXPECT_NE(terminal_plot(content, {}).find("a[2JbCO₂\n"), std::string::npos);
  EXPECT_NE(terminal_plot(content, {.unicode = false}).find("a[2JbCO???\n"), std::string::npos);
}

}  // namespace
}  // namespace elman::cli
