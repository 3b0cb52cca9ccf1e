#include "apps/cli/command_line.h"

#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstring>
#include <set>

#include "apps/cli/console.h"
#include "base/error.h"
#include "base/suggest.h"

namespace elman::cli {
namespace {

constexpr const char* kTopExamples = R"(Examples:
  elman train forecast data/co2.csv --horizon 24 -o co2.safetensors
  elman forecast co2.safetensors -o forecast.csv --plot forecast.svg
  elman backtest data/co2.csv --horizon 24 --windows 5
'elman VERB --help' says more.)";

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates, std::string_view more = {}) {
  return suggest(name, std::vector<std::string_view>(candidates.begin(), candidates.end()), more);
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : "elman";
}

// The last verb read so far.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen[0]);
}

// What stands where only verbs are expected.
[[noreturn]] void fail_verb(const CLI::App& app, const std::string& word) {
  const std::string name = full_name(app);
  const std::vector<std::string> names = subcommand_names(app);
  if (word.empty())
    fail(ErrorCode::kUsage, "{}: a verb is missing, one of {}; see '{} --help'", name, fmt::join(names, ", "), name);
  if (word.starts_with('-'))
    fail(ErrorCode::kUsage, "unknown flag '{}' after '{}'; flags follow the whole verb, see '{} --help'", word, name,
         name);
  fail(ErrorCode::kUsage, "unknown verb '{}' after '{}'{}", word, name,
       suggestion(word, names, fmt::format("the verbs are {}", fmt::join(names, ", "))));
}

// Whether the `section` of a file is one that a verb reads, or could.
bool belongs_to(const std::string& section, const std::string& verb) {
  return section.empty() || section == verb || verb.starts_with(section + ".");
}

}  // namespace

CommandLine::CommandLine()
    : app_("elman trains recurrent networks on series and texts, says how good they are, and runs them.", "elman") {
  app_.allow_extras()->require_subcommand(0, 1)->footer(kTopExamples);
  app_.set_version_flag("--version", "elman " ELMAN_VERSION, "Print the version");
  app_.set_help_flag("-h,--help", "Print this help");
  app_.get_formatter()->column_width(34);
}

CLI::App& CommandLine::family_of(const std::string& path) {
  const size_t space = path.find(' ');
  return space == std::string::npos ? app_ : *app_.get_subcommand(path.substr(0, space));
}

void CommandLine::add_family(const std::string& name, const std::string& help) {
  app_.add_subcommand(name, help)
      ->require_subcommand(0, 1)
      ->footer(fmt::format("'elman {} VERB --help' says more.", name));
}

Verb& CommandLine::add(const std::string& path, const std::string& help, const std::string& examples) {
  CLI::App* app = family_of(path).add_subcommand(path.substr(path.rfind(' ') + 1), help);
  app->footer("Examples:\n" + examples);
  Verb& verb = verbs_.emplace_back(*app, path);
  verb.section = path;
  std::replace(verb.section.begin(), verb.section.end(), ' ', '.');
  if (const size_t dot = verb.section.find('.'); dot != std::string::npos)
    verb.sections.push_back(verb.section.substr(0, dot));
  verb.sections.push_back(verb.section);
  return verb;
}

void CommandLine::add_config_flag(Verb& verb) {
  verb.flags.add("--config", config_path_, "FILE",
                 "Read settings from a TOML file; flags and ELMAN_… variables go first");
}

void CommandLine::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print(help());
  } catch (const CLI::CallForVersion& e) {
    return print(std::string(e.what()) + "\n");
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string what = e.what();
    fail(ErrorCode::kUsage, "{} needs a value; see '{} --help'", what.substr(0, what.find(':')),
         full_name(innermost(app_)));
  } catch (const CLI::ParseError& e) {
    fail(ErrorCode::kUsage, "{}; see 'elman --help'", e.what());
  }
  Verb& verb = find_verb();
  check_extras(verb);
  verb.flags.check_values();
  resolve(verb);
  if (const Setting* quiet = verb.flags.find("quiet"); !quiet || quiet->value() != show_value(true)) warn_of_slips();
  verb.run();
}

