#include "data/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "data/categories.h"
#include "data/columns.h"
#include "data/number.h"

namespace elman {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kSeriesBytes = 384;  // a series costs about this much besides its values

// What the first passes learn about the rows that share a time axis: those of one id, or the whole table.
struct Track {
  Time first = 0, last = 0;
  size_t last_line = 0, rows = 0;
  size_t next_step = 0, pending_gaps = 0;  // while filling: after the last row; that no value has followed so far
};

// Steps up to the last value.
size_t observed_steps(const Series& series) {
  const auto observed = [](double v) { return !std::isnan(v); };
  return static_cast<size_t>(series.values.rend() -
                             std::find_if(series.values.rbegin(), series.values.rend(), observed));
}

// Reads a table in three passes over its rows (formats, axes, values), so that nothing is kept for each row.
class SeriesLoader {
 public:
  SeriesLoader(const CsvTable& table, const SeriesOptions& options)
      : table_(table), options_(options), columns_(find_columns(table, options)) {
    set_.path = table.path();
    set_.layout = columns_.layout;
    set_.time_column = table.header()[columns_.time];
    if (columns_.id) set_.id_column = table.header()[*columns_.id];
    if (columns_.targets.size() == 1) set_.target_column = table.header()[columns_.targets[0]];
    for (size_t c : columns_.covariates) set_.covariate_columns.push_back(table.header()[c]);
    for (size_t c : columns_.unused) set_.unused_columns.push_back(table.header()[c]);
    set_.rows = table.rows();
  }

  SeriesSet load() {
    find_time_format();
    find_tracks(options_.frequency);
    check_memory(count_values());
    set_.categories = options_.categories ? *options_.categories : find_categories(table_, columns_.covariates);
    set_.unseen.resize(set_.categories.size());
    allocate();
    fill();
    count_empty();
    end_at_last_values();
    return std::move(set_);
  }

 private:
  void find_time_format();
  void find_tracks(const std::optional<Frequency>& frequency);
  void check_order(const CsvCursor& row, const Track& track, Time time) const;
  void allocate();
  void fill();
  void fill_values(const CsvCursor& row, size_t track, size_t step);
  void count_empty();
  void end_at_last_values();

  size_t track_of(const CsvCursor& row);
  Time time_of(const CsvCursor& row) const;
  double covariate(const CsvCursor& row, size_t c);
  size_t series_of(size_t track, size_t target) const noexcept { return columns_.id ? track : target; }
  size_t series_a_track() const noexcept { return std::max<size_t>(columns_.targets.size(), 1); }
  size_t steps(const Track& track) const noexcept;
  double count_values() const noexcept;
  void check_memory(double values) const;

