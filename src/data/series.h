#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/categories.h"
#include "data/csv.h"
#include "data/frequency.h"
#include "data/time.h"

namespace elman {

// One series on a regular time grid; what was not observed is NaN.
struct Series {
  std::string id;
  Time start = 0;
  std::vector<double> values;  // [length]
  // [SeriesSet::covariate_columns][length or more], NaN where not given. More: what is known of the time after the last
  // value.
  std::vector<std::vector<double>> covariates;
};

// The series from its last `length` values on, and what is known after them.
Series last_values(const Series& series, const Frequency& frequency, size_t length);

// Which columns to read; an empty name means: find it.
struct SeriesOptions {
  std::string target = {}, time = {}, id = {};
  std::vector<std::string> covariates = {};  // read beside the target: numbers, TRUE and FALSE, or categories
  // Of each covariate, if given: see SeriesSet::categories. What is not among them is unseen, and counts as missing.
  std::optional<std::vector<std::vector<std::string>>> categories = {};
  bool no_target = false;  // the table holds covariates alone; series come without values
  // The last rows of a series, where it has no value, tell what is known of its future; otherwise they are left out.
  bool future_rows = false;
  std::optional<Frequency> frequency = {};  // a known one, such as a model's, instead of inferring it
};

enum class Layout {
  kSingle,  // a time and a value a row
  kLong,    // an id, a time and a value a row
  kWide,    // a time and a value of every series a row
};

// All series of a table, with what was found out about it.
struct SeriesSet {
  std::string path;
  Layout layout = Layout::kSingle;
  std::string id_column, time_column, target_column;  // "" where there is none (target: a wide table)
  std::vector<std::string> covariate_columns;
  // Of each covariate that is text: its values, in order of appearance; Series::covariates then hold their indices.
  std::vector<std::vector<std::string>> categories;
  // Of each covariate: texts found that are none of its given categories; their indices follow those.
  std::vector<std::vector<UnseenCategory>> unseen;
  std::vector<std::string> unused_columns;
  TimeFormat time_format;
  Frequency frequency;
  std::vector<Series> series;  // in order of first appearance

  size_t rows = 0;  // read from the table
  // Of gaps and missing values only those that a value follows, and all of series without a single one.
  size_t gaps = 0;          // grid steps without a row, now NaN
  size_t missing = 0;       // values that a row leaves empty or writes as NaN, NA…
  size_t empty_series = 0;  // series without a single value
  size_t future_steps = 0;  // at most known after the last value of a series; see SeriesOptions::future_rows
  // Without them: steps at most after the last value of a series, and how many series have such.
  size_t steps_left_out = 0, series_cut = 0;

  // The time of step `index` of series `s`, which may lie beyond its end, as the input writes times.
  std::string time_text(size_t s, int64_t index) const;
  // "m4.csv: 414 series by unique_id, 700 to 960 steps each, step 1; no gaps, no missing values": what a user wants
  // confirmed.
  std::string summary() const;
  // The frequency's season; on an integer axis the season that the data itself shows.
  size_t season_length() const;
};

// Reads a table in any of the layouts. Long form is recognised by the names unique_id,ds,y or item_id,timestamp,
// target|target_value, by text under id, series_id or series, or by `options.id`. Else the first column of times is the
// time and every other column a series (just one with `options.target`). Throws kData, naming file, line, column and
// what to do: unknown column, text for a number, mixed or ambiguous date formats, times that repeat or go back,
// irregular times, no value at all; kLimit if the grid would take more than 4 times the file plus 64 MiB.
SeriesSet load_series(const std::string& path, const SeriesOptions& options = {});
SeriesSet load_series(const CsvTable& table, const SeriesOptions& options = {});

}  // namespace elman
