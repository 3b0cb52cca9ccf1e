#pragma once

#include <CLI/App.hpp>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/values.h"

namespace elman::cli {

inline constexpr std::string_view kVariablePrefix = "ELMAN_";

// A value a user can set: by a flag, by a key of the configuration file and by a variable of the environment.
class Setting {
 public:
  using Parse = std::function<void(std::string_view)>;
  using Show = std::function<std::string()>;
  Setting(const std::string& name, Parse parse, Show show);

  // Refinements, made when the setting is added. A path, or what concerns one run alone, is given by its flag only.
  Setting& flag_only();
  Setting& zero_means(std::string what);  // how a default of nothing is described: "chosen from the data"
  Setting& check(std::function<void(std::string_view)> check);  // throws kUsage; called before the value is set

  const std::string& key() const noexcept { return key_; }  // "hidden_size"
  std::string variable() const;                             // "ELMAN_HIDDEN_SIZE"
  bool is_flag_only() const noexcept { return flag_only_; }
  bool on_command_line() const noexcept { return !given_.empty(); }
  std::string value() const { return show_(); }  // as TOML
  // "elman.toml:3", "ELMAN_EPOCHS", "--epochs", "default".
  const std::string& source() const noexcept { return source_; }
  std::string note() const;  // the source, or what a default of nothing stands for

  // Sources in their order of precedence, lowest first; each throws an error that names its place.
  void set_from_file(std::string_view value, const std::string& place);
  void set_from_environment();
  void set_from_flag();

 private:
  friend class Flags;
  void set(std::string_view value, const std::string& place, bool from_file);
  void describe();

  std::string flag_, key_, help_, zero_;
  Parse parse_;
  Show show_;
  std::function<void(std::string_view)> check_;
  bool flag_only_ = false;
  CLI::Option* option_ = nullptr;
  std::vector<std::string> given_;  // on the command line
  std::string source_ = "default";
};

// The flags and file arguments of one verb.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // The heading of --help that the next flags stand under.
  void group(std::string heading) { group_ = std::move(heading); }
  // `names` as CLI11 reads them: "--epochs" or "-o,--output". The value keeps its default until it is set.
  Setting& add(const std::string& names, size_t& value, const Range& range, std::string help);
  Setting& add(const std::string& names, double& value, const Range& range, std::string help);
  Setting& add(const std::string& names, std::vector<double>& value, const Range& range, std::string help);
  Setting& add(const std::string& names, std::string& value, std::string placeholder, std::string help);
  Setting& add(const std::string& names, std::vector<std::string>& value, std::string placeholder, std::string help);
  // A switch. One that is on by default gets the flag --no-NAME; its key is NAME either way.
  Setting& add(const std::string& names, bool& value, std::string help);
  // A file named without a flag; positions fill in the order of these calls.
  void add_file(const std::string& name, std::string& value, std::string help);

  Setting* find(std::string_view key) noexcept;
  std::deque<Setting>& settings() noexcept { return settings_; }
  const std::deque<Setting>& settings() const noexcept { return settings_; }
  // Every flag as it is typed, for suggestions.
  std::vector<std::string> names() const;
  // Throws kUsage if a flag was taken for the value of the one before it, whose own is missing.
  void check_values() const;
  // The flags given on the command line: "--epochs".
  std::vector<std::string> given() const;

 private:
  Setting& add_setting(const std::string& names, Setting setting, std::string placeholder, std::string help);

  CLI::App& app_;
  std::string group_ = "Options";
  std::deque<Setting> settings_;  // a deque: CLI11's callbacks keep their addresses
};

}  // namespace elman::cli
