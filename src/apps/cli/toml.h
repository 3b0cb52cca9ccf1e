#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace elman::cli {

// One `key = value` of a configuration file.
struct TomlEntry {
  std::string section;  // "train.forecast"; "" before the first [section]
  std::string key;      // dashes read as underscores: "hidden_size"
  std::string value;    // strings without quotes and escapes, arrays joined by commas, everything else as written
  size_t line = 0;      // from 1
};

// Reads the part of TOML 1.0 that settings need: sections, comments, bare and quoted keys, one-line strings, numbers,
// booleans and arrays of them. Throws kConfig with file:line at anything else, and at a key or section given twice.
std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& path);
// Throws kConfig if the file cannot be read.
std::vector<TomlEntry> read_toml(const std::string& path);

}  // namespace elman::cli
