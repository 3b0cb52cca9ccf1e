#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace elman {

// A file that appears whole or not at all. Bytes go to a temporary file in the same folder; commit() makes them durable
// and renames it over `path`. Until then, and on any failure, the previous file stays as it was and the temporary
// is removed; one that a killed process left is removed by the next writer of the same path. A symbolic link is
// followed; a device or pipe, which nothing can replace, is written directly. Every error is kWrite and names the path
// and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // fsync, rename, close, fsync of the folder. Only a failure of the last leaves the new file in place: whole, but
  // perhaps not yet on the disk.
  void commit();

 private:
  void create_temporary();
  [[noreturn]] void fail_with_errno(std::string_view action) const;

  std::string path_;       // as given, for messages
  std::string target_;     // what commit() replaces: path_ with links resolved
  std::string temporary_;  // empty when writing directly, and after commit()
  int file_ = -1;
};

// The file `path` with this content, whole or not at all. Throws kWrite.
void write_file(const std::string& path, std::string_view content);

// Fails as a later AtomicFile(path) would, leaving nothing behind: called before hours of work, not after.
void check_writable(const std::string& path);

}  // namespace elman
