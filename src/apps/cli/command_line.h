#pragma once

#include <CLI/App.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "apps/cli/flags.h"
#include "apps/cli/toml.h"

namespace elman::cli {

// One thing the tool does, such as `train forecast`.
struct Verb {
  Verb(CLI::App& a, std::string p) : app(a), path(std::move(p)) {}

  CLI::App& app;
  std::string path;                   // "train forecast"
  std::string section;                // of the configuration file: "train.forecast"
  std::vector<std::string> sections;  // that it reads, lowest precedence first; its own is the last
  Flags flags{app};
  std::function<void()> run;
};

// The verbs of the tool, and how a command line, a configuration file and the environment set their flags.
class CommandLine {
 public:
  CommandLine();

  // Adds the verb called by the words of `path`; `examples` end its --help. The families a path starts with ("train")
  // must have been added.
  Verb& add(const std::string& path, const std::string& help, const std::string& examples);
  void add_family(const std::string& name, const std::string& help);
  void add_config_flag(Verb& verb);
  std::deque<Verb>& verbs() noexcept { return verbs_; }

  // Finds the verb, sets its flags and runs it. Throws Error: kUsage for the command line, kConfig for the file.
  void run(int argc, const char* const* argv);
  // Sets a verb's flags: from the file, over that the environment, over that the command line.
  void resolve(Verb& verb);

 private:
  std::string help() const;
  Verb& find_verb();
  void check_extras(const Verb& verb) const;
  // A variable that no verb reads, but that looks like one of ours, is told: a slip would be ignored in silence.
  void warn_of_slips() const;
  void read_config(const std::string& path);
  void check_entry(const TomlEntry& entry) const;
  CLI::App& family_of(const std::string& path);

  CLI::App app_;
  std::deque<Verb> verbs_;
  std::string config_path_;
  std::vector<TomlEntry> config_;
};

}  // namespace elman::cli
