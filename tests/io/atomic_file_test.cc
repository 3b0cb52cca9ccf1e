#include "io/atomic_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "io/scratch.h"

namespace elman {
namespace {

// Lets no file grow beyond `bytes` while it lives: the write that reaches the limit is cut short, the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

void write_whole(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

class AtomicFileTest : public ScratchTest {};

TEST_F(AtomicFileTest, WritesAndReplacesLeavingNothingElse) {
  write_whole(path("a"), "first");
  EXPECT_EQ(contents(path("a")), "first");
  write_whole(path("a"), "second, longer");
  EXPECT_EQ(contents(path("a")), "second, longer");
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, ThePreviousFileStaysUntilCommit) {
  put(path("a"), "previous");
  {
    AtomicFile file(path("a"));
    file.write(std::string_view("half of the ne"));
    EXPECT_EQ(contents(path("a")), "previous");
    EXPECT_EQ(files_here(), 2u);
  }
  EXPECT_EQ(contents(path("a")), "previous");
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, AFailedWriteAtAnyByteKeepsThePreviousFile) {
  const std::string text(100, 'x');
  put(path("a"), "previous");
  for (rlim_t limit = 0; limit < text.size(); ++limit) {
    const FileSizeLimit full(limit);
    expect_error(ErrorCode::kWrite, path("a") + ": cannot write: File too large",
                 [&] { write_whole(path("a"), text); });
  }
  EXPECT_EQ(contents(path("a")), "previous");
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, AFullDeviceIsAnError) {
  expect_error(ErrorCode::kWrite, "/dev/full: cannot write: No space left", [] { write_whole("/dev/full", "text"); });
}

TEST_F(AtomicFileTest, DevicesAreWrittenAndNotReplaced) {
  write_whole("/dev/null", "text");
  struct stat device;
  ASSERT_EQ(::stat("/dev/null", &device), 0);
  EXPECT_TRUE(S_ISCHR(device.st_mode));
}

TEST_F(AtomicFileTest, LinksAreFollowed) {
  put(path("target"), "previous");
  std::filesystem::create_directory(path("elsewhere"));
  std::filesystem::create_symlink("../target", path("elsewhere/link"));
  write_whole(path("elsewhere/link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(path("elsewhere/link")));
  EXPECT_EQ(contents(path("target")), "new");
}

TEST_F(AtomicFileTest, PermissionsAreKept) {
  put(path("a"), "previous");
  ASSERT_EQ(::chmod(path("a").c_str(), 0640), 0);
  write_whole(path("a"), "new");
  struct stat info;
  ASSERT_EQ(::stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST_F(AtomicFileTest, WorksFromTheCurrentFolder) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  write_whole("bare", "text");
  std::filesystem::current_path(before);
  EXPECT_EQ(contents(path("bare")), "text");
}

// Each place that cannot be written, and the reason it must be given.
TEST_F(AtomicFileTest, UnwritablePlacesFailEarly) {
  put(path("file"), "text");
  const std::pair<std::string, std::string> places[] = {{path("missing/a"), "No such file or directory"},
                                                        {path("file/a"), "Not a directory"},
                                                        {folder_, "Is a directory"},
                                                        {"", "No such file or directory"},
                                                        {"/proc/a", "cannot create a file beside it"}};
  for (const auto& [place, reason] : places) {
    expect_error(ErrorCode::kWrite, reason, [&] { check_writable(place); });
    expect_error(ErrorCode::kWrite, reason, [&] { AtomicFile file(place); });
  }
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, WhatAKilledWriterLeftIsRemovedByTheNext) {
  put(path("a"), "previous");
  EXPECT_EXIT(
      {
        AtomicFile file(path("a"));
        file.write(std::string_view("half of the ne"));
        ::raise(SIGKILL);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(contents(path("a")), "previous");
  EXPECT_EQ(files_here(), 2u);
  write_whole(path("b"), "another target");
  EXPECT_EQ(files_here(), 3u);
  write_whole(path("a"), "new");
  EXPECT_EQ(contents(path("a")), "new");
  EXPECT_EQ(files_here(), 2u);
}

TEST_F(AtomicFileTest, WritersThatLiveAreLeftAlone) {
  AtomicFile slow(path("a"));
  slow.write(std::string_view("slow"));
  write_whole(path("a"), "quick");
  EXPECT_EQ(contents(path("a")), "quick");
  slow.commit();
  EXPECT_EQ(contents(path("a")), "slow");
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, OnlyTemporariesOfTheTargetAreRemoved) {
  put(path("a.tmp-12-0"), "");
  const std::vector<std::string> others = {"a.tmp-",     "a.tmp-12",    "a.tmp-12-",  "a.tmp--0",       "a.tmp-x-0",
                                           "a.tmp-1-2x", "aa.tmp-12-0", "b.tmp-12-0", "a.tmp-12-0.bak", "a-12-0"};
  for (const std::string& name : others) put(path(name), "");
  std::filesystem::create_directory(path("a.tmp-13-0"));
  std::filesystem::create_symlink("b.tmp-12-0", path("a.tmp-14-0"));
  write_whole(path("a"), "new");
  EXPECT_FALSE(std::filesystem::exists(path("a.tmp-12-0")));
  for (const std::string& name : others) EXPECT_TRUE(std::filesystem::exists(path(name))) << name;
  EXPECT_TRUE(std::filesystem::exists(path("a.tmp-13-0")));
  EXPECT_TRUE(std::filesystem::is_symlink(path("a.tmp-14-0")));
}

// Writers of one target look for abandoned files while the others are between creating and locking theirs.
TEST_F(AtomicFileTest, ManyWritersOfOneTargetNeverFail) {
  std::vector<pid_t> writers;
  for (char letter : {'a', 'b', 'c', 'd'}) {
    writers.push_back(::fork());
    ASSERT_GE(writers.back(), 0);
    if (writers.back() > 0) continue;
    try {
      for (int i = 0; i < 100; ++i) write_whole(path("a"), std::string(1000, letter));
    } catch (const Error&) {
      std::_Exit(1);
    }
    std::_Exit(0);
  }
  for (const pid_t writer : writers) {
    int status = -1;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    EXPECT_EQ(status, 0);
  }
  const std::string text = contents(path("a"));
  EXPECT_EQ(text, std::string(1000, text.at(0)));
  EXPECT_EQ(files_here(), 1u);
}

TEST_F(AtomicFileTest, ReadOnlyFilesAndFoldersFailForOrdinaryUsers) {
  put(path("file"), "text");
  ASSERT_EQ(::chmod(path("file").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
  // The superuser may write anywhere; a child that gives that up answers with a bit for each refusal.
  EXPECT_EXIT(
      {
        if (::getuid() == 0 && ::setuid(65534) != 0) std::_Exit(99);
        int refused = 0;
        for (const std::string& place : {path("file"), path("new")}) {
          try {
            check_writable(place);
          } catch (const Error& error) {
            refused += error.code() == ErrorCode::kWrite;
          }
        }
        std::_Exit(refused);
      },
      testing::ExitedWithCode(2), "");
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  EXPECT_EQ(contents(path("file")), "text");
}

TEST_F(AtomicFileTest, CheckingLeavesNoTrace) {
  check_writable(path("new"));
  EXPECT_EQ(files_here(), 0u);
  put(path("old"), "text");
  check_writable(path("old"));
  EXPECT_EQ(contents(path("old")), "text");
  EXPECT_EQ(files_here(), 1u);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  check_writable(path("pipe"));
}

}  // namespace
}  // namespace elman
