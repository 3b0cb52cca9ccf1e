#include "data/csv.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "data/number.h"
#include "data/utf8.h"

namespace elman {
namespace {

constexpr size_t kLongestName = 1000;
constexpr std::array<char, 3> kDelimiters = {',', ';', '\t'};

// The delimiter that splits the first rows most evenly: as often in each as in the header, and often.
char find_delimiter(std::string_view text) {
  constexpr size_t kRows = 10;
  std::array<std::array<size_t, kRows>, kDelimiters.size()> counts{};
  size_t row = 0, used = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size() && row < kRows; ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') {
      row += used > 0;  // blank lines and the second half of CRLF do not count
      used = 0;
      continue;
    }
    ++used;
    for (size_t d = 0; d < kDelimiters.size(); ++d) counts[d][row] += c == kDelimiters[d];
  }
  const size_t rows = std::min(row + (used > 0), kRows);
  const auto score = [&](size_t d) {  // even ones first, then the most frequent
    const auto same = std::count(counts[d].begin(), counts[d].begin() + rows, counts[d][0]);
    return std::pair(counts[d][0] > 0 && same == static_cast<ptrdiff_t>(rows), counts[d][0]);
  };
  size_t best = 0;
  for (size_t d = 1; d < kDelimiters.size(); ++d) {
    if (score(d) > score(best)) best = d;
  }
  return kDelimiters[best];
}

void check_characters(std::string_view text, const std::string& path) {
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    fail(ErrorCode::kData, "{}: found a NUL byte, expected text; is the file damaged or binary?",
         place_of(path, text, nul));
  if (const size_t invalid = find_invalid_utf8(text); invalid != std::string_view::npos)
    fail(ErrorCode::kData, "{}: found byte 0x{:02X}, which is not UTF-8; convert the file: iconv -f LATIN1 -t UTF-8",
         place_of(path, text, invalid), static_cast<unsigned char>(text[invalid]));
}

// Throws if two columns share a name; `row` is the header.
void check_distinct(const CsvCursor& row, const std::vector<std::string>& header) {
  std::vector<size_t> order(header.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return header[a] < header[b]; });
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t first = order[i - 1], second = order[i];
    if (header[first] == header[second])
      row.fail_at(second,
                  fmt::format("found column '{}' again (also column {} of the header), expected distinct names; "
                              "rename or remove one",
                              header[second], first + 1));
  }
}

}  // namespace

size_t CsvTable::find(std::string_view name) const noexcept {
  const auto found = std::find(header_.begin(), header_.end(), name);
  return found == header_.end() ? kNoColumn : static_cast<size_t>(found - header_.begin());
}

size_t CsvTable::column(std::string_view name, std::string_view advice) const {
  const size_t found = find(name);
  if (found != kNoColumn) return found;
  const std::vector<std::string_view> names(header_.begin(), header_.end());
  fail(ErrorCode::kData, "{}: no column '{}'{}{}", path_, name, suggest(name, names, "columns: " + column_list()),
       advice);
}

std::string CsvTable::column_list() const {
  constexpr size_t kShown = 20;
  const size_t shown = std::min(header_.size(), kShown);
  std::string list = fmt::format("{}", fmt::join(header_.begin(), header_.begin() + shown, ", "));
  if (shown < header_.size()) list += fmt::format(" and {} more", header_.size() - shown);
  return list;
}

CsvCursor::CsvCursor(const CsvTable& table) noexcept : table_(&table), text_(table.text_), offset_(table.start_) {}

bool CsvCursor::next() {
  const size_t columns = table_->columns();
  if (line_ == 0) {  // the header, already checked
    do read_record(columns + 1);
    while (is_blank());
  }
  // A blank line is a row only where a row may be one empty cell.
  do {
    if (!read_record(columns + 1)) return false;
  } while (columns > 1 && is_blank());
  return true;
}

bool CsvCursor::read_record(size_t max_cells) {
  if (offset_ >= text_.size()) return false;
  record_ = offset_;
  line_ = next_line_;
  count_ = 0;
  quoted_ = false;
  cells_.clear();
  if (!unescaped_.empty()) unescaped_.clear();
  const char delimiter = table_->delimiter_;
  for (;; ++offset_) {  // past the delimiter
    while (offset_ < text_.size() && text_[offset_] == ' ') ++offset_;
    const size_t start = offset_;
    const bool quoted = offset_ < text_.size() && text_[offset_] == '"';
    const std::string_view cell = quoted ? read_quoted(count_ < max_cells) : read_plain();
    if (count_++ < max_cells) cells_.push_back({cell, start});
    if (offset_ >= text_.size() || text_[offset_] != delimiter) break;
  }
  end_record();
  return true;
}

std::string_view CsvCursor::read_plain() noexcept {
  const size_t start = offset_;
  const char delimiter = table_->delimiter_;
  const char* at = text_.data() + offset_;
  const char* const end = text_.data() + text_.size();
  while (at != end && *at != delimiter && *at != '\n' && *at != '\r') ++at;
  offset_ = static_cast<size_t>(at - text_.data());
  return trim(text_.substr(start, offset_ - start));
}

