#include "apps/cli/flags.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"

namespace elman::cli {
namespace {

std::string long_name(const std::string& names) { return names.substr(names.find("--") + 2); }

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

}  // namespace

Setting::Setting(const std::string& name, Parse parse, Show show)
    : flag_("--" + name), key_(replaced(name, '-', '_')), parse_(std::move(parse)), show_(std::move(show)) {}

Setting& Setting::flag_only() {
  flag_only_ = true;
  return *this;
}

Setting& Setting::zero_means(std::string what) {
  zero_ = std::move(what);
  describe();
  return *this;
}

Setting& Setting::check(std::function<void(std::string_view)> check) {
  check_ = std::move(check);
  return *this;
}

std::string Setting::variable() const {
  std::string name(kVariablePrefix);
  for (const char c : key_) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string Setting::note() const { return source_ == "default" && !zero_.empty() ? zero_ : source_; }

void Setting::describe() {
  std::string shown = zero_;
  if (shown.empty()) {
    shown = show_();
    std::erase_if(shown, [](char c) { return c == '"' || c == '[' || c == ']' || c == ' '; });
  }
  option_->description(shown.empty() ? help_ : fmt::format("{} [{}]", help_, shown));
}

void Setting::set(std::string_view value, const std::string& place, bool from_file) {
  try {
    if (check_) check_(value);
    parse_(value);
  } catch (const Error& e) {
    const bool is_limit = e.code() == ErrorCode::kLimit;
    fail(from_file && !is_limit ? ErrorCode::kConfig : e.code(), "{}: {}{}", place, from_file ? key_ + ": " : "",
         e.what());
  }
  source_ = place;
}

void Setting::set_from_file(std::string_view value, const std::string& place) { set(value, place, true); }

void Setting::set_from_environment() {
  const char* value = flag_only_ ? nullptr : std::getenv(variable().c_str());
  if (value) set(value, variable(), false);
}

void Setting::set_from_flag() {
  if (given_.empty()) return;
  for (const std::string& value : given_)
    if (value != given_[0])
      fail(ErrorCode::kUsage, "{} is given twice, as '{}' and '{}'; keep one of them", flag_, given_[0], value);
  set(given_[0], flag_, false);
}

Setting& Flags::add_setting(const std::string& names, Setting setting, std::string placeholder, std::string help) {
  Setting& added = settings_.emplace_back(std::move(setting));
  const auto keep = [&added](const std::vector<std::string>& values) {
    added.given_ = values;
    return true;
  };
  added.help_ = std::move(help);
  added.option_ = app_.add_option(names, keep)
                      ->type_name(std::move(placeholder))
                      ->group(group_)
                      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  added.describe();
  return added;
}

Setting& Flags::add(const std::string& names, size_t& value, const Range& range, std::string help) {
  const auto parse = [&value, range](std::string_view text) { parse_value(text, range, value); };
  return add_setting(names, {long_name(names), parse, [&value] { return show_value(value); }}, "N", std::move(help));
}

Setting& Flags::add(const std::string& names, double& value, const Range& range, std::string help) {
  const auto parse = [&value, range](std::string_view text) { parse_value(text, range, value); };
  return add_setting(names, {long_name(names), parse, [&value] { return show_value(value); }}, "X", std::move(help));
}

Setting& Flags::add(const std::string& names, std::vector<double>& value, const Range& range, std::string help) {
  const auto parse = [&value, range](std::string_view text) { parse_value(text, range, value); };
  return add_setting(names, {long_name(names), parse, [&value] { return show_value(value); }}, "LIST", std::move(help));
}

Setting& Flags::add(const std::string& names, std::string& value, std::string placeholder, std::string help) {
  const auto parse = [&value](std::string_view text) { value = text; };
  return add_setting(names, {long_name(names), parse, [&value] { return show_value(value); }}, std::move(placeholder),
                     std::move(help));
}

Setting& Flags::add(const std::string& names, std::vector<std::string>& value, std::string placeholder,
                    std::string help) {
  const auto parse = [&value](std::string_view text) { parse_value(text, value); };
  return add_setting(names, {long_name(names), parse, [&value] { return show_value(value); }}, std::move(placeholder),
                     std::move(help));
}

Setting& Flags::add(const std::string& names, bool& value, std::string help) {
  const std::string name = long_name(names);
  const auto parse = [&value](std::string_view text) { parse_value(text, value); };
  Setting& added = settings_.emplace_back(name, parse, [&value] { return show_value(value); });
  const bool when_given = !value;
  const auto keep = [&added, when_given](int64_t) { added.given_ = {show_value(when_given)}; };
  if (value) added.flag_ = "--no-" + name;
  added.option_ = app_.add_flag_function(value ? added.flag_ : names, keep, help)->group(group_);
  added.help_ = std::move(help);
  return added;
}

void Flags::add_file(const std::string& name, std::string& value, std::string help) {
  app_.add_option(name, value, std::move(help))->type_name("")->group("Files");
}

Setting* Flags::find(std::string_view key) noexcept {
  for (Setting& setting : settings_)
    if (setting.key() == key) return &setting;
  return nullptr;
}

std::vector<std::string> Flags::names() const {
  std::vector<std::string> names{"--help"};
  for (const Setting& setting : settings_) names.push_back(setting.flag_);
  return names;
}

void Flags::check_values() const {
  const std::vector<std::string> flags = names();
  for (const Setting& setting : settings_)
    for (const std::string& value : setting.given_)
      if (std::find(flags.begin(), flags.end(), value) != flags.end())
        fail(ErrorCode::kUsage, "{} needs a value, but '{}' follows it", setting.flag_, value);
}

std::vector<std::string> Flags::given() const {
  std::vector<std::string> names;
  for (const Setting& setting : settings_)
    if (setting.on_command_line()) names.push_back(setting.flag_);
  return names;
}

}  // namespace elman::cli
