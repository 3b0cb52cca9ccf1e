#include "data/categories.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "data/number.h"

namespace elman {
namespace {

bool is_true(std::string_view cell) noexcept { return cell == "TRUE" || cell == "True" || cell == "true"; }
bool is_false(std::string_view cell) noexcept { return cell == "FALSE" || cell == "False" || cell == "false"; }

bool is_number(std::string_view cell) {
  double value;
  return is_true(cell) || is_false(cell) || parse_number(cell, value) == nullptr;
}

std::vector<std::string> categories_of(const CsvTable& table, size_t column) {
  std::vector<std::string> categories;
  for (CsvCursor row(table); row.next();) {
    const std::string_view cell = row[column];
    if (is_missing(cell)) continue;
    if (categories.empty() && is_number(cell)) return {};
    if (std::find(categories.begin(), categories.end(), cell) != categories.end()) continue;
    if (categories.size() == kMostCategories)
      row.fail_at(column, fmt::format("found {}, the {}th text in column '{}', expected at most {} categories, or "
                                      "numbers; leave the column out or group its values",
                                      in_quotes(cell), kMostCategories + 1, table.header()[column], kMostCategories));
    categories.emplace_back(cell);
  }
  return categories;
}

}  // namespace

std::vector<std::vector<std::string>> find_categories(const CsvTable& table, const std::vector<size_t>& columns) {
  std::vector<std::vector<std::string>> categories;
  categories.reserve(columns.size());
  for (const size_t column : columns) categories.push_back(categories_of(table, column));
  return categories;
}

double category(const CsvCursor& row, size_t column, const std::vector<std::string>& categories,
                std::vector<UnseenCategory>& unseen) {
  const std::string_view cell = row[column];
  if (is_missing(cell)) return NAN;
  const auto known = std::find(categories.begin(), categories.end(), cell);
  if (known != categories.end()) return static_cast<double>(known - categories.begin());
  const auto met = std::find_if(unseen.begin(), unseen.end(), [&](const auto& other) { return other.text == cell; });
  const auto index = categories.size() + static_cast<size_t>(met - unseen.begin());
  if (met == unseen.end()) {
    if (unseen.size() == kMostCategories) return NAN;
    unseen.push_back({std::string(cell), row.place(column)});
  }
  return static_cast<double>(index);
}

double number_or_truth(const CsvCursor& row, size_t column) {
  if (is_true(row[column])) return 1;
  return is_false(row[column]) ? 0 : row.number(column);
}

}  // namespace elman
