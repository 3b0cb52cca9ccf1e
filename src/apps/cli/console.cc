#include "apps/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

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

bool has_colour() { return has_live_line() && !is_set("NO_COLOR"); }

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
  say(fmt::format("{}elman:{} {}", has_colour() ? "\x1b[1;31m" : "", has_colour() ? "\x1b[0m" : "", message));
}

bool has_live_line() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) && kind && std::strcmp(kind, "dumb") != 0;
}

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
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
