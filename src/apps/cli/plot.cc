#include "apps/cli/plot.h"

#include <algorithm>
#include <cmath>

#include "apps/cli/axis.h"
#include "base/error.h"

namespace elman::cli {
namespace {

constexpr double kWidth = 960, kHeight = 440;
constexpr double kLeft = 76, kRight = 24, kTop = 64, kBottom = 44;
constexpr double kHalfLabel = 44;    // the widest label of the time axis
constexpr size_t kFewestPast = 48;   // steps of history shown at least, when there are as many
constexpr size_t kPastHorizons = 4;  // and at least this many times the horizon

constexpr const char* kInk = "#1f2937";    // text
constexpr const char* kQuiet = "#6b7280";  // labels of axes
constexpr const char* kGrid = "#e5e7eb";
constexpr const char* kHistory = "#374151";
constexpr const char* kForecast = "#0f62c9";

struct Point {
  double x, y;  // in the units of the data
};
using Line = std::vector<Point>;

struct Band {
  double share;  // 0.8: between the levels 0.1 and 0.9
  Line low, high;
};

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

// What the picture shows, in the units of the data.
struct Content {
  std::string title;
  bool integer_axis;
  Line history, median;
  std::vector<Band> bands;  // widest first
  double origin;            // time of the last observation

  double x_low, x_high, y_low, y_high;
};

// The forecast as a line that leaves from the last observed value, where nothing is uncertain yet.
Line future_line(const SeriesSet& data, const Series& series, const std::vector<double>& values, const Line& history) {
  Line line;
  if (!history.empty()) line.push_back(history.back());
  for (size_t step = 0; step < values.size(); ++step) {
    const Time time = data.frequency.time_at(series.start, static_cast<int64_t>(series.values.size() + step));
    line.push_back({static_cast<double>(time), values[step]});
  }
  return line;
}

void fit(Content& content, const Line& line) {
  for (const Point& p : line) {
    content.x_low = std::min(content.x_low, p.x);
    content.x_high = std::max(content.x_high, p.x);
    if (std::isnan(p.y)) continue;
    content.y_low = std::min(content.y_low, p.y);
    content.y_high = std::max(content.y_high, p.y);
  }
}

void fit_axes(Content& content) {
  content.x_low = content.y_low = HUGE_VAL;
  content.x_high = content.y_high = -HUGE_VAL;
  fit(content, content.history);
  fit(content, content.median);
  for (const Band& band : content.bands) {
    fit(content, band.low);
    fit(content, band.high);
  }
  if (!(content.y_low <= content.y_high)) content.y_low = content.y_high = 0;
  const double range = content.y_high - content.y_low;
  const double margin = range > 0 ? 0.06 * range : std::max(1.0, std::fabs(content.y_low) * 0.06);
  content.y_low -= margin;
  content.y_high += margin;
  if (!(content.x_low < content.x_high)) content.x_high = content.x_low + 1;
}

Content content_of(const SeriesSet& data, const Series& series, const Forecast& forecast,
                   const std::vector<double>& levels) {
  Content content;
  content.title = forecast.id;
  content.integer_axis = data.time_format.is_integer();
  const size_t length = series.values.size(), horizon = forecast.y_hat.size();
  const size_t shown = std::min(length, std::max(kFewestPast, kPastHorizons * horizon));
  for (size_t i = length - shown; i < length; ++i)
    content.history.push_back(
        {static_cast<double>(data.frequency.time_at(series.start, static_cast<int64_t>(i))), series.values[i]});
  Line last = content.history;
  while (!last.empty() && std::isnan(last.back().y)) last.pop_back();
  content.origin = last.empty() ? NAN : last.back().x;
  content.median = future_line(data, series, forecast.y_hat, last);
  for (size_t low = 0, high = levels.size(); low + 1 < high; ++low) {
    --high;
    if (std::fabs(levels[low] + levels[high] - 1) > 1e-9) continue;
    content.bands.push_back({levels[high] - levels[low], future_line(data, series, forecast.quantiles[low], last),
                             future_line(data, series, forecast.quantiles[high], last)});
  }
  fit_axes(content);
  return content;
}

class Canvas {
 public:
  explicit Canvas(const Content& content) : content_(content) {}

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
    add("<title>Forecast of {}</title>\n", escape(content_.title));
    add("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  }

  void text(double at_x, double at_y, std::string_view anchor, std::string_view colour, std::string_view content,
            std::string_view more = "") {
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\"{}>{}</text>\n", at_x, at_y, anchor, colour,
        more, escape(content));
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

  const Content& content_;
  std::string svg_;
};

}  // namespace

std::string plot_forecast(const SeriesSet& data, size_t index, const Forecast& forecast,
                          const std::vector<double>& levels) {
  const Content content = content_of(data, data.series[index], forecast, levels);
  return Canvas(content).draw();
}

}  // namespace elman::cli
