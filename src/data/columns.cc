#include "data/columns.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/number.h"
#include "data/time.h"

namespace elman {
namespace {

enum class Kind { kEmpty, kNumber, kDate, kText };

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> words) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return std::equal(name.begin(), name.end(), word.begin(), word.end(),
                      [&](char a, char b) { return lower(a) == b; });
  });
}

bool names_time(std::string_view name) noexcept {
  return is_any_of(name, {"ds", "timestamp", "date", "datetime", "time", "t", "step", "index", "period", "year",
                          "quarter", "month", "week", "day", "hour"});
}
bool names_id(std::string_view name) noexcept { return is_any_of(name, {"unique_id", "item_id"}); }
// Of text; numbers under these names may as well count the rows.
bool may_name_id(std::string_view name) noexcept { return is_any_of(name, {"id", "series_id", "series"}); }
bool names_target(std::string_view name) noexcept { return is_any_of(name, {"y", "target", "target_value"}); }

// What looks like a number counts as one even if it is not (3,5 or 1e400): reading it then says what is wrong.
Kind kind_of(std::string_view cell) {
  double value;
  const bool looks_numeric = cell.find_first_not_of("0123456789+-.,eE") == std::string_view::npos;
  if (parse_number(cell, value) == nullptr) return Kind::kNumber;
  if (TimeFormatDetector::is_date(cell)) return Kind::kDate;
  return looks_numeric && cell.find_first_of("0123456789") != std::string_view::npos ? Kind::kNumber : Kind::kText;
}

class ColumnFinder {
 public:
  ColumnFinder(const CsvTable& table, const SeriesOptions& options)
      : table_(table), options_(options), kinds_(table.columns()), taken_(table.columns()) {}

  Columns find() {
    check_header();
    look_at_cells();
    for (const std::string& name : options_.covariates) columns_.covariates.push_back(take(name, "a covariate"));
    if (!options_.target.empty())
      columns_.targets = {take(options_.target, "the target", "; choose another with --target")};
    if (!options_.id.empty()) columns_.id = take(options_.id, "the id", "; choose another with --id");
    if (!options_.time.empty()) columns_.time = take(options_.time, "the time", "; choose another with --time");
    else columns_.time = find_time();
    if (!columns_.id) find_id();
    if (columns_.targets.empty() && !options_.no_target) find_targets();
    columns_.layout = columns_.id ? Layout::kLong : columns_.targets.size() > 1 ? Layout::kWide : Layout::kSingle;
    for (size_t c = 0; c < table_.columns(); ++c) {
      if (is_free(c)) columns_.unused.push_back(c);
    }
    return std::move(columns_);
  }

 private:
  const std::string& header(size_t column) const { return table_.header()[column]; }
  bool is_free(size_t column) const { return !taken_[column]; }
  bool is_numeric(size_t column) const { return kinds_[column] == Kind::kNumber || kinds_[column] == Kind::kEmpty; }
  size_t take(size_t column) {
    taken_[column] = true;
    return column;
  }

  size_t take(const std::string& name, std::string_view role, std::string_view advice = {}) {
    const size_t column = table_.column(name, advice);
    if (!is_free(column))
      fail(ErrorCode::kUsage, "column '{}' cannot be {}: it has another part already; name each column once", name,
           role);
    return take(column);
  }

  // A table whose first row is all numbers and dates has lost its header.
  void check_header() const {
    const auto is_data = [](const std::string& name) {
      double value;
      return !name.empty() && (parse_number(name, value) == nullptr || TimeFormatDetector::is_date(name));
    };
    if (std::all_of(table_.header().begin(), table_.header().end(), is_data))
      fail(ErrorCode::kData, "{}:1:1: found {} for a column name, expected a header row; add one, such as ds,y",
           table_.path(), in_quotes(header(0)));
  }

  // A column is what its first cell that is not missing is.
  void look_at_cells() {
    constexpr size_t kRows = 1000;
    CsvCursor row(table_);
    for (size_t r = 0; r < kRows && row.next(); ++r) {
      for (size_t c = 0; c < table_.columns(); ++c) {
        if (kinds_[c] != Kind::kEmpty || is_missing(row[c])) continue;
        kinds_[c] = kind_of(row[c]);
      }
    }
  }

