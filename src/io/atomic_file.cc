#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

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
  static std::atomic<unsigned> count{0};  // with the process id, a name that no other writer has
  const std::string temporary = fmt::format("{}.tmp-{}-{}", target_, ::getpid(), count++);
  file_ = retried([&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  if (file_ < 0) fail_with_errno("create a file beside it");
  temporary_ = temporary;
  if (exists) ::fchmod(file_, previous.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retried([&] { return ::write(file_, bytes.data(), bytes.size()); });
    if (written < 0) fail_with_errno("write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  const bool direct = temporary_.empty();
  if (!direct && retried([&] { return ::fsync(file_); }) != 0) fail_with_errno("bring it to the disk");
  const int file = file_;
  file_ = -1;  // close() gives the number back even when it fails
  if (::close(file) != 0 && errno != EINTR) fail_with_errno("close it");
  if (direct) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with_errno("put it in place");
  temporary_.clear();
  if (!sync_folder(folder_of(target_)))
    fail(ErrorCode::kWrite, "{}: written, but its folder cannot be brought to the disk: {}; save again", path_,
         std::generic_category().message(errno));
}

void AtomicFile::fail_with_errno(std::string_view action) const {
  const int error = errno;
  fail(ErrorCode::kWrite, "{}: cannot {}: {}; {}", path_, action, std::generic_category().message(error),
       advice(error));
}

void check_writable(const std::string& path) {
  struct stat existing;
  if (::stat(path.c_str(), &existing) == 0 && S_ISFIFO(existing.st_mode)) return;  // its reader would see an end
  AtomicFile probe(path);
}

}  // namespace elman
