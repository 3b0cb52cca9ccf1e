#include "data/text_corpus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "data/expect_error.h"
#include "data/utf8.h"

namespace elman {
namespace {

using Mode = Vocabulary::Mode;
using Indices = std::vector<uint32_t>;

TEST(Vocabulary, HoldsTheDistinctCharactersByCodePoint) {
  const Vocabulary vocabulary = Vocabulary::of_text("banané €!\n");
  EXPECT_EQ(vocabulary.mode(), Mode::kCharacters);
  EXPECT_EQ(vocabulary.symbols(), (std::vector<std::string>{"\n", " ", "!", "a", "b", "n", "é", "€"}));
  EXPECT_EQ(vocabulary.size(), 8u);
  EXPECT_EQ(vocabulary.symbol(6), "é");
  EXPECT_EQ(vocabulary.encode("bé"), (Indices{4, 6}));
  EXPECT_EQ(vocabulary.decode(Indices{7, 3}), "€a");
  EXPECT_EQ(vocabulary.encode(""), Indices{});
}

TEST(Vocabulary, FallsBackToBytes) {
  std::string reason;
  EXPECT_EQ(Vocabulary::of_text("ab\xFF", &reason).mode(), Mode::kBytes);
  EXPECT_EQ(reason, "byte 2 of the text is not UTF-8");

  std::string text;
  for (char32_t c = 0x4E00; c < 0x4E00 + Vocabulary::kMaxCharacters; ++c) text += encode_utf8(c);
  reason.clear();
  EXPECT_EQ(Vocabulary::of_text(text, &reason).size(), 4096u);
  EXPECT_EQ(reason, "");
  EXPECT_EQ(Vocabulary::of_text(text + "a", &reason).mode(), Mode::kBytes);
  EXPECT_EQ(reason, "the text has more than 4096 different characters");
}

TEST(Vocabulary, BytesEncodeAnything) {
  const Vocabulary bytes = Vocabulary::bytes();
  EXPECT_EQ(bytes.size(), 256u);
  EXPECT_EQ(bytes.encode("a\xFF"), (Indices{97, 255}));
  EXPECT_EQ(bytes.decode(Indices{97, 255, 0}), std::string("a\xFF\0", 3));
  EXPECT_EQ(bytes.find_unknown("\xFF"), std::string::npos);
}

TEST(Vocabulary, NamesAnUnknownCharacterAndItsOffset) {
  const Vocabulary vocabulary = Vocabulary::of_text("abc é");
  EXPECT_EQ(vocabulary.find_unknown("abcé"), std::string::npos);
  EXPECT_EQ(vocabulary.find_unknown("aéb€"), 4u);
  expect_error(ErrorCode::kData, {"found '€' (U+20AC) at byte 4", "5 characters", "remove or replace"},
               [&] { vocabulary.encode("aéb€"); });
  expect_error(ErrorCode::kData, {"found U+000A at byte 1"}, [&] { vocabulary.encode("a\n"); });
  expect_error(ErrorCode::kData, {"found byte 0xFF, which is not UTF-8 at byte 0"}, [&] { vocabulary.encode("\xFF"); });
}

TEST(Vocabulary, GoesThroughItsSymbols) {
  for (const Vocabulary& vocabulary : {Vocabulary::of_text("zebra é😀"), Vocabulary::bytes()}) {
    const Vocabulary copy = Vocabulary::from_symbols(vocabulary.mode(), vocabulary.symbols());
    EXPECT_EQ(copy.mode(), vocabulary.mode());
    EXPECT_EQ(copy.symbols(), vocabulary.symbols());
    EXPECT_EQ(copy.encode("bear"), vocabulary.encode("bear"));
  }
}

TEST(Vocabulary, RefusesBadSymbols) {
  const auto refuse = [](const std::vector<std::string>& symbols, std::string_view part) {
    expect_error(ErrorCode::kModel, {"vocabulary", part},
                 [&] { Vocabulary::from_symbols(Mode::kCharacters, symbols); });
  };
  refuse({}, "0 symbols");
  refuse(std::vector<std::string>(5000, "a"), "5000 symbols");
  refuse({"a", ""}, "symbol 1 is not one UTF-8 character");
  refuse({"ab"}, "symbol 0 is not one UTF-8 character");
  refuse({"\xFF"}, "symbol 0 is not one UTF-8 character");
  refuse({"a", "a"}, "symbol 1 is not in the order");
  refuse({"b", "a"}, "symbol 1 is not in the order");
}

TEST(VocabularyProperty, RandomTextIsDecodedAsItWas) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, 0);
    std::string text;
    const bool valid = random.below(4) > 0;
    for (uint64_t n = random.below(200); n > 0; --n) {
      const char32_t c = static_cast<char32_t>(random.below(0xD800));
      text += valid ? encode_utf8(c) : std::string(1, static_cast<char>(c));
    }
    const Vocabulary vocabulary = Vocabulary::of_text(text);
    EXPECT_EQ(vocabulary.decode(vocabulary.encode(text)), text);
  }
}

