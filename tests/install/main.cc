// A program that knows the installed library only.
#include <elman/error.h>

#include <cstdio>

int main() {
  try {
    throw elman::Error(elman::ErrorCode::kData, "as thrown");
  } catch (const elman::Error& error) {
    std::printf("%d: %s\n", static_cast<int>(error.code()), error.what());
    return error.code() == elman::ErrorCode::kData ? 0 : 1;
  }
}
