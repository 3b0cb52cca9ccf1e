#include "apps/cli/toml.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "data/file.h"
#include "data/number.h"
#include "data/utf8.h"

namespace elman::cli {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {
    if (text_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
  }

  std::vector<TomlEntry> parse() {
    for (skip_blank(true); !at_end(); skip_blank(true)) {
      if (peek() == '[') parse_section();
      else parse_entry();
      end_line();
    }
    return std::move(entries_);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::kConfig, "{}:{}: {}", path_, line_, fmt::format(format, std::forward<Args>(args)...));
  }

  bool at_end() const { return position_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\n'; }

  // Blanks and a comment; with `lines` also line ends.
  void skip_blank(bool lines) {
    for (; !at_end(); ++position_) {
      if (peek() == '#') position_ = std::min(text_.find('\n', position_), text_.size());
      const char c = peek();
      if (at_end() || (c != ' ' && c != '\t' && c != '\r' && !(c == '\n' && lines))) return;
      line_ += c == '\n';
    }
  }

  // What stands here up to the next blank or separator, for a message.
  std::string found() const {
    if (at_end()) return "the end of the file";
    if (peek() == '\n' || peek() == '\r') return "the end of the line";
    return in_quotes(
        text_.substr(position_, std::min(text_.find_first_of(" \t\r\n,]", position_ + 1), text_.size()) - position_));
  }

  void end_line() {
    skip_blank(false);
    if (!at_end() && peek() != '\n') fail_here("expected the end of the line, found {}", found());
  }

  void expect(char c, std::string_view where) {
    skip_blank(false);
    if (at_end() || peek() != c) fail_here("expected '{}' {}, found {}", c, where, found());
    ++position_;
    skip_blank(false);
  }

  // A key, or the name of a section: parts joined by points.
  std::string parse_key() {
    std::string key;
    while (true) {
      skip_blank(false);
      const std::string part = peek() == '"' || peek() == '\'' ? parse_string() : parse_bare();
      if (part.empty()) fail_here("expected a name, found {}", found());
      key += part;
      skip_blank(false);
      if (peek() != '.') break;
      key += '.';
      ++position_;
    }
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
  }

  std::string parse_bare() {
    const size_t begin = position_;
    while (!at_end() && is_bare(peek())) ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }

  void parse_section() {
    ++position_;
    if (peek() == '[') fail_here("'[[' starts an array of sections, which no setting needs; write [section]");
    section_ = parse_key();
    expect(']', "after the name of a section");
    remember(fmt::format("[{}]", section_));
  }

  void parse_entry() {
    TomlEntry entry{section_, parse_key(), "", line_};
    // A dotted key names a section of its own: train.forecast.epochs = 5.
    if (const size_t dot = entry.key.rfind('.'); dot != std::string::npos) {
      const std::string inner = entry.key.substr(0, dot);
      entry.section = entry.section.empty() ? inner : fmt::format("{}.{}", entry.section, inner);
      entry.key.erase(0, dot + 1);
    }
    expect('=', fmt::format("after '{}'", entry.key));
    remember(entry.section.empty() ? entry.key : fmt::format("{}.{}", entry.section, entry.key));
    entry.value = parse_value();
    entries_.push_back(std::move(entry));
  }

  void remember(const std::string& name) {
    if (const auto [known, is_new] = lines_.emplace(name, line_); !is_new)
      fail_here("'{}' was already given on line {}; keep one of them", name, known->second);
  }

  std::string parse_value() {
    if (peek() == '"' || peek() == '\'') return parse_string();
    if (peek() == '[') return parse_array();
    if (peek() == '{') fail_here("a table in braces is no value of any setting");
    const size_t begin = position_;
    while (!at_end() && (is_bare(peek()) || peek() == '+' || peek() == '.')) ++position_;
    std::string value(text_.substr(begin, position_ - begin));
    if (value.empty()) fail_here("expected a value, found {}", found());
    double number;
    std::string digits = without_underscores(value);
    if (value == "true" || value == "false") return value;
    if (!parse_number(digits, number) || value == "inf" || value == "nan") return digits;
    fail_here("{} is no number, true or false; text stands in quotes: \"{}\"", in_quotes(value), value);
  }

  static std::string without_underscores(std::string text) {
    std::erase(text, '_');
    return text;
  }

  std::string parse_array() {
    std::string joined;
    const size_t first_line = line_;
    ++position_;
    for (skip_blank(true); at_end() || peek() != ']'; skip_blank(true)) {
      if (!joined.empty()) joined += ',';
      if (!at_end()) joined += parse_value();
      skip_blank(true);
      if (at_end()) {
        line_ = first_line;
        fail_here("the array that starts here is not closed; it ends with ']'");
      }
      if (peek() == ',') ++position_;
      else if (peek() != ']') fail_here("expected ',' or ']' in an array, found {}", found());
    }
    ++position_;
    return joined;
  }

  std::string parse_string() {
    const char quote = text_[position_++];
    if (peek() == quote && peek(1) == quote) fail_here("text over several lines is no value of any setting");
    std::string value;
    for (; peek() != quote; ++position_) {
      if (at_end() || peek() == '\n') fail_here("text is not closed; it ends with {} on the same line", quote);
      if (peek() == '\\' && quote == '"') parse_escape(value);
      else value += peek();
    }
    ++position_;
    return value;
  }

  void parse_escape(std::string& value) {
    constexpr std::string_view kNames = "btnfr\"\\", kMeanings = "\b\t\n\f\r\"\\";
    const char c = peek(1);
    if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      value += kMeanings[known];
      ++position_;
      return;
    }
    const size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t code = 0xD800;  // no character
    const std::string_view hex = text_.substr(std::min(position_ + 2, text_.size()), digits);
    const auto [stop, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    const bool read = digits > 0 && hex.size() == digits && stop == hex.data() + digits && error == std::errc();
    if (!read || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail_here("'\\{}' starts no escape; write a backslash as \\\\ or put the text in single quotes", c);
    value += encode_utf8(code);
    position_ += 1 + digits;
  }

  std::string_view text_;
  const std::string& path_;
  size_t position_ = 0, line_ = 1;
  std::string section_;
  std::vector<TomlEntry> entries_;
  std::map<std::string, size_t> lines_;  // where each name was given
};

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& path) { return Parser(text, path).parse(); }

std::vector<TomlEntry> read_toml(const std::string& path) {
  std::string text;
  try {
    text = read_text_file(path, {.file_bytes = size_t{1} << 20});
  } catch (const Error& e) {
    fail(ErrorCode::kConfig, "configuration file: {}", e.what());
  }
  return parse_toml(text, path);
}

}  // namespace elman::cli
