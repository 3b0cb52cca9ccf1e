#include "data/text_corpus.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "data/file.h"
#include "data/utf8.h"

namespace elman {
namespace {

// 'é' (U+00E9), or the byte where `text` is not UTF-8.
std::string describe(std::string_view text, size_t offset) {
  const size_t start = offset;
  const char32_t character = decode_utf8(text, offset);
  if (character == kInvalidUtf8)
    return fmt::format("byte 0x{:02X}, which is not UTF-8", static_cast<unsigned char>(text[start]));
  const std::string code = fmt::format("U+{:04X}", static_cast<uint32_t>(character));
  return character < U' ' ? code : fmt::format("'{}' ({})", text.substr(start, offset - start), code);
}

std::string read_corpus_text(const std::string& path) {
  std::string text = read_text_file(path, {.line_bytes = std::numeric_limits<size_t>::max()});
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.empty()) fail(ErrorCode::kData, "{}: is empty, expected a text to learn from", path);
  return text;
}

}  // namespace

Vocabulary Vocabulary::bytes() {
  Vocabulary vocabulary;
  vocabulary.mode_ = Mode::kBytes;
  return vocabulary;
}

Vocabulary Vocabulary::of_characters(std::vector<char32_t> characters) {
  Vocabulary vocabulary;
  vocabulary.characters_ = std::move(characters);
  for (char32_t character : vocabulary.characters_)
    vocabulary.index_.emplace(character, static_cast<uint32_t>(vocabulary.index_.size()));
  return vocabulary;
}

Vocabulary Vocabulary::of_text(std::string_view text, std::string* fallback) {
  const auto fall_back = [fallback](std::string reason) {
    if (fallback) *fallback = std::move(reason);
    return bytes();
  };
  std::vector<bool> seen(0x110000);
  std::vector<char32_t> characters;
  for (size_t offset = 0; offset < text.size();) {
    const size_t start = offset;
    const char32_t character = decode_utf8(text, offset);
    if (character == kInvalidUtf8) return fall_back(fmt::format("byte {} of the text is not UTF-8", start));
    if (seen[character]) continue;
    seen[character] = true;
    characters.push_back(character);
    if (characters.size() > kMaxCharacters)
      return fall_back(fmt::format("the text has more than {} different characters", kMaxCharacters));
  }
  std::sort(characters.begin(), characters.end());
  return of_characters(std::move(characters));
}

Vocabulary Vocabulary::from_symbols(Mode mode, const std::vector<std::string>& symbols) {
  if (mode == Mode::kBytes) return bytes();
  if (symbols.empty() || symbols.size() > kMaxCharacters)
    fail(ErrorCode::kModel, "vocabulary: found {} symbols, expected 1 to {}", symbols.size(), kMaxCharacters);
  std::vector<char32_t> characters;
  for (const std::string& symbol : symbols) {
    size_t offset = 0;
    const char32_t character = symbol.empty() ? kInvalidUtf8 : decode_utf8(symbol, offset);
    if (character == kInvalidUtf8 || offset != symbol.size())
      fail(ErrorCode::kModel, "vocabulary: symbol {} is not one UTF-8 character", characters.size());
    if (!characters.empty() && character <= characters.back())
      fail(ErrorCode::kModel, "vocabulary: symbol {} is not in the order of code points, each once", characters.size());
    characters.push_back(character);
  }
  return of_characters(std::move(characters));
}

std::vector<std::string> Vocabulary::symbols() const {
  std::vector<std::string> symbols;
  for (char32_t character : characters_) symbols.push_back(encode_utf8(character));
  return symbols;
}

std::string Vocabulary::symbol(uint32_t index) const {
  return mode_ == Mode::kBytes ? std::string(1, static_cast<char>(index)) : encode_utf8(characters_[index]);
}

size_t Vocabulary::find_unknown(std::string_view text) const noexcept {
  for (size_t offset = 0; mode_ == Mode::kCharacters && offset < text.size();) {
    const size_t start = offset;
    if (!index_.contains(decode_utf8(text, offset))) return start;
  }
  return std::string_view::npos;
}

std::string Vocabulary::advice() const {
  return fmt::format("expected one of the vocabulary's {} characters; remove or replace it", size());
}

template <class Index>
std::vector<Index> Vocabulary::indices(std::string_view text) const {
  if (mode_ == Mode::kBytes) {
    const auto* first = reinterpret_cast<const unsigned char*>(text.data());
    return std::vector<Index>(first, first + text.size());
  }
  std::vector<Index> indices;
  indices.reserve(count_characters(text));
  for (size_t offset = 0; offset < text.size();) {
    const size_t start = offset;
    const auto found = index_.find(decode_utf8(text, offset));
    if (found == index_.end())
      fail(ErrorCode::kData, "found {} at byte {} of the text, {}", describe(text, start), start, advice());
    indices.push_back(static_cast<Index>(found->second));
  }
  return indices;
}

std::vector<uint32_t> Vocabulary::encode(std::string_view text) const { return indices<uint32_t>(text); }

std::string Vocabulary::decode(std::span<const uint32_t> indices) const {
  std::string text;
  for (uint32_t index : indices) text += symbol(index);
  return text;
}

TextCorpus read_text_corpus(const std::string& path) {
  const std::string text = read_corpus_text(path);
  TextCorpus corpus;
  corpus.path = path;
  corpus.vocabulary = Vocabulary::of_text(text, &corpus.fallback);
  corpus.tokens = corpus.vocabulary.indices<uint16_t>(text);
  return corpus;
}

TextCorpus read_text_corpus(const std::string& path, const Vocabulary& vocabulary) {
  const std::string text = read_corpus_text(path);
  if (const size_t unknown = vocabulary.find_unknown(text); unknown != std::string::npos)
    fail(ErrorCode::kData, "{}: found {}, {}", place_of(path, text, unknown), describe(text, unknown),
         vocabulary.advice());
  return {path, vocabulary, vocabulary.indices<uint16_t>(text), ""};
}

}  // namespace elman