  const CsvTable& table_;
  const SeriesOptions& options_;
  const Columns columns_;
  SeriesSet set_;
  std::vector<Track> tracks_;
  std::vector<size_t> pending_missing_;  // of each series, while filling: that no value has followed so far
  std::vector<std::string> ids_;
  std::unordered_map<std::string, size_t> track_by_id_;
  size_t id_bytes_ = 0;
  std::string last_id_;  // rows of a series mostly stand together
  size_t last_track_ = 0;
};

void SeriesLoader::find_time_format() {
  TimeFormatDetector detector;
  std::string first;
  for (CsvCursor row(table_); row.next();) {
    const std::string_view cell = row[columns_.time];
    if (detector.add(cell)) {
      if (first.empty()) first = fmt::format("{} on line {}", in_quotes(cell), row.line());
      continue;
    }
    if (is_missing(cell))
      row.fail_at(columns_.time, "found no time, expected one in every row; add it or remove the row");
    const std::string expected =
        first.empty() ? "a time such as 2024-01-31, 2024-01-31 14:30, 2024-01 or an integer; rewrite the column"
                      : "an existing time written like " + first + "; write all times in one format";
    row.fail_at(columns_.time, fmt::format("found {}, expected {}", in_quotes(cell), expected));
  }
  const bool years = set_.time_column.find("ear") != std::string::npos;  // Year, year, model_year…
  if (const std::optional<TimeFormat> format = detector.finish(years)) {
    set_.time_format = *format;
    return;
  }
  CsvCursor row(table_);
  row.next();
  row.fail_at(columns_.time,
              fmt::format("found {}, which may have the day or the month first, and no row decides; write "
                          "dates as YYYY-MM-DD",
                          in_quotes(row[columns_.time])));
}

Time SeriesLoader::time_of(const CsvCursor& row) const {
  const std::optional<Time> time = parse_time(row[columns_.time], set_.time_format);
  if (!time) row.fail_at(columns_.time, fmt::format("found {}, expected a time", in_quotes(row[columns_.time])));
  return *time;
}

// The track that the row belongs to, a new one at a new id.
size_t SeriesLoader::track_of(const CsvCursor& row) {
  if (!columns_.id) {
    if (tracks_.empty()) tracks_.emplace_back();
    return 0;
  }
  const std::string_view id = row[*columns_.id];
  if (!tracks_.empty() && id == last_id_) return last_track_;
  if (id.empty()) row.fail_at(*columns_.id, "found no id, expected the name of a series in every row; add it");
  last_id_ = id;
  const auto [found, is_new] = track_by_id_.try_emplace(last_id_, tracks_.size());
  if (is_new) {
    tracks_.emplace_back();
    ids_.push_back(last_id_);
    id_bytes_ += 2 * id.size();
    check_memory(0);
  }
  return last_track_ = found->second;
}

void SeriesLoader::check_order(const CsvCursor& row, const Track& track, Time time) const {
  if (track.rows == 0 || time > track.last) return;
  const std::string series = columns_.id ? fmt::format(" in series '{}'", row[*columns_.id]) : "";
  const std::string_view found = row[columns_.time];
  const bool clock = !set_.time_format.is_integer() && track.last - time <= 3 * kHour &&
                     set_.time_format.pattern.find('H') != std::string::npos;
  std::string advice = clock ? "; where clocks were set back, write the times in UTC" : "";
  if (!columns_.id && !columns_.unused.empty())
    advice += "; if the table holds several series, name their column with --id";
  if (time == track.last)
    row.fail_at(columns_.time,
                fmt::format("found the time {} again{} (also on line {}), expected each time once; remove one row{}",
                            in_quotes(found), series, track.last_line, advice));
  row.fail_at(columns_.time,
              fmt::format("found the time {} after {}{} (line {}), expected increasing times; sort the rows by time{}",
                          in_quotes(found), in_quotes(format_time(track.last, set_.time_format)), series,
                          track.last_line, advice));
}

void SeriesLoader::find_tracks(const std::optional<Frequency>& frequency) {
  FrequencyFinder finder(set_.time_format.is_integer());
  bool pairs = false;
  for (CsvCursor row(table_); row.next();) {
    const Time time = time_of(row);
    Track& track = tracks_[track_of(row)];
    check_order(row, track, time);
    if (track.rows == 0) {
      track.first = time;
    } else if (!frequency) {
      finder.add(track.last, time);
      pairs = true;
    }
    track.last = time;
    track.last_line = row.line();
    ++track.rows;
  }
  const std::optional<Frequency> found = frequency ? frequency : finder.find();
  if (found && (found->unit == Frequency::Unit::kSteps) != set_.time_format.is_integer())
    fail(ErrorCode::kData, "{}: found {} in column '{}', expected {} ({})", table_.path(),
         set_.time_format.is_integer() ? "integers" : "dates", set_.time_column,
         set_.time_format.is_integer() ? "dates" : "integers", found->describe());
  if (found) {
    set_.frequency = *found;
    return;
  }
  if (!pairs)
    fail(ErrorCode::kData, "{}: found a single row{}, expected at least two to tell the step of the times; add data",
         table_.path(), columns_.id ? " in each series" : "");
  fail(ErrorCode::kData,
       "{}: found irregular times in column '{}', expected one step between rows (gaps are fine); resample the table "
       "first",
       table_.path(), set_.time_column);
}

size_t SeriesLoader::steps(const Track& track) const noexcept {
  return static_cast<size_t>(set_.frequency.steps_between(track.first, track.last)) + 1;
}

double SeriesLoader::count_values() const noexcept {
  double total = 0;  // may be beyond any integer
  for (const Track& track : tracks_) total += static_cast<double>(steps(track));
  return total * static_cast<double>(series_a_track() * (1 + columns_.covariates.size()));
}

// Keeps the promise that memory stays within 4 times the file plus 64 MiB: the table itself is one of the four, and a
// quarter of the 64 MiB is left to the rest of the program.
void SeriesLoader::check_memory(double values) const {
  const size_t series = std::max(tracks_.size(), series_a_track());
  const double bytes = values * sizeof(double) + static_cast<double>(series * kSeriesBytes + id_bytes_);
  const double limit = 3.0 * static_cast<double>(table_.bytes()) + 0.75 * 0x1p26;
  if (bytes <= limit) return;
  const std::string axis = values > 0
                               ? fmt::format(" on a grid of {:.0f} values ({})", values, set_.frequency.describe())
                               : fmt::format(" by the column '{}'", set_.id_column);
  fail(ErrorCode::kLimit,
       "{}: found {} series{} in {} rows, which takes over 4 times the file's memory; are times and ids right?",
       table_.path(), series, axis, table_.rows());
}

void SeriesLoader::allocate() {
  const size_t count = columns_.id ? tracks_.size() : series_a_track();
  set_.series.resize(count);
  pending_missing_.resize(count);
  for (size_t s = 0; s < count; ++s) {
    Series& series = set_.series[s];
    const Track& track = tracks_[columns_.id ? s : 0];
    if (columns_.id) series.id = std::move(ids_[s]);
    else if (!columns_.targets.empty()) series.id = table_.header()[columns_.targets[s]];
    series.start = track.first;
    if (!columns_.targets.empty()) series.values.assign(steps(track), kMissing);
    series.covariates.assign(columns_.covariates.size(), std::vector<double>(steps(track), kMissing));
  }
}

double SeriesLoader::covariate(const CsvCursor& row, size_t c) {
  const size_t column = columns_.covariates[c];
  const std::vector<std::string>& categories = set_.categories[c];
  return categories.empty() ? number_or_truth(row, column) : category(row, column, categories, set_.unseen[c]);
}

void SeriesLoader::fill() {
  for (CsvCursor row(table_); row.next();) {
    const size_t track = track_of(row);
    const Time time = time_of(row);
    const std::optional<int64_t> step = set_.frequency.index_of(tracks_[track].first, time);
    if (!step)
      row.fail_at(columns_.time,
                  fmt::format("found the time {}, which is off the grid ({} from {}), expected a regular step; correct "
                              "it, or resample the table",
                              in_quotes(row[columns_.time]), set_.frequency.describe(),
                              in_quotes(format_time(tracks_[track].first, set_.time_format))));
    const size_t index = static_cast<size_t>(*step);
    fill_values(row, track, index);
    for (size_t t = 0; t < series_a_track(); ++t)
      for (size_t c = 0; c < columns_.covariates.size(); ++c)
        set_.series[series_of(track, t)].covariates[c][index] = covariate(row, c);
  }
}

// Steps without a value are counted once a value follows: at the end of a series they are its future.
void SeriesLoader::fill_values(const CsvCursor& row, size_t track, size_t step) {
  Track& axis = tracks_[track];
  axis.pending_gaps += step - axis.next_step;
  axis.next_step = step + 1;
  for (size_t t = 0; t < columns_.targets.size(); ++t) {
    const double value = row.number(columns_.targets[t]);
    const size_t s = series_of(track, t);
    set_.series[s].values[step] = value;
    ++pending_missing_[s];
    if (std::isnan(value)) continue;
    set_.missing += std::exchange(pending_missing_[s], 0) - 1;
    set_.gaps += std::exchange(axis.pending_gaps, 0);
  }
}

void SeriesLoader::count_empty() {
  if (columns_.targets.empty()) return;
  for (size_t s = 0; s < set_.series.size(); ++s) {
    if (observed_steps(set_.series[s]) > 0) continue;
    ++set_.empty_series;
    set_.missing += pending_missing_[s];
    if (columns_.id) set_.gaps += tracks_[s].pending_gaps;
  }
  if (set_.empty_series < set_.series.size()) return;
  const std::string where = set_.target_column.empty() ? "its columns" : fmt::format("column '{}'", set_.target_column);
  fail(ErrorCode::kData,
       "{}: {} found without a single value, expected numbers; choose another with --target (columns: {})",
       table_.path(), where, table_.column_list());
}

// Steps at the end of a series without a value are no missing values of it, but its future: forecasts begin there.
void SeriesLoader::end_at_last_values() {
  for (Series& series : set_.series) {
    const size_t observed = observed_steps(series), after = series.values.size() - observed;
    if (observed == 0 || after == 0) continue;  // where nothing was observed, nothing ends
    series.values.resize(observed);
    size_t& most = options_.future_rows ? set_.future_steps : set_.steps_left_out;
    most = std::max(most, after);
    set_.series_cut += !options_.future_rows;
  }
}

// "no gaps", "1 gap", "2 gaps".
std::string counted(size_t count, std::string_view noun) {
  return count == 0 ? fmt::format("no {}s", noun) : fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// The first few texts.
std::string shown(const std::vector<UnseenCategory>& unseen) {
  constexpr size_t kMost = 3;
  std::string text;
  for (size_t i = 0; i < std::min(unseen.size(), kMost); ++i)
    text += fmt::format("{}{}", i ? ", " : "", in_quotes(unseen[i].text));
  return unseen.size() > kMost ? text + ", …" : text;
}

}  // namespace

std::string SeriesSet::time_text(size_t s, int64_t index) const {
  return format_time(frequency.time_at(series[s].start, index), time_format);
}

std::string SeriesSet::summary() const {
  const auto [shortest, longest] = std::minmax_element(
      series.begin(), series.end(), [](const Series& a, const Series& b) { return a.values.size() < b.values.size(); });
  std::string lengths = std::to_string(shortest->values.size());
  if (longest->values.size() > shortest->values.size()) lengths += fmt::format(" to {}", longest->values.size());
  std::string text = fmt::format("{}: {} series{}, {} steps{}, {}; {}, {}", path, series.size(),
                                 id_column.empty() ? "" : " by " + id_column, lengths, series.size() > 1 ? " each" : "",
                                 frequency.describe(), counted(gaps, "gap"), counted(missing, "missing value"));
  if (future_steps > 0) text += fmt::format("; {} of the future", counted(future_steps, "step"));
  if (steps_left_out > 0)
    text +=
        fmt::format(", {}{} without a value at the end{}, left out", series.size() > 1 ? "up to " : "",
                    counted(steps_left_out, "step"), series.size() > 1 ? fmt::format(" of {} series", series_cut) : "");
  for (size_t c = 0; c < unseen.size(); ++c)
    if (!unseen[c].empty())
      text += fmt::format("; {} of '{}' not known from training ({}), taken as missing",
                          unseen[c].size() == 1 ? "1 category" : fmt::format("{} categories", unseen[c].size()),
                          covariate_columns[c], shown(unseen[c]));
  if (empty_series > 0) text += fmt::format(", {} series without any value", empty_series);
  return text;
}

size_t SeriesSet::season_length() const {
  if (frequency.unit != Frequency::Unit::kSteps) return frequency.season_length();
  std::vector<std::span<const double>> values;
  for (const Series& one : series) values.emplace_back(one.values);
  return detect_season(values);
}

Series last_values(const Series& series, const Frequency& frequency, size_t length) {
  Series end = series;
  if (series.values.size() <= length) return end;
  const auto cut = static_cast<ptrdiff_t>(series.values.size() - length);
  end.values.erase(end.values.begin(), end.values.begin() + cut);
  for (auto& covariate : end.covariates) covariate.erase(covariate.begin(), covariate.begin() + cut);
  end.start = frequency.time_at(series.start, cut);
  return end;
}

SeriesSet load_series(const CsvTable& table, const SeriesOptions& options) {
  return SeriesLoader(table, options).load();
}

SeriesSet load_series(const std::string& path, const SeriesOptions& options) {
  return load_series(read_csv(path), options);
}

}  // namespace elman
