#include "data/csv.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "data/expect_error.h"

namespace elman {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const CsvTable& table) {
  Rows rows;
  for (CsvCursor row(table); row.next();) {
    EXPECT_EQ(row.size(), table.columns());
    std::vector<std::string>& cells = rows.emplace_back();
    for (size_t c = 0; c < row.size(); ++c) cells.emplace_back(row[c]);
  }
  EXPECT_EQ(rows.size(), table.rows());
  return rows;
}

Rows rows_of(std::string text) { return rows_of(parse_csv(std::move(text), "t.csv")); }

const Rows kTwoRows = {{"1", "2"}, {"3", "4"}};

TEST(Csv, ReadsHeaderAndRows) {
  const CsvTable table = parse_csv("ds,y\n1,2\n3,4\n", "t.csv");
  EXPECT_EQ(table.header(), (std::vector<std::string>{"ds", "y"}));
  EXPECT_EQ(table.rows(), 2u);
  EXPECT_EQ(rows_of(table), kTwoRows);
  EXPECT_EQ(table.column("y"), 1u);
  EXPECT_EQ(table.find("z"), CsvTable::kNoColumn);
}

TEST(Csv, AcceptsEveryLineEnd) {
  EXPECT_EQ(rows_of("ds,y\n1,2\n3,4\n"), kTwoRows);
  EXPECT_EQ(rows_of("ds,y\r\n1,2\r\n3,4\r\n"), kTwoRows);
  EXPECT_EQ(rows_of("ds,y\r1,2\r3,4\r"), kTwoRows);
  EXPECT_EQ(rows_of("ds,y\r\n1,2\n3,4\r"), kTwoRows);
}

TEST(Csv, AcceptsAMissingLastLineEnd) {
  EXPECT_EQ(rows_of("ds,y\n1,2\n3,4"), kTwoRows);
  EXPECT_EQ(rows_of("ds,y\n1,2\n3,"), (Rows{{"1", "2"}, {"3", ""}}));
  EXPECT_EQ(rows_of("ds,y\n1,2\n3,\"4\""), kTwoRows);
}

TEST(Csv, SkipsBlankLines) {
  EXPECT_EQ(rows_of("ds,y\n1,2\n3,4\n\n\n"), kTwoRows);
  EXPECT_EQ(rows_of("ds,y\r\n1,2\r\n3,4\r\n\r\n  \r\n"), kTwoRows);
  EXPECT_EQ(rows_of("\n\nds,y\n\n1,2\n \n3,4"), kTwoRows);
}

TEST(Csv, ABlankLineIsAMissingValueWhereThereIsOneColumn) {
  EXPECT_EQ(rows_of("y\n1\n\n2\n\n"), (Rows{{"1"}, {""}, {"2"}}));
  EXPECT_EQ(rows_of("y\n1\n\"\"\n"), (Rows{{"1"}, {""}}));
}

TEST(Csv, DropsAByteOrderMark) {
  const CsvTable table = parse_csv("\xEF\xBB\xBF\"ds\",y\n1,2\n3,4\n", "t.csv");
  EXPECT_EQ(table.header()[0], "ds");
  EXPECT_EQ(rows_of(table), kTwoRows);
}

TEST(Csv, ReadsQuotedCells) {
  EXPECT_EQ(rows_of("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\r\n\"\n"),
            (Rows{{"x,y", "say \"hi\""}, {"two\nlines", "\r\n"}}));
  EXPECT_EQ(rows_of("a,b\n \"1\" ,\" 2 \"\n"), (Rows{{"1", " 2 "}}));
  EXPECT_EQ(rows_of("a,b\n\"\"\"\",\"\"\"\"\"\"\n"), (Rows{{"\"", "\"\""}}));
  EXPECT_EQ(rows_of("a,b\n5\" pipe,6\n"), (Rows{{"5\" pipe", "6"}}));
}

TEST(Csv, TrimsPlainCells) { EXPECT_EQ(rows_of("a, b \n 1 ,\t2\n"), (Rows{{"1", "2"}})); }

