#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace elman::cli {

using Json = nlohmann::ordered_json;

// Thrown when whoever reads our results has gone: no error, only the end.
struct BrokenPipe {};

// Writes a result to standard output at once. Throws BrokenPipe, or kWrite if the text cannot be written.
void print(std::string_view text);
// One JSON object on a line of its own.
void print_json(const Json& object);

// Writes a line for the user to standard error.
void say(std::string_view line);
// "elman: message", in colour on a terminal that wants it.
void say_error(std::string_view message);

// Where text goes.
enum class Channel { kOutput, kError };

// Whether standard error is a terminal that can redraw a line.
bool has_live_line();
// Whether it is a terminal, and its user wants colour ($NO_COLOR is not set).
bool has_colour(Channel channel);
// How many columns it has; where it is no terminal, what $COLUMNS says, or 80.
size_t terminal_columns(Channel channel = Channel::kError);
// Whether the user's locale ($LC_ALL, $LC_CTYPE or $LANG, the first that is set) writes UTF-8.
bool has_utf8();
// Replaces the live line by `text`, which must fit into one line.
void redraw(std::string_view text);

// "1:05" or "2:03:04".
std::string clock_text(double seconds);
// "0.4 s", "12 s", "1:05 min", "2:03:04 h".
std::string duration_text(double seconds);
// "1 window", "5 windows".
std::string counted(size_t count, std::string_view noun);
// A number to four significant digits, for tables and logs; "-" for NaN.
std::string brief(double value);

}  // namespace elman::cli