// CLI11's help with its doubled empty lines made single.
std::string CommandLine::help() const {
  std::string text = app_.help();
  for (size_t at; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

Verb& CommandLine::find_verb() {
  const CLI::App* app = &app_;
  while (true) {
    if (const auto rest = app->remaining(); !rest.empty() && !subcommand_names(*app).empty()) fail_verb(*app, rest[0]);
    const auto chosen = app->get_subcommands();
    if (chosen.empty()) break;
    app = chosen[0];
  }
  for (Verb& verb : verbs_)
    if (&verb.app == app) return verb;
  fail_verb(*app, "");
}

void CommandLine::check_extras(const Verb& verb) const {
  const auto rest = verb.app.remaining();
  if (rest.empty()) return;
  const std::string word = rest[0].substr(0, rest[0].find('='));
  if (word.starts_with('-') && word.size() > 1)
    fail(ErrorCode::kUsage, "unknown flag '{}'{}; see 'elman {} --help'", word, suggestion(word, verb.flags.names()),
         verb.path);
  fail(ErrorCode::kUsage, "'{}' is one argument too many; see 'elman {} --help'", rest[0], verb.path);
}

void CommandLine::warn_of_slips() const {
  std::set<std::string> known;
  for (const Verb& verb : verbs_)
    for (const Setting& setting : verb.flags.settings())
      if (!setting.is_flag_only()) known.insert(setting.variable().substr(kVariablePrefix.size()));
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view variable(*entry, std::strcspn(*entry, "="));
    if (!variable.starts_with(kVariablePrefix)) continue;
    const std::string_view name = variable.substr(kVariablePrefix.size()), meant = nearest(name, names);
    if (!meant.empty() && meant != name)
      say(fmt::format("no verb reads the variable {}; did you mean {}{}?", variable, kVariablePrefix, meant));
  }
}

void CommandLine::resolve(Verb& verb) {
  if (Setting* config = verb.flags.find("config")) {
    config->set_from_environment();
    config->set_from_flag();
    if (!config_path_.empty()) read_config(config_path_);
  }
  std::vector<std::string> sections{""};
  sections.insert(sections.end(), verb.sections.begin(), verb.sections.end());
  for (const std::string& section : sections)
    for (const TomlEntry& entry : config_)
      if (Setting* setting = verb.flags.find(entry.key); setting && entry.section == section)
        setting->set_from_file(entry.value, fmt::format("{}:{}", config_path_, entry.line));
  for (Setting& setting : verb.flags.settings()) {
    setting.set_from_environment();
    setting.set_from_flag();
  }
}

void CommandLine::read_config(const std::string& path) {
  config_ = read_toml(path);
  for (const TomlEntry& entry : config_) check_entry(entry);
}

// A key must be one that some verb reads in this section, so that a slip is never silently ignored.
void CommandLine::check_entry(const TomlEntry& entry) const {
  std::vector<std::string> sections, keys;
  for (const Verb& verb : verbs_) {
    sections.insert(sections.end(), verb.sections.begin(), verb.sections.end());
    if (!belongs_to(entry.section, verb.section)) continue;
    for (const Setting& setting : verb.flags.settings())
      if (!setting.is_flag_only() && setting.key() != "config") keys.push_back(setting.key());
  }
  const std::string place = fmt::format("{}:{}", config_path_, entry.line);
  if (!entry.section.empty() && std::find(sections.begin(), sections.end(), entry.section) == sections.end())
    fail(ErrorCode::kConfig, "{}: unknown section [{}]{}; see 'elman config show'", place, entry.section,
         suggestion(entry.section, sections));
  if (std::find(keys.begin(), keys.end(), entry.key) == keys.end())
    fail(ErrorCode::kConfig, "{}: unknown key '{}'{}{}; 'elman config show' lists all", place, entry.key,
         entry.section.empty() ? "" : fmt::format(" in [{}]", entry.section), suggestion(entry.key, keys));
}

}  // namespace elman::cli
