#include "apps/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace elman::cli {
namespace {

// Returns 0, or the error that stopped the writing.
int write_all(int file, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

int descriptor(Channel channel) { return channel == Channel::kOutput ? STDOUT_FILENO : STDERR_FILENO; }

bool is_capable_terminal(Channel channel) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor(channel)) && kind && std::strcmp(kind, "dumb") != 0;
}

}  // namespace

void print(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw BrokenPipe();
  if (error != 0)
    fail(ErrorCode::kWrite, "cannot write to standard output: {}; make room, or send it elsewhere",
         std::strerror(error));
}

void print_json(const Json& object) { print(object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"); }

// Nobody can be told that standard error is gone.
void say(std::string_view line) { write_all(STDERR_FILENO, std::string(line) + "\n"); }

void say_error(std::string_view message) {
  const bool colour = has_colour(Channel::kError);
  say(fmt::format("{}elman:{} {}", colour ? "\x1b[1;31m" : "", colour ? "\x1b[0m" : "", message));
}

bool has_live_line() { return is_capable_terminal(Channel::kError); }

bool has_colour(Channel channel) { return is_capable_terminal(channel) && !is_set("NO_COLOR"); }

size_t terminal_columns(Channel channel) {
  winsize size{};
  if (ioctl(descriptor(channel), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  constexpr size_t kUsual = 80, kMost = 1000;
  const char* told = std::getenv("COLUMNS");
  const size_t columns = told ? std::strtoul(told, nullptr, 10) : 0;
  return columns > 0 ? std::min(columns, kMost) : kUsual;
}

bool has_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(variable)) continue;
    const std::string locale = std::getenv(variable);
    return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

void redraw(std::string_view text) { write_all(STDERR_FILENO, fmt::format("\r\x1b[K{}", text)); }

std::string clock_text(double seconds) {
  const int64_t whole = std::llround(std::fmin(std::fmax(seconds, 0.0), 1e9));
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string duration_text(double seconds) {
  if (seconds < 59.5) return fmt::format("{:.{}f} s", seconds, seconds < 9.95 ? 1 : 0);
  return clock_text(seconds) + (seconds < 3600 ? " min" : " h");
}

std::string counted(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string brief(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); }

}  // namespace elman::cli