TEST(Csv, FindsTheDelimiter) {
  EXPECT_EQ(parse_csv("a,b,c\n1,2,3\n", "t.csv").delimiter(), ',');
  EXPECT_EQ(parse_csv("a;b;c\n1;2;3\n", "t.csv").delimiter(), ';');
  EXPECT_EQ(parse_csv("a\tb\tc\n1\t2\t3\n", "t.csv").delimiter(), '\t');
  EXPECT_EQ(parse_csv("a;b\n1;3,5\n2;4,5\n", "t.csv").delimiter(), ';');
  EXPECT_EQ(parse_csv("a;\"b,c,d\"\n1;2\n", "t.csv").delimiter(), ';');
  EXPECT_EQ(parse_csv("load, kW; and more\ttime\n1\t2\n3\t4\n", "t.csv").delimiter(), '\t');
  EXPECT_EQ(parse_csv("y\n1\n", "t.csv").delimiter(), ',');
  EXPECT_EQ(rows_of("a\tb\n1\t\n\t2\n"), (Rows{{"1", ""}, {"", "2"}}));
}

TEST(Csv, NumbersAndPlaces) {
  const CsvTable table = parse_csv("a,b\n1,2\n\"two\nlines\",x\néé,y\n", "dir/t.csv");
  CsvCursor row(table);
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.number(1), 2.0);
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.line(), 3u);
  expect_error(ErrorCode::kData, {"dir/t.csv:3:1: found \"two\nlines\", expected a number"}, [&] { row.number(0); });
  expect_error(ErrorCode::kData, {"dir/t.csv:4:8: found \"x\", expected a number"}, [&] { row.number(1); });
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.line(), 5u);
  expect_error(ErrorCode::kData, {"dir/t.csv:5:4: found \"y\", expected a number"}, [&] { row.number(1); });
  EXPECT_FALSE(row.next());
  EXPECT_FALSE(row.next());
}

TEST(Csv, PlacesCountFromAfterTheByteOrderMark) {
  expect_error(ErrorCode::kData, {"t.csv:1:3: ", "'a' again", "column 1"}, [] {
    parse_csv(
        "\xEF\xBB\xBF"
        "a,a\n1,2\n",
        "t.csv");
  });
}

// ---- bad input

void expect_refused(std::string text, std::initializer_list<std::string_view> parts,
                    ErrorCode code = ErrorCode::kData) {
  expect_error(code, parts, [&] { parse_csv(text, "t.csv"); });
}

TEST(CsvBadInput, NoFile) {
  expect_error(ErrorCode::kData, {"/no/such.csv: no such file", "check the path"}, [] { read_csv("/no/such.csv"); });
}

TEST(CsvBadInput, Folder) {
  const TempFolder folder;
  expect_error(ErrorCode::kData, {folder.path() + ": is a folder", "name a file"}, [&] { read_csv(folder.path()); });
}

TEST(CsvBadInput, Empty) {
  const TempFolder folder;
  const std::string path = folder.write("empty.csv", "");
  expect_error(ErrorCode::kData, {path + ": is empty", "expected a header"}, [&] { read_csv(path); });
  expect_refused("\n\n \n", {"t.csv: is empty"});
  expect_refused("\xEF\xBB\xBF", {"t.csv: is empty"});
}

TEST(CsvBadInput, HeaderOnly) {
  expect_refused("ds,y\n", {"t.csv: has a header (ds, y) but no rows", "expected data"});
  expect_refused("ds,y\n\n\n", {"no rows"});
}

TEST(CsvBadInput, Utf16) {
  using namespace std::string_literals;
  expect_refused(
      "\xFF\xFE"
      "d\0s\0"s,
      {"t.csv:1:1: found UTF-16", "iconv"});
  expect_refused("\xFE\xFF\0d\0s"s, {"t.csv:1:1: found UTF-16", "iconv"});
  expect_refused("d\0s\0,\0y\0\n\0"s, {"t.csv:1:1: found UTF-16", "iconv -f UTF-16LE"});
  expect_refused("\0d\0s\0,\0y\0\n"s, {"t.csv:1:1: found UTF-16", "iconv -f UTF-16BE"});
}

