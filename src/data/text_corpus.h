#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace elman {

struct TextCorpus;

// The symbols a text model reads and writes: the Unicode characters of its corpus, or the 256 bytes.
class Vocabulary {
 public:
  enum class Mode { kCharacters, kBytes };
  static constexpr size_t kMaxCharacters = 4096;

  // The distinct characters of `text` by code point; bytes if it is not UTF-8 or has more than kMaxCharacters of
  // them, and then `fallback`, if asked for, says why.
  static Vocabulary of_text(std::string_view text, std::string* fallback = nullptr);
  // From what mode() and symbols() gave. Throws kModel if the symbols are not single characters in ascending
  // order.
  static Vocabulary from_symbols(Mode mode, const std::vector<std::string>& symbols);
  static Vocabulary bytes();

  Mode mode() const noexcept { return mode_; }
  size_t size() const noexcept { return mode_ == Mode::kBytes ? 256 : characters_.size(); }
  // The characters as UTF-8, in index order; empty for bytes.
  std::vector<std::string> symbols() const;
  // Symbol `index` as UTF-8 or as one byte.
  std::string symbol(uint32_t index) const;

  // Throws kData, naming the first character that is not in the vocabulary and its offset.
  std::vector<uint32_t> encode(std::string_view text) const;
  // Offset of the first character that is not in the vocabulary, or npos.
  size_t find_unknown(std::string_view text) const noexcept;
  // REQUIRES every index < size().
  std::string decode(std::span<const uint32_t> indices) const;

 private:
  friend TextCorpus read_text_corpus(const std::string& path);
  friend TextCorpus read_text_corpus(const std::string& path, const Vocabulary& vocabulary);
  static Vocabulary of_characters(std::vector<char32_t> characters);
  std::string advice() const;
  template <class Index>
  std::vector<Index> indices(std::string_view text) const;

  Mode mode_ = Mode::kCharacters;
  std::vector<char32_t> characters_;  // ascending
  std::unordered_map<char32_t, uint32_t> index_;
};

// A text as indices into its vocabulary.
struct TextCorpus {
  std::string path;
  Vocabulary vocabulary;
  std::vector<uint16_t> tokens;  // 16 bits hold any vocabulary and keep a large corpus small
  std::string fallback;          // why bytes are used instead of characters, or ""
};

// Reads a text file; a byte-order mark is dropped. Throws kData if it is missing, empty, compressed or UTF-16.
TextCorpus read_text_corpus(const std::string& path);
// The same with a given vocabulary, such as a model's. Throws kData at a character it does not know.
TextCorpus read_text_corpus(const std::string& path, const Vocabulary& vocabulary);

}  // namespace elman
