#include "data/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "base/error.h"
#include "data/utf8.h"

namespace elman {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ >= 0) return;
    if (errno == ENOENT) fail(ErrorCode::kData, "{}: no such file; check the path", path);
    fail(ErrorCode::kData, "{}: cannot be opened: {}", path, std::strerror(errno));
  }
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

size_t physical_memory() noexcept {
  return static_cast<size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// Bytes since the last line break after appending `chunk` to a line of `line` bytes; the longest line met in `longest`.
size_t track_line(std::string_view chunk, size_t line, size_t& longest) noexcept {
  const size_t first = std::min(chunk.find('\n'), chunk.find('\r'));
  if (first == std::string_view::npos) {
    longest = std::max(longest, line + chunk.size());
    return line + chunk.size();
  }
  longest = std::max(longest, line + first);  // lines within one chunk are far below any limit
  return chunk.size() - 1 - chunk.find_last_of("\r\n");
}

void check_size(size_t bytes, const FileLimits& limits, const std::string& path) {
  const size_t limit = limits.file_bytes ? limits.file_bytes : physical_memory();
  if (bytes > limit)
    fail(ErrorCode::kLimit, "{}: {} bytes, more than the {} bytes allowed; split the file", path, bytes, limit);
}

std::string read_all(int descriptor, size_t expected, const FileLimits& limits, const std::string& path) {
  std::string text;
  text.reserve(expected);
  std::vector<char> chunk(kChunk);
  size_t line = 0, longest = 0;
  for (;;) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::kData, "{}: cannot be read: {}", path, std::strerror(errno));
    if (got == 0) break;
    const std::string_view bytes(chunk.data(), static_cast<size_t>(got));
    if (text.empty()) check_is_text(bytes, path);
    line = track_line(bytes, line, longest);
    if (longest >= limits.line_bytes)
      fail(ErrorCode::kLimit, "{}:{}:1: found a line of {} bytes or more; is this a text file with line breaks?", path,
           count_line_breaks(text) + 1, limits.line_bytes);
    check_size(text.size() + bytes.size(), limits, path);
    text.append(bytes);
  }
  if (text.capacity() > text.size() + kChunk) text.shrink_to_fit();  // a pipe's buffer grew by doubling
  return text;
}

}  // namespace

void check_is_text(std::string_view text, const std::string& path) {
  struct Signature {
    std::string_view bytes;
    const char* found;
    const char* advice;
  };
  using namespace std::string_view_literals;
  static constexpr Signature kSignatures[] = {
      {"\x1f\x8b"sv, "gzip-compressed data", "unpack it with gunzip"},
      {"PK\x03\x04"sv, "a zip archive or an Excel workbook", "unzip it, or save the sheet as CSV"},
      {"BZh"sv, "bzip2-compressed data", "unpack it with bunzip2"},
      {"\xFD\x37zXZ"sv, "xz-compressed data", "unpack it with unxz"},
      {"\x28\xB5\x2F\xFD"sv, "zstd-compressed data", "unpack it with unzstd"},
      {"PAR1"sv, "a Parquet file", "export it as CSV"},
      {"\xFF\xFE"sv, "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"},
      {"\xFE\xFF"sv, "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"},
  };
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.bytes))
      fail(ErrorCode::kData, "{}:1:1: found {}, expected plain UTF-8 text; {}", path, signature.found,
           signature.advice);
  }
  // Without a mark, UTF-16 of any Western text has a NUL in every other byte.
  if (text.size() >= 4 && (text[0] == 0) != (text[1] == 0) && (text[0] == 0) == (text[2] == 0) &&
      (text[1] == 0) == (text[3] == 0))
    fail(ErrorCode::kData,
         "{}:1:1: found UTF-16 text (every other byte is NUL), expected UTF-8; convert it: iconv -f UTF-16{} -t UTF-8",
         path, text[0] == 0 ? "BE" : "LE");
}

std::string read_text_file(const std::string& path, const FileLimits& limits) {
  const OpenFile file(path);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0)
    fail(ErrorCode::kData, "{}: cannot be read: {}", path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::kData, "{}: is a folder; name a file in it", path);
  const size_t expected = S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) : 0;
  check_size(expected, limits, path);
  try {
    return read_all(file.descriptor(), expected, limits, path);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::kLimit, "{}: not enough memory for its {} bytes; split the file", path, expected);
  }
}

size_t count_line_breaks(std::string_view text, size_t* last) noexcept {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] != '\n' && (text[i] != '\r' || crlf)) continue;
    ++count;
    if (last) *last = i + 1;
  }
  return count;
}

std::string place_of(const std::string& path, std::string_view text, size_t offset, size_t start, size_t line) {
  const std::string_view before = text.substr(start, offset - start);
  size_t last = 0;
  line += count_line_breaks(before, &last);
  return fmt::format("{}:{}:{}", path, line, count_characters(before.substr(last)) + 1);
}

}  // namespace elman