TEST(CsvBadInput, OtherFormats) {
  using namespace std::string_literals;
  const TempFolder folder;
  const std::string path = folder.write("data.csv.gz", "\x1f\x8b\x08\0\0\0"s);
  expect_error(ErrorCode::kData, {path + ":1:1: found gzip", "gunzip"}, [&] { read_csv(path); });
  expect_refused("PK\x03\x04xxxx", {"Excel", "CSV"});
  expect_refused("PAR1xxxx", {"Parquet", "CSV"});
  expect_refused("BZh9xxxx", {"bunzip2"});
  expect_refused("\x28\xB5\x2F\xFDxxxx", {"unzstd"});
  expect_refused(
      "\xFD"
      "7zXZ",
      {"unxz"});
}

TEST(CsvBadInput, NulByte) {
  using namespace std::string_literals;
  expect_refused("ds,y\n1,2\n3,\0\n"s, {"t.csv:3:3: found a NUL byte", "damaged"});
}

TEST(CsvBadInput, NotUtf8) {
  expect_refused("ds,temp\xE9rature\n1,2\n", {"t.csv:1:8: found byte 0xE9", "not UTF-8", "iconv"});
}

TEST(CsvBadInput, RaggedRow) {
  expect_refused("ds,y\n1,2\n3,4,5\n", {"t.csv:3:5: found 3 cells, expected 2", "(ds, y)", "quote"});
  expect_refused("ds,y\n1,2\n3\n", {"t.csv:3:1: found 1 cells, expected 2", "add the missing cells"});
  expect_refused("ds,y\n1,3,5\n", {"t.csv:2:5", "write 3.5 for 3,5"});
  expect_refused("ds;y\n1;2;3\n", {"t.csv:2:5: found 3 cells, expected 2", "delimiter"});
}

TEST(CsvBadInput, UnclosedQuote) {
  expect_refused("ds,y\n1,2\n3,\"4\n5,6\n7,8\n", {"t.csv:3:3: found a quote that is never closed", "add the closing"});
  expect_refused("ds,\"y\n1,2\n", {"t.csv:1:4: found a quote"});
  expect_refused("ds,y\n1,\"2\n3,\"4\n", {"t.csv:2:3: ", "ends on line 3", "close the quote"});
}

TEST(CsvBadInput, DuplicateColumn) {
  expect_refused("ds,y,x,y\n1,2,3,4\n", {"t.csv:1:8: found column 'y' again (also column 2", "rename"});
}

TEST(CsvBadInput, UnknownColumn) {
  const CsvTable table = parse_csv("Time,Demand,Temperature\n1,2,3\n", "t.csv");
  expect_error(ErrorCode::kData,
               {"t.csv: no column 'Demnad'; did you mean 'Demand'? columns: Time, Demand, Temperature"},
               [&] { table.column("Demnad"); });
  expect_error(ErrorCode::kData, {"t.csv: no column 'wind'; columns: Time, Demand, Temperature"},
               [&] { table.column("wind"); });
}

TEST(CsvBadInput, TooLarge) {
  const TempFolder folder;
  const std::string path = folder.write("long.csv", "ds,y\n1," + std::string(5000, '2') + "\n");
  expect_error(ErrorCode::kLimit, {path + ":2: a row of 5002 bytes, at most 1000"},
               [&] { read_csv(path, {.file = {.line_bytes = 1000}}); });
  expect_error(ErrorCode::kLimit, {path, "5008 bytes, more than the 4096 bytes allowed", "split"},
               [&] { read_csv(path, {.file = {.file_bytes = 4096}}); });
  EXPECT_EQ(read_csv(path, {.file = {.file_bytes = 5008}}).rows(), 1u);
  EXPECT_EQ(FileLimits{}.line_bytes, size_t{1} << 30);
  const std::string endless = folder.write("endless.csv", "ds,y\n" + std::string(3 << 20, '1'));
  expect_error(ErrorCode::kLimit, {endless + ":2:1: found a line of 2097152 bytes or more", "line breaks"},
               [&] { read_csv(endless, {.file = {.line_bytes = 2 << 20}}); });
  expect_error(ErrorCode::kLimit, {"t.csv:1: 5 columns, at most 4", "long form"},
               [] { parse_csv("a,b,c,d,e\n1,2,3,4,5\n", "t.csv", {.columns = 4}); });
  expect_error(ErrorCode::kLimit, {"t.csv:2: a row of 2", "is a quote missing"}, [] {
    parse_csv("a,b\n1,\"" + std::string(200, '\n') + "\"\n", "t.csv", {.file = {.line_bytes = 100}});
  });
  expect_refused(std::string(2000, 'x') + ",y\n1,2\n", {"t.csv:1:1: found a column name of 2000 bytes", "header"});
}

