#include "apps/cli/svg_plot.h"

#include <cmath>

#include "apps/cli/axis.h"
#include "apps/cli/markup.h"
#include "base/error.h"

namespace elman::cli {
namespace {

constexpr double kWidth = 960, kHeight = 440;
constexpr double kLeft = 76, kRight = 24, kTop = 64, kBottom = 44;
constexpr double kHalfLabel = 44;  // the widest label of the time axis

constexpr const char* kInk = "#1f2937";    // text
constexpr const char* kQuiet = "#6b7280";  // labels of axes
constexpr const char* kGrid = "#e5e7eb";
constexpr const char* kHistory = "#374151";
constexpr const char* kForecast = "#0f62c9";

class Canvas {
 public:
  explicit Canvas(const PlotContent& content) : content_(content) {}

  std::string draw() {
    open();
    axes();
    for (const Band& band : content_.bands) draw_band(band);
    draw_line(content_.history, kHistory, 1.6);
    draw_line(content_.median, kForecast, 2.2);
    legend();
    add("</svg>\n");
    return std::move(svg_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<Args>(args)...);
  }

  double x(double value) const {
    return kLeft + (value - content_.x_low) / (content_.x_high - content_.x_low) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kHeight - kBottom -
           (value - content_.y_low) / (content_.y_high - content_.y_low) * (kHeight - kTop - kBottom);
  }

  void open() {
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
        "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">\n",
        kWidth, kHeight);
    add("<title>Forecast of {}</title>\n", escape_markup(content_.title));
    add("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  }

  void text(double at_x, double at_y, std::string_view anchor, std::string_view colour, std::string_view content,
            std::string_view more = "") {
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\"{}>{}</text>\n", at_x, at_y, anchor, colour,
        more, escape_markup(content));
  }

  void rule(double x1, double y1, double x2, double y2, std::string_view colour, std::string_view more = "") {
    add("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"{}/>\n", x1, y1, x2, y2, colour,
        more);
  }

  void axes() {
    const double floor = kHeight - kBottom;
    for (const Tick& tick : number_ticks(content_.y_low, content_.y_high, 8)) {
      rule(kLeft, y(tick.value), kWidth - kRight, y(tick.value), kGrid);
      text(kLeft - 10, y(tick.value) + 4.5, "end", kQuiet, tick.label);
    }
    const auto first = static_cast<Time>(content_.x_low), last = static_cast<Time>(content_.x_high);
    for (const Tick& tick : time_ticks(first, last, content_.integer_axis, 9)) {
      rule(x(tick.value), floor, x(tick.value), floor + 5, kQuiet);
      const bool at_edge = x(tick.value) > kWidth - kHalfLabel;
      text(at_edge ? kWidth - 4 : x(tick.value), floor + 21, at_edge ? "end" : "middle", kQuiet, tick.label);
    }
    rule(kLeft, floor, kWidth - kRight, floor, kQuiet);
    if (!std::isnan(content_.origin))
      rule(x(content_.origin), kTop, x(content_.origin), floor, kQuiet, " stroke-dasharray=\"3 4\"");
  }

  // A path that breaks where values are missing.
  std::string path(const Line& line) const {
    std::string path;
    bool pen_down = false;
    for (const Point& p : line) {
      if (!std::isnan(p.y)) path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x(p.x), y(p.y));
      pen_down = !std::isnan(p.y);
    }
    return path;
  }

  void draw_line(const Line& line, std::string_view colour, double width) {
    add("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" "
        "stroke-linecap=\"round\"/>\n",
        path(line), colour, width);
  }

  void draw_band(const Band& band) {
    Line outline = band.low;
    outline.insert(outline.end(), band.high.rbegin(), band.high.rend());
    add("<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"0.18\"/>\n", path(outline), kForecast);
  }

  void legend() {
    text(kLeft, 26, "start", kInk, content_.title, " font-size=\"17\" font-weight=\"600\"");
    double at = kLeft;
    const auto entry = [&](const std::string& label, std::string_view colour, double height, double opacity) {
      add("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"22\" height=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n", at,
          44 - height / 2, height, colour, opacity);
      text(at + 29, 48.5, "start", kQuiet, label);
      at += 52 + 7.2 * static_cast<double>(label.size());
    };
    entry("history", kHistory, 2, 1);
    entry("median forecast", kForecast, 2.4, 1);
    double opacity = 0;  // narrower bands lie on the wider ones
    for (const Band& band : content_.bands) {
      opacity = 1 - (1 - opacity) * (1 - 0.18);
      entry(fmt::format("{:.3g} % interval", 100 * band.share), kForecast, 12, opacity);
    }
  }

  const PlotContent& content_;
  std::string svg_;
};

}  // namespace

std::string svg_plot(const PlotContent& content) { return Canvas(content).draw(); }

}  // namespace elman::cli
