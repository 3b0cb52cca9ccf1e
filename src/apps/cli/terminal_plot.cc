#include "apps/cli/terminal_plot.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/cli/axis.h"
#include "base/error.h"

namespace elman::cli {
namespace {

// What the picture is made of.
struct Glyphs {
  size_t dots_x, dots_y;         // of a character
  const char *history, *median;  // in the legend, and of plain dots
  const char *band, *bands;      // inside one interval, inside several
  const char *tick, *side, *origin, *corner, *floor;
};
constexpr Glyphs kUnicode{2, 4, "⣀", "⣀", "░", "▒", "┤", "│", "┊", "└", "─"};
constexpr Glyphs kAscii{1, 1, "*", "o", ".", ":", "+", "|", "|", "+", "-"};

constexpr std::string_view kForecastColour = "\x1b[36m", kPlain = "\x1b[0m";
constexpr size_t kRowsPerTick = 3, kColumnsPerTick = 14;

// Nothing that a terminal would obey; in plain text nothing beyond ASCII.
std::string printable(std::string_view text, bool unicode) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    out += unicode || byte < 0x80 ? c : '?';
  }
  return out;
}

// A line's end without blanks.
std::string ended(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

// A braille character of dots: bit `x + 2 y` of the mask is the dot in column x, row y.
std::string braille(unsigned mask) {
  constexpr unsigned kBits[] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
  unsigned code = 0x2800;
  for (unsigned dot = 0; dot < 8; ++dot)
    if (mask >> dot & 1) code |= kBits[dot];
  return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

struct Cell {
  unsigned history = 0, median = 0;  // dots
  size_t bands = 0;                  // that it lies in
  bool origin = false;
};

// Where a line is at `x`; nothing outside it or beside a missing value.
std::optional<double> value_at(const Line& line, double x) {
  for (size_t i = 1; i < line.size(); ++i) {
    const Point &a = line[i - 1], &b = line[i];
    if (x < a.x || x > b.x || std::isnan(a.y) || std::isnan(b.y)) continue;
    return b.x > a.x ? a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x) : a.y;
  }
  return {};
}

class Screen {
 public:
  Screen(const PlotContent& content, const TerminalStyle& style)
      : content_(content),
        style_(style),
        glyphs_(style.unicode ? kUnicode : kAscii),
        rows_(std::max<size_t>(style.rows, 2)),
        ticks_(number_ticks(content.y_low, content.y_high, std::max<size_t>(rows_ / kRowsPerTick, 2))) {
    for (const Tick& tick : ticks_) margin_ = std::max(margin_, tick.label.size());
    columns_ = std::max(std::max(style.columns, kFewestColumns) - std::min(kFewestColumns / 2, margin_ + 3), size_t{8});
    cells_.resize(rows_ * columns_);
  }

  std::string draw() {
    for (const Band& band : content_.bands) shade(band);
    mark_origin();
    trace(content_.history, &Cell::history);
    trace(content_.median, &Cell::median);
    std::string text = std::string(margin_ + 2, ' ') + printable(content_.title, style_.unicode) + '\n';
    for (size_t row = 0; row < rows_; ++row) text += line(row);
    return text + time_axis() + legend();
  }

 private:
  // In dots from the left and from the top, at the middles of the first and the last.
  double dot_x(double x) const {
    const auto last = static_cast<double>(columns_ * glyphs_.dots_x - 1);
    return (x - content_.x_low) / (content_.x_high - content_.x_low) * last;
  }
  double dot_y(double y) const {
    const auto last = static_cast<double>(rows_ * glyphs_.dots_y - 1);
    return (content_.y_high - y) / (content_.y_high - content_.y_low) * last;
  }
  size_t column_of(double x) const { return static_cast<size_t>(std::lround(dot_x(x))) / glyphs_.dots_x; }
  size_t row_of(double y) const { return static_cast<size_t>(std::lround(dot_y(y))) / glyphs_.dots_y; }

  void set_dot(double x, double y, unsigned Cell::*layer) {
    const auto dx = static_cast<size_t>(std::lround(x)), dy = static_cast<size_t>(std::lround(y));
    Cell& cell = cells_[dy / glyphs_.dots_y * columns_ + dx / glyphs_.dots_x];
    cell.*layer |= 1u << (dx % glyphs_.dots_x + 2 * (dy % glyphs_.dots_y));
  }

  // A line of dots without gaps, broken where values are missing; a value between missing ones is a dot.
  void trace(const Line& line, unsigned Cell::*layer) {
    const Point* previous = nullptr;
    for (const Point& p : line) {
      if (std::isnan(p.y)) {
        previous = nullptr;
        continue;
      }
      const double x = dot_x(p.x), y = dot_y(p.y);
      const double from_x = previous ? dot_x(previous->x) : x, from_y = previous ? dot_y(previous->y) : y;
      const double steps = std::max(1.0, std::ceil(std::max(std::abs(x - from_x), std::abs(y - from_y))));
      for (double i = 0; i <= steps; ++i)
        set_dot(from_x + (x - from_x) * i / steps, from_y + (y - from_y) * i / steps, layer);
      previous = &p;
    }
  }

  // The cells whose middle lies in a band.
  void shade(const Band& band) {
    for (size_t column = 0; column < columns_; ++column) {
      const double middle = (static_cast<double>(column) + 0.5) * static_cast<double>(glyphs_.dots_x) - 0.5;
      const double share = middle / static_cast<double>(std::max<size_t>(columns_ * glyphs_.dots_x - 1, 1));
      const double x = content_.x_low + share * (content_.x_high - content_.x_low);
      const auto low = value_at(band.low, x), high = value_at(band.high, x);
      if (!low || !high) continue;
      for (size_t row = 0; row < rows_; ++row) {
        const double y = (static_cast<double>(row) + 0.5) * static_cast<double>(glyphs_.dots_y) - 0.5;
        cells_[row * columns_ + column].bands += y >= dot_y(*high) && y <= dot_y(*low);
      }
    }
  }

  void mark_origin() {
    if (std::isnan(content_.origin)) return;
    for (size_t row = 0; row < rows_; ++row) cells_[row * columns_ + column_of(content_.origin)].origin = true;
  }

  std::string glyph(const Cell& cell) const {
    if (cell.history || cell.median) {
      if (style_.unicode) return braille(cell.history | cell.median);
      return cell.median ? glyphs_.median : glyphs_.history;
    }
    if (cell.bands > 0) return cell.bands > 1 ? glyphs_.bands : glyphs_.band;
    return cell.origin ? glyphs_.origin : " ";
  }

  std::string coloured(const std::string& text, bool forecast) const {
    return forecast && style_.colour ? fmt::format("{}{}{}", kForecastColour, text, kPlain) : text;
  }

  std::string line(size_t row) const {
    std::string label;
    for (const Tick& tick : ticks_)
      if (row_of(tick.value) == row) label = tick.label;
    std::string text = fmt::format("{:>{}} {}", label, margin_, label.empty() ? glyphs_.side : glyphs_.tick);
    const Cell* cells = &cells_[row * columns_];
    for (size_t begin = 0, end; begin < columns_; begin = end) {  // runs of one colour
      const auto is_forecast = [](const Cell& cell) { return cell.median || (!cell.history && cell.bands); };
      std::string run;
      for (end = begin; end < columns_ && is_forecast(cells[end]) == is_forecast(cells[begin]); ++end)
        run += glyph(cells[end]);
      text += coloured(run, is_forecast(cells[begin]));
    }
    return ended(std::move(text));
  }

  std::string time_axis() const {
    std::string floor = std::string(margin_ + 1, ' ') + glyphs_.corner, labels(margin_ + 2 + columns_, ' ');
    for (size_t column = 0; column < columns_; ++column) floor += glyphs_.floor;
    const auto first = static_cast<Time>(content_.x_low), last = static_cast<Time>(content_.x_high);
    size_t free = 0;  // the first column without a label
    for (const Tick& tick :
         time_ticks(first, last, content_.integer_axis, std::max(columns_ / kColumnsPerTick, size_t{2}))) {
      const size_t middle = margin_ + 2 + column_of(tick.value), half = tick.label.size() / 2;
      const size_t begin =
          std::min(middle - std::min(middle, half), labels.size() - std::min(labels.size(), tick.label.size()));
      if (begin < free) continue;
      labels.replace(begin, tick.label.size(), tick.label);
      free = begin + tick.label.size() + 1;
    }
    return ended(std::move(floor)) + ended(std::move(labels));
  }

  std::string legend() const {
    std::string text = fmt::format("{:{}}{} history {} {}", "", margin_ + 2, glyphs_.history, glyphs_.origin,
                                   coloured(fmt::format("{} median", glyphs_.median), true));
    for (size_t i = 0; i < content_.bands.size(); ++i)
      text += coloured(
          fmt::format("   {} {:.3g} % interval", i == 0 ? glyphs_.band : glyphs_.bands, 100 * content_.bands[i].share),
          true);
    return text + '\n';
  }

  const PlotContent& content_;
  const TerminalStyle& style_;
  const Glyphs& glyphs_;
  size_t rows_, columns_ = 0, margin_ = 0;
  std::vector<Tick> ticks_;
  std::vector<Cell> cells_;  // [rows * columns]
};

}  // namespace

std::string terminal_plot(const PlotContent& content, const TerminalStyle& style) {
  return Screen(content, style).draw();
}

}  // namespace elman::cli
