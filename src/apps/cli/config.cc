#include <algorithm>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "base/suggest.h"

namespace elman::cli {
namespace {

constexpr const char* kExamples =
    "  elman config show > elman.toml                        # a file to start from, with every setting\n"
    "  elman config show train.forecast --config elman.toml  # what holds, and where each value comes from\n"
    "  ELMAN_HIDDEN_SIZE=128 elman config show train.forecast";

struct Arguments {
  std::string section;
};

bool is_shown(const Setting& setting) { return !setting.is_flag_only() && setting.key() != "config"; }

// A section that a configuration file could hold as it stands: each value with its source. What is at its default is a
// comment, so that later versions may choose better.
std::string section_text(const Verb& verb) {
  size_t width = 0;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Setting& setting : verb.flags.settings()) {
    if (!is_shown(setting)) continue;
    const bool is_default = setting.source() == "default";
    lines.emplace_back(fmt::format("{}{} = {}", is_default ? "# " : "", setting.key(), setting.value()),
                       setting.note());
    width = std::max(width, lines.back().first.size());
  }
  std::string text = fmt::format("[{}]\n", verb.section);
  for (const auto& [line, source] : lines) text += fmt::format("{:<{}}  # {}\n", line, width, source);
  return text;
}

void show(CommandLine& line, const Arguments& a) {
  std::vector<std::string> texts;
  std::vector<std::string_view> sections;
  for (Verb& verb : line.verbs()) {
    const auto& settings = verb.flags.settings();
    if (std::none_of(settings.begin(), settings.end(), is_shown)) continue;
    sections.push_back(verb.section);
    if (!a.section.empty() && a.section != verb.section) continue;
    line.resolve(verb);
    texts.push_back(section_text(verb));
  }
  if (!a.section.empty() && std::find(sections.begin(), sections.end(), a.section) == sections.end())
    fail_unknown("section", "sections", a.section, sections);
  print(fmt::format("{}", fmt::join(texts, "\n")));
}

}  // namespace

void add_config(CommandLine& line) {
  line.add_family("config", "Show the settings");
  Verb& verb = line.add("config show", "Print every setting with its value and where that comes from", kExamples);
  const auto a = std::make_shared<Arguments>();
  verb.flags.add_file("SECTION", a->section, "One section only, such as train.forecast");
  line.add_config_flag(verb);
  verb.run = [a, &line] { show(line, *a); };
}

}  // namespace elman::cli
