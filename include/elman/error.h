#pragma once

#include <stdexcept>
#include <string>

namespace elman {

// What went wrong, numbered as the command-line tool's exit codes so that scripts can rely on either.
enum class ErrorCode {
  kUsage = 2,         // an argument or a flag's value
  kConfig = 3,        // a configuration file
  kData = 4,          // input data, a missing file included
  kModel = 5,         // a model file
  kWrite = 6,         // writing a result
  kDiverged = 7,      // training that cannot go on
  kLimit = 8,         // a size or memory limit
  kPeer = 9,          // kept for another process of a distributed run; nothing throws it yet
  kInterrupted = 130  // stopped by the user, state saved
};

// The one exception type the library throws. The message says what was found, what was expected and what to do next.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace elman
