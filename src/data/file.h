#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace elman {

// Bounds checked while a file is read, so that an oversized one is refused before it fills the memory.
struct FileLimits {
  size_t file_bytes = 0;  // 0: the machine's physical memory
  size_t line_bytes = size_t{1} << 30;
};

// The whole file, a pipe included. Throws kData if it is missing, a folder, unreadable, or compressed or otherwise in a
// format known not to be text (the message says how to convert it); kLimit beyond `limits`.
std::string read_text_file(const std::string& path, const FileLimits& limits = {});

// Throws kData if `text` starts as some binary format does (gzip, zip, Parquet…) or looks like UTF-16.
void check_is_text(std::string_view text, const std::string& path);

// Line breaks in `text`, each CRLF, CR and LF being one. `last`, if asked for, becomes the offset after the last of
// them.
size_t count_line_breaks(std::string_view text, size_t* last = nullptr) noexcept;

// "path:line:column" of text[offset] for messages; the column counts characters. The search may begin at any `start` of
// a line whose number is `line`.
std::string place_of(const std::string& path, std::string_view text, size_t offset, size_t start = 0, size_t line = 1);

}  // namespace elman
