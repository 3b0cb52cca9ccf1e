#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "data/file.h"

namespace elman {

struct CsvLimits {
  FileLimits file = {};
  size_t columns = size_t{1} << 18;
};

// A table with a header row (RFC 4180; the delimiter is found among comma, semicolon and tab). The bytes stay as read
// and rows are split anew by each CsvCursor, so the table costs the size of its file and nothing a cell.
class CsvTable {
 public:
  const std::string& path() const noexcept { return path_; }
  char delimiter() const noexcept { return delimiter_; }
  const std::vector<std::string>& header() const noexcept { return header_; }
  size_t columns() const noexcept { return header_.size(); }
  size_t rows() const noexcept { return rows_; }  // without the header
  size_t bytes() const noexcept { return text_.size(); }

  // Index of the column called `name`, or kNoColumn.
  size_t find(std::string_view name) const noexcept;
  // Index of the column called `name`; throws kData, naming the nearest column and all of them, and then `advice`.
  size_t column(std::string_view name, std::string_view advice = {}) const;
  // "a, b, c" (shortened when there are many), for messages.
  std::string column_list() const;

  static constexpr size_t kNoColumn = static_cast<size_t>(-1);

 private:
  friend class CsvCursor;
  friend CsvTable parse_csv(std::string text, std::string path, const CsvLimits& limits);

  std::string path_, text_;
  std::vector<std::string> header_;
  char delimiter_ = ',';
  size_t start_ = 0;  // offset of the first byte after a byte-order mark
  size_t rows_ = 0;
};

// Walks the rows of a table, which must outlive it: for (CsvCursor row(table); row.next();) use(row[0]);
// A cell is a view without quotes or surrounding blanks, valid until next().
class CsvCursor {
 public:
  explicit CsvCursor(const CsvTable& table) noexcept;
  CsvCursor(CsvCursor&&) = default;  // not copied: its cells may lie in `unescaped_`

  // Moves to the next row; false after the last. The first call gives the first row after the header.
  bool next();

  size_t size() const noexcept { return count_; }
  std::string_view operator[](size_t column) const noexcept { return cells_[column].text; }
  size_t line() const noexcept { return line_; }  // where the row starts, from 1

  // The cell as a number, NaN if missing; throws kData with the cell's place.
  double number(size_t column) const;
  // "path:line:column" of a cell; the column counts characters from 1.
  std::string place(size_t column) const;
  // Throws kData "path:line:column: {message}".
  [[noreturn]] void fail_at(size_t column, std::string_view message) const;

 private:
  friend CsvTable parse_csv(std::string text, std::string path, const CsvLimits& limits);
  struct Cell {
    std::string_view text;
    size_t offset;  // of the cell's first byte, its opening quote included
  };
  bool read_record(size_t max_cells);
  bool is_blank() const noexcept { return count_ == 1 && cells_[0].text.empty() && !quoted_; }
  std::string_view read_plain() noexcept;
  std::string_view read_quoted(bool keep);
  void end_record() noexcept;
  void check_length(size_t columns) const;
  std::string place_at(size_t offset) const;
  [[noreturn]] void fail_at_offset(size_t offset, std::string_view message) const;

  const CsvTable* table_;
  std::string_view text_;
  size_t offset_;         // of the next byte to read
  size_t record_ = 0;     // offset of this row
  size_t line_ = 0;       // of this row
  size_t next_line_ = 1;  // of the byte at offset_
  size_t count_ = 0;      // cells of this row; those beyond one more than the header's are counted, not kept
  bool quoted_ = false;   // whether a cell of this row is
  std::vector<Cell> cells_;
  std::deque<std::string> unescaped_;  // cells that held doubled quotes; a deque keeps their addresses
};

// Reads and checks the whole table: every row as long as the header, quotes closed, valid UTF-8, no NUL byte, column
// names distinct. Throws kData with file:line:column; kLimit for an oversized file, line or number of columns.
CsvTable read_csv(const std::string& path, const CsvLimits& limits = {});
// The same for text at hand; `path` is the name used in messages.
CsvTable parse_csv(std::string text, std::string path, const CsvLimits& limits = {});

// A field for a CSV file: quoted if it holds a comma, a quote, a line break or blanks at its ends.
std::string csv_escape(std::string_view field);

}  // namespace elman