std::string_view CsvCursor::read_quoted(bool keep) {
  quoted_ = true;
  const size_t open = offset_++;
  std::string* unescaped = nullptr;
  size_t start = offset_;
  for (;;) {
    const size_t quote = text_.find('"', offset_);
    if (quote == std::string_view::npos)
      fail_at_offset(open, "found a quote that is never closed; add the closing quote, or remove this one");
    offset_ = quote + 1;
    const bool doubled = offset_ < text_.size() && text_[offset_] == '"';
    if (!doubled) break;
    if (!keep) {
      ++offset_;
      continue;
    }
    if (!unescaped) unescaped = &unescaped_.emplace_back();
    unescaped->append(text_, start, offset_ - start);
    start = ++offset_;
  }
  std::string_view cell = text_.substr(start, offset_ - 1 - start);
  if (unescaped) cell = unescaped->append(cell);
  next_line_ += count_line_breaks(text_.substr(open, offset_ - open));
  while (offset_ < text_.size() && text_[offset_] == ' ') ++offset_;
  const bool ends = offset_ >= text_.size() || text_[offset_] == table_->delimiter_ || text_[offset_] == '\n' ||
                    text_[offset_] == '\r';
  if (!ends)
    fail_at_offset(open, fmt::format("found a quoted cell that ends on line {} and goes on with other text, expected a "
                                     "delimiter; close the quote, and double a quote within it",
                                     next_line_));
  return cell;
}

void CsvCursor::end_record() noexcept {
  if (offset_ >= text_.size()) return;
  const bool crlf = text_[offset_] == '\r' && offset_ + 1 < text_.size() && text_[offset_ + 1] == '\n';
  offset_ += crlf ? 2 : 1;
  ++next_line_;
}

double CsvCursor::number(size_t column) const {
  double value;
  const char* const expected = parse_number((*this)[column], value);
  if (expected) fail_at(column, fmt::format("found {}, {}", in_quotes((*this)[column]), expected));
  return value;
}

std::string CsvCursor::place(size_t column) const { return place_at(cells_[column].offset); }

void CsvCursor::fail_at(size_t column, std::string_view message) const {
  fail_at_offset(cells_[column].offset, message);
}

std::string CsvCursor::place_at(size_t offset) const {
  const size_t start = record_ == 0 ? table_->start_ : record_;
  return place_of(table_->path_, text_, offset, start, line_);
}

void CsvCursor::fail_at_offset(size_t offset, std::string_view message) const {
  fail(ErrorCode::kData, "{}: {}", place_at(offset), message);
}

void CsvCursor::check_length(size_t columns) const {
  if (count_ == columns) return;
  const bool longer = count_ > columns;
  const std::string_view advice = !longer                     ? "add the missing cells, empty if unknown"
                                  : table_->delimiter_ == ',' ? "quote text that holds a comma, and write 3.5 for 3,5"
                                                              : "quote text that holds the delimiter";
  fail_at(longer ? columns : 0, fmt::format("found {} cells, expected {} as in the header ({}); {}", count_, columns,
                                            table_->column_list(), advice));
}

CsvTable read_csv(const std::string& path, const CsvLimits& limits) {
  return parse_csv(read_text_file(path, limits.file), path, limits);
}

CsvTable parse_csv(std::string text, std::string path, const CsvLimits& limits) {
  check_is_text(text, path);
  check_characters(text, path);
  text.resize(text.find_last_not_of("\r\n ") + 1);  // trailing blank lines
  CsvTable table;
  table.path_ = std::move(path);
  table.text_ = std::move(text);
  table.start_ = table.text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  table.delimiter_ = find_delimiter(std::string_view(table.text_).substr(table.start_));

  CsvCursor row(table);
  do {
    if (!row.read_record(limits.columns))
      fail(ErrorCode::kData, "{}: is empty, expected a header row and rows of data", table.path_);
  } while (row.is_blank());
  if (row.size() > limits.columns)
    fail(ErrorCode::kLimit, "{}:{}: {} columns, at most {} are allowed; write the table in long form: unique_id,ds,y",
         table.path_, row.line(), row.size(), limits.columns);
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i].size() > kLongestName)
      row.fail_at(i, fmt::format("found a column name of {} bytes, expected at most {}; is the header row missing?",
                                 row[i].size(), kLongestName));
    table.header_.emplace_back(row[i]);
  }
  check_distinct(row, table.header_);

  for (; row.next(); ++table.rows_) {
    row.check_length(table.columns());
    if (row.offset_ - row.record_ >= limits.file.line_bytes)
      fail(ErrorCode::kLimit, "{}:{}: a row of {} bytes, at most {} are allowed; is a quote missing?", table.path_,
           row.line(), row.offset_ - row.record_, limits.file.line_bytes);
  }
  if (table.rows_ == 0)
    fail(ErrorCode::kData, "{}: has a header ({}) but no rows, expected data below it", table.path_,
         table.column_list());
  return table;
}

std::string csv_escape(std::string_view field) {
  const bool blank_ends = !field.empty() && trim(field).size() != field.size();
  if (!blank_ends && field.find_first_of(",;\t\"\r\n") == std::string_view::npos) return std::string(field);
  std::string quoted = "\"";
  for (char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace elman
