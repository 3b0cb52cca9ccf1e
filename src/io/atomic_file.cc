#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace elman {
namespace {

std::string_view advice(int error) noexcept {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return "free some space, or choose another place";
    case EIO: return "the disk may be failing: choose another place";
    default: return "choose a path that can be written";
  }
}

// Calls `call` again as long as a signal interrupts it.
template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The file that a symbolic link leads to, so that replacing it leaves the link.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : path;
}

// Makes a rename in `folder` durable. EINVAL: a file system whose folders cannot be synchronised.
bool sync_folder(const std::string& folder) {
  const int file = retried([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (file < 0) return false;
  const bool done = retried([&] { return ::fsync(file); }) == 0 || errno == EINVAL;
  const int error = errno;
  ::close(file);
  errno = error;
  return done;
}

// A temporary's name, "<target>.tmp-<process>-<count>": its writer holds a lock on the file, which ends with the
// process however that dies, and in other containers too, where process ids mean nothing.
constexpr std::string_view kMark = ".tmp-";

bool is_temporary_of(std::string_view target, std::string_view name) noexcept {
  if (!name.starts_with(target) || !name.substr(target.size()).starts_with(kMark)) return false;
  const std::string_view numbers = name.substr(target.size() + kMark.size());
  const size_t dash = numbers.find('-');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && is_number(numbers.substr(0, dash)) && is_number(numbers.substr(dash + 1));
}

bool is_linked(int file) noexcept {
  struct stat info;
  return ::fstat(file, &info) == 0 && info.st_nlink > 0;
}

// Removes the file unless its writer is still alive. A file system without locks lets it be.
void remove_if_abandoned(const std::string& path) noexcept {
  const int file = ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  if (::flock(file, LOCK_EX | LOCK_NB) == 0 && is_linked(file)) ::unlink(path.c_str());
  ::close(file);
}

// Removes what killed processes left beside `target`. Whatever cannot be read or removed stays: nothing depends on it.
void remove_abandoned(const std::string& target) {
  const std::string folder = folder_of(target), name = target.substr(target.rfind('/') + 1);
  std::error_code error;
  for (std::filesystem::directory_iterator file(folder, error), end; !error && file != end; file.increment(error))
    if (is_temporary_of(name, file->path().filename().native())) remove_if_abandoned(file->path());
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(path_) {
  struct stat previous;
  const bool exists = ::stat(path_.c_str(), &previous) == 0;
  if (path_.empty()) fail_with_errno("write there");
  if (exists && S_ISDIR(previous.st_mode)) {
    errno = EISDIR;
    fail_with_errno("write there");
  }
  if (exists && ::access(path_.c_str(), W_OK) != 0) fail_with_errno("replace it");
  if (exists && !S_ISREG(previous.st_mode)) {
    file_ = retried([&] { return ::open(path_.c_str(), O_WRONLY | O_CLOEXEC); });
    if (file_ < 0) fail_with_errno("open it");
    return;
  }
  if (exists) target_ = resolved(path_);
  create_temporary();
  if (exists) ::fchmod(file_, previous.st_mode & 07777);
  remove_abandoned(target_);
}

void AtomicFile::create_temporary() {
  static std::atomic<unsigned> count{0};  // with the process id, a name that no other living writer has
  while (temporary_.empty()) {
    const std::string name = fmt::format("{}{}{}-{}", target_, kMark, ::getpid(), count++);
    file_ = retried([&] { return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (file_ < 0 && errno == EEXIST) continue;  // left by a process that had the same id
    if (file_ < 0) fail_with_errno("create a file beside it");
    const bool contested = ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!contested && is_linked(file_)) temporary_ = name;
    else ::close(file_);  // another writer took it for abandoned before it was locked
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (file_ >= 0) ::close(file_);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retried([&] { return ::write(file_, bytes.data(), bytes.size()); });
    if (written < 0) fail_with_errno("write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) {
    if (::close(std::exchange(file_, -1)) != 0 && errno != EINTR) fail_with_errno("close it");
    return;
  }
  if (retried([&] { return ::fsync(file_); }) != 0) fail_with_errno("bring it to the disk");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with_errno("put it in place");
  temporary_.clear();
  ::close(std::exchange(file_, -1));  // only now: it gives up the lock, without which others may remove the temporary
  if (!sync_folder(folder_of(target_)))
    fail(ErrorCode::kWrite, "{}: written, but its folder cannot be brought to the disk: {}; save again", path_,
         std::generic_category().message(errno));
}

void AtomicFile::fail_with_errno(std::string_view action) const {
  const int error = errno;
  fail(ErrorCode::kWrite, "{}: cannot {}: {}; {}", path_, action, std::generic_category().message(error),
       advice(error));
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void check_writable(const std::string& path) {
  struct stat existing;
  if (::stat(path.c_str(), &existing) == 0 && S_ISFIFO(existing.st_mode)) return;  // its reader would see an end
  AtomicFile probe(path);
}

}  // namespace elman