  // The first row with a value in the column, to blame in a message.
  CsvCursor example(size_t column) const {
    CsvCursor row(table_);
    while (row.next() && is_missing(row[column])) continue;
    return row;
  }

  template <class Predicate>
  std::optional<size_t> first(Predicate&& predicate) const {
    for (size_t c = 0; c < table_.columns(); ++c) {
      if (is_free(c) && predicate(c)) return c;
    }
    return std::nullopt;
  }

  size_t find_time() {
    const auto named = [&](size_t c) { return names_time(header(c)); };
    const auto dated = [&](size_t c) { return kinds_[c] == Kind::kDate; };
    if (const auto c = first([&](size_t i) { return named(i) && dated(i); })) return take(*c);
    if (const auto c = first(dated)) return take(*c);
    if (const auto c = first([&](size_t i) { return named(i) && kinds_[i] == Kind::kNumber; })) return take(*c);
    if (const auto c = first([&](size_t i) { return named(i) && kinds_[i] == Kind::kText; })) {
      const CsvCursor row = example(*c);
      row.fail_at(*c, fmt::format("found {} in column '{}', expected a time such as 2024-01-31 or 2024-01-31 14:30",
                                  in_quotes(row[*c]), header(*c)));
    }
    fail(ErrorCode::kData, "{}: found no column of times, expected one; name it with --time (columns: {})",
         table_.path(), table_.column_list());
  }

  void find_id() {
    if (const auto c = first([&](size_t i) { return names_id(header(i)); })) columns_.id = take(*c);
    else if (const auto text = first([&](size_t i) { return may_name_id(header(i)) && kinds_[i] == Kind::kText; }))
      columns_.id = take(*text);
  }

  void find_targets() {
    const bool conventional = columns_.id || is_any_of(header(columns_.time), {"ds", "timestamp"});
    if (conventional) {
      if (const auto c = first([&](size_t i) { return names_target(header(i)); }))
        return columns_.targets.push_back(take(*c));
    }
    std::vector<size_t> values;  // a column without a name holds row numbers
    for (size_t c = 0; c < table_.columns(); ++c) {
      if (is_free(c) && !header(c).empty() && !(columns_.id && !is_numeric(c))) values.push_back(c);
    }
    if (values.empty())
      fail(ErrorCode::kData,
           "{}: found no column to forecast beside the time '{}', expected one of numbers (columns: {})", table_.path(),
           header(columns_.time), table_.column_list());
    if (columns_.id && values.size() > 1)
      fail(ErrorCode::kData, "{}: found several columns of numbers beside the id '{}'; choose one with --target: {}",
           table_.path(), header(*columns_.id), names_of(Kind::kNumber));
    if (values.size() > 1) check_numeric(values);
    for (size_t c : values) columns_.targets.push_back(take(c));
  }

  void check_numeric(const std::vector<size_t>& values) const {
    for (size_t c : values) {
      if (is_numeric(c)) continue;
      const CsvCursor row = example(c);
      row.fail_at(c,
                  fmt::format("found {} in column '{}', expected numbers in every column beside the time; choose the "
                              "column to forecast with --target ({}), or name the column that tells series apart "
                              "with --id",
                              in_quotes(row[c]), header(c), names_of(Kind::kNumber)));
    }
  }

  std::string names_of(Kind kind) const {
    constexpr size_t kShown = 20;
    std::string names;
    size_t count = 0;
    for (size_t c = 0; c < table_.columns() && count <= kShown; ++c) {
      if (!is_free(c) || kinds_[c] != kind) continue;
      names += (names.empty() ? "" : ", ") + (count < kShown ? header(c) : "…");
      ++count;
    }
    return names.empty() ? "none holds numbers" : names;
  }

  const CsvTable& table_;
  const SeriesOptions& options_;
  std::vector<Kind> kinds_;
  std::vector<bool> taken_;
  Columns columns_;
};

}  // namespace

Columns find_columns(const CsvTable& table, const SeriesOptions& options) {
  return ColumnFinder(table, options).find();
}

}  // namespace elman
