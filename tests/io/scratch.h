#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"

namespace elman {

// A test in a folder of its own, removed afterwards.
class ScratchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "elman-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }

  static void put(const std::string& path, const std::string& bytes) {
    std::filesystem::remove(path);  // truncating one instead makes some file systems wait for the disk
    std::ofstream(path, std::ios::binary) << bytes;
  }

  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  size_t files_here() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  // Expects an Error with `code` whose message holds `part`.
  template <class Call>
  static void expect_error(ErrorCode code, const std::string& part, Call call) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown; expected: " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what() << "\nlacks: " << part;
    }
  }

  std::filesystem::path folder_;
};

}  // namespace elman