TEST(CsvBadInput, AFileLargerThanMemoryIsRefusedUnread) {
  const TempFolder folder;
  const std::string path = folder.write("huge.csv", "ds,y\n");
  std::filesystem::resize_file(path, uintmax_t{1} << 42);  // sparse: takes no disk
  expect_error(ErrorCode::kLimit, {path, "4398046511104 bytes"}, [&] { read_csv(path); });
}

TEST(Csv, ReadsAPipe) {
  const TempFolder folder;
  const std::string path = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string text = "ds,y\n";
  for (int i = 0; i < 300'000; ++i) text += fmt::format("{},{}\n", i, i % 7);
  std::thread writer([&] { std::ofstream(path) << text; });
  const CsvTable table = read_csv(path);
  writer.join();
  EXPECT_EQ(table.rows(), 300'000u);
  EXPECT_EQ(table.bytes(), text.size() - 1);  // without the last line end
}

// ---- properties

TEST(CsvProperty, WhatIsWrittenIsReadBack) {
  constexpr std::string_view kPieces[] = {"a",  "Z",    "0", ".", ",", ";", "\t", "\"", "\n",
                                          "\r", "\r\n", " ", "é", "€", "😀", "''", "#"};
  constexpr std::string_view kLineEnds[] = {"\n", "\r\n", "\r"};
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed, 0);
    const size_t columns = 1 + random.below(6), rows = 1 + random.below(8);
    const std::string delimiter(1, ",;\t"[columns == 1 ? 0 : random.below(3)]);
    const std::string_view line_end = kLineEnds[random.below(3)];
    const bool always_quote = random.below(4) == 0;
    std::string text = random.below(2) ? "\xEF\xBB\xBF" : "";
    for (size_t c = 0; c < columns; ++c) text += fmt::format("{}c{}", c ? delimiter : "", c);
    Rows expected(rows);
    for (std::vector<std::string>& row : expected) {
      text += line_end;
      for (size_t c = 0; c < columns; ++c) {
        std::string& cell = row.emplace_back();
        for (uint64_t n = random.below(6); n > 0; --n) cell += kPieces[random.below(std::size(kPieces))];
        std::string field = csv_escape(cell);
        if (field.empty() && (always_quote || columns == 1)) field = "\"\"";
        text += (c ? delimiter : "") + field;
      }
    }
    if (random.below(2)) text += line_end;
    EXPECT_EQ(rows_of(text), expected) << "seed " << seed << "\n" << text;
  }
}

TEST(CsvProperty, RandomBytesNeverCrash) {
  constexpr std::string_view kPieces = "a1,,;\"\"\n\n\r .é";
  size_t accepted = 0, refused = 0;
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random(seed, 1);
    std::string text;
    for (uint64_t n = random.below(40); n > 0; --n) text += kPieces[random.below(kPieces.size())];
    try {
      rows_of(text);
      ++accepted;
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kUsage);
      ++refused;
    }
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

TEST(CsvEscape, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_escape("plain text"), "plain text");
  EXPECT_EQ(csv_escape(""), "");
  EXPECT_EQ(csv_escape("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_escape("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_escape("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_escape(" x"), "\" x\"");
}

}  // namespace
}  // namespace elman