TEST(TextCorpus, ReadsAFile) {
  const TempFolder folder;
  const std::string path = folder.write("a.txt",
                                        "\xEF\xBB\xBF"
                                        "abba é\n");
  const TextCorpus corpus = read_text_corpus(path);
  EXPECT_EQ(corpus.path, path);
  EXPECT_EQ(corpus.fallback, "");
  EXPECT_EQ(corpus.vocabulary.symbols(), (std::vector<std::string>{"\n", " ", "a", "b", "é"}));
  EXPECT_EQ(corpus.tokens, (std::vector<uint16_t>{2, 3, 3, 2, 1, 4, 0}));
}

TEST(TextCorpus, ReadsAnyBytes) {
  const TempFolder folder;
  const TextCorpus corpus = read_text_corpus(folder.write("a.bin", "caf\xE9"));
  EXPECT_EQ(corpus.vocabulary.mode(), Mode::kBytes);
  EXPECT_EQ(corpus.fallback, "byte 3 of the text is not UTF-8");
  EXPECT_EQ(corpus.tokens, (std::vector<uint16_t>{99, 97, 102, 233}));
}

TEST(TextCorpus, ReadsWithAGivenVocabulary) {
  const TempFolder folder;
  const Vocabulary vocabulary = Vocabulary::of_text("abc\n");
  EXPECT_EQ(read_text_corpus(folder.write("a.txt", "cab"), vocabulary).tokens, (std::vector<uint16_t>{3, 1, 2}));
  const std::string other = folder.write("b.txt", "abc\nabc\nab€\n");
  expect_error(ErrorCode::kData, {other + ":3:3: found '€' (U+20AC)", "4 characters"},
               [&] { read_text_corpus(other, vocabulary); });
}

TEST(TextCorpusBadInput, IsRefused) {
  using namespace std::string_literals;
  const TempFolder folder;
  const auto refuse = [](const std::string& path, std::string_view part) {
    expect_error(ErrorCode::kData, {path, part}, [&] { read_text_corpus(path); });
  };
  refuse(folder.path() + "/none.txt", "no such file");
  refuse(folder.path(), "is a folder");
  refuse(folder.write("empty.txt", ""), "is empty");
  refuse(folder.write("bom.txt", "\xEF\xBB\xBF"), "is empty");
  refuse(folder.write("a.gz", "\x1f\x8b\x08"), "gunzip");
  refuse(folder.write("wide.txt",
                      "\xFF\xFE"
                      "a\0"s),
         "UTF-16");
}

TEST(TextCorpus, ALongLineIsNoObstacle) {
  const TempFolder folder;
  EXPECT_EQ(read_text_corpus(folder.write("one.txt", std::string(3 << 20, 'x'))).tokens.size(), size_t{3} << 20);
}

}  // namespace
}  // namespace elman
