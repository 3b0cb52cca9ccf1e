#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tasks/text.h"

namespace elman::testing {

inline TextCorpus corpus_of(std::string_view text) {
  TextCorpus corpus;
  corpus.path = "memory";
  corpus.vocabulary = Vocabulary::of_text(text);
  for (const uint32_t token : corpus.vocabulary.encode(text)) corpus.tokens.push_back(static_cast<uint16_t>(token));
  return corpus;
}

inline std::string repeated(std::string_view phrase, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += phrase;
  return text;
}

// Letters drawn at random: nothing to learn, so every symbol has a loss of its own.
inline std::string random_letters(size_t length) {
  Random random(7, 1);
  std::string text(length, ' ');
  for (char& c : text) c = static_cast<char>('a' + random.below(20));
  return text;
}

inline TextConfig small_config() {
  TextConfig config;
  config.hidden_size = 24;
  config.embedding_size = 8;
  config.dropout = 0.0;
  config.bptt = 20;
  config.batch_size = 4;
  config.epochs = 3;
  config.learning_rate = 1e-2;
  return config;
}

inline bool same_bits(const Buffer<float>& a, const Buffer<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The code and the message of the Error that `action` throws.
template <class Action>
std::pair<ErrorCode, std::string> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

// A path in the tests' own folder, nothing there yet.
inline std::string fresh_path(const std::string& name) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::temp_directory_path() / "elman_text_test" / test->name();
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / name);
  return (folder / name).string();
}

}  // namespace elman::testing
