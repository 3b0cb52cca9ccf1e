#pragma once

#include <string>
#include <vector>

#include "data/csv.h"

namespace elman {

// More different texts than this in one column are no categories.
inline constexpr size_t kMostCategories = 64;

// Of each column the texts it holds, in order of appearance; none where its first cell that is not missing is a number,
// or TRUE or FALSE. Throws kData when there are too many.
std::vector<std::vector<std::string>> find_categories(const CsvTable& table, const std::vector<size_t>& columns);
// A text that is none of a column's categories.
struct UnseenCategory {
  std::string text, place;  // "path:line:column" of the first cell that holds it
};

// The index of a cell among the categories, NaN if it is missing. A text that is none of them joins `unseen`, whose
// indices follow theirs; when that holds kMostCategories, a new one is NaN too.
double category(const CsvCursor& row, size_t column, const std::vector<std::string>& categories,
                std::vector<UnseenCategory>& unseen);
// A number, 1 for TRUE, 0 for FALSE, NaN if missing; throws kData with the cell's place.
double number_or_truth(const CsvCursor& row, size_t column);

}  // namespace elman
