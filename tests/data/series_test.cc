#include "data/series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/expect_error.h"

namespace elman {
namespace {

using Unit = Frequency::Unit;
using Values = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

SeriesSet load(std::string text, const SeriesOptions& options = {}) {
  return load_series(parse_csv(std::move(text), "t.csv"), options);
}

void expect_values(const Values& found, const Values& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) EXPECT_TRUE(std::isnan(found[i])) << i;
    else EXPECT_EQ(found[i], expected[i]) << i;
  }
}

void expect_refused(std::string text, std::initializer_list<std::string_view> parts, const SeriesOptions& options = {},
                    ErrorCode code = ErrorCode::kData) {
  expect_error(code, parts, [&] { load(text, options); });
}

// ---- layouts

TEST(SeriesLayout, Single) {
  const SeriesSet set = load("\"Month\",\"Passengers\"\n\"1949-01\",112\n\"1949-02\",118\n\"1949-03\",132\n");
  EXPECT_EQ(set.layout, Layout::kSingle);
  EXPECT_EQ(set.path, "t.csv");
  EXPECT_EQ(set.time_column, "Month");
  EXPECT_EQ(set.target_column, "Passengers");
  EXPECT_EQ(set.id_column, "");
  EXPECT_EQ(set.frequency.describe(), "monthly");
  EXPECT_EQ(set.season_length(), 12u);
  ASSERT_EQ(set.series.size(), 1u);
  EXPECT_EQ(set.series[0].id, "Passengers");
  expect_values(set.series[0].values, {112, 118, 132});
  EXPECT_EQ(set.time_text(0, 0), "1949-01");
  EXPECT_EQ(set.time_text(0, 3), "1949-04");
  EXPECT_EQ(set.rows, 3u);
  EXPECT_EQ(set.gaps, 0u);
  EXPECT_EQ(set.missing, 0u);
}

TEST(SeriesLayout, LongByConvention) {
  for (const char* header : {"unique_id,ds,y", "item_id,timestamp,target", "item_id,timestamp,target_value", "id,ds,y",
                             "Series_ID,time,value"}) {
    const SeriesSet set = load(std::string(header) + "\nb,1,10\nb,2,20\na,7,1\na,8,2\na,9,3\n");
    EXPECT_EQ(set.layout, Layout::kLong);
    EXPECT_EQ(set.id_column + "," + set.time_column + "," + set.target_column, header);
    ASSERT_EQ(set.series.size(), 2u);
    EXPECT_EQ(set.series[0].id, "b");  // in order of appearance
    EXPECT_EQ(set.series[1].id, "a");
    EXPECT_EQ(set.series[1].start, 7);
    expect_values(set.series[0].values, {10, 20});
    expect_values(set.series[1].values, {1, 2, 3});
    EXPECT_EQ(set.frequency.describe(), "step 1");
    EXPECT_EQ(set.time_text(1, 3), "10");
  }
  EXPECT_EQ(load("id,ds,value\n1,1,5\n2,2,6\n").layout, Layout::kWide);  // numbers may count the rows
}

TEST(SeriesLayout, LongByNamedColumns) {
  const std::string text = "sales,shop,day,price\n5,A,2024-01-01,1\n6,A,2024-01-02,2\n7,B,2024-01-02,3\n";
  const SeriesSet set = load(text, {.target = "sales", .time = "day", .id = "shop"});
  EXPECT_EQ(set.layout, Layout::kLong);
  EXPECT_EQ(set.target_column, "sales");
  EXPECT_EQ(set.unused_columns, std::vector<std::string>{"price"});
  ASSERT_EQ(set.series.size(), 2u);
  expect_values(set.series[0].values, {5, 6});
  expect_values(set.series[1].values, {7});  // one row is enough where others tell the frequency
  expect_refused(text, {"t.csv: found several columns of numbers", "'shop'", "--target: sales, price"}, {.id = "shop"});
  EXPECT_EQ(load("shop,day,sales,city\nA,2024-01-01,5,X\nA,2024-01-02,6,X\n", {.id = "shop"}).target_column, "sales");
}

TEST(SeriesLayout, LongRowsMayBeInterleaved) {
  const SeriesSet set = load("unique_id,ds,y\na,1,1\nb,1,10\na,2,2\nb,2,20\na,3,3\nb,3,30\n");
  ASSERT_EQ(set.series.size(), 2u);
  expect_values(set.series[0].values, {1, 2, 3});
  expect_values(set.series[1].values, {10, 20, 30});
}

TEST(SeriesLayout, Wide) {
  const SeriesSet set = load("date,HUFL,OT\n2016-07-01 00:00:00,5.5,30\n2016-07-01 01:00:00,6.5,31\n");
  EXPECT_EQ(set.layout, Layout::kWide);
  EXPECT_EQ(set.target_column, "");
  EXPECT_EQ(set.frequency.describe(), "hourly");
  ASSERT_EQ(set.series.size(), 2u);
  EXPECT_EQ(set.series[0].id, "HUFL");
  EXPECT_EQ(set.series[1].id, "OT");
  expect_values(set.series[1].values, {30, 31});
  EXPECT_EQ(set.time_text(1, 2), "2016-07-01 02:00:00");
}

TEST(SeriesLayout, ATargetPicksOneColumnOfMany) {
  const std::string text =
      "Time,Demand,Temperature,Date,Holiday\n2011-12-31T13:00:00Z,4382.8,21.4,2012-01-01,TRUE\n"
      "2011-12-31T13:30:00Z,4263.4,21.0,2012-01-01,FALSE\n";
  const SeriesSet set = load(text, {.target = "Demand"});
  EXPECT_EQ(set.layout, Layout::kSingle);
  EXPECT_EQ(set.time_column, "Time");
  EXPECT_EQ(set.series[0].id, "Demand");
  EXPECT_EQ(set.frequency.describe(), "every 30 minutes");
  EXPECT_EQ(set.time_text(0, 2), "2011-12-31T14:00:00Z");
  EXPECT_EQ(set.unused_columns, (std::vector<std::string>{"Temperature", "Date", "Holiday"}));

  const SeriesSet with = load(text, {.target = "Demand", .covariates = {"Temperature", "Holiday"}});
  ASSERT_EQ(with.series[0].covariates.size(), 2u);
  expect_values(with.series[0].covariates[0], {21.4, 21.0});
  expect_values(with.series[0].covariates[1], {1, 0});
  EXPECT_EQ(with.unused_columns, std::vector<std::string>{"Date"});

  expect_refused(text, {"t.csv:2:34: found \"2012-01-01\" in column 'Date'", "--target (Demand, Temperature)", "--id"});
  expect_refused(text, {"'Demnad'", "did you mean 'Demand'?"}, {.target = "Demnad"});
  expect_refused(text, {"t.csv:2:45: found \"TRUE\", expected a number"}, {.target = "Holiday"});
  expect_refused(text, {"column 'Time' cannot be", "each column once"}, {.target = "Time", .time = "Time"},
                 ErrorCode::kUsage);
}

TEST(SeriesLayout, CovariatesMayGoOnAfterTheTarget) {
  const SeriesSet set = load("ds,y,holiday\n1,5,0\n2,6,1\n3,,1\n4,,0\n", {.covariates = {"holiday"}});
  expect_values(set.series[0].values, {5, 6});
  expect_values(set.series[0].covariates[0], {0, 1, 1, 0});
  EXPECT_EQ(set.missing, 0u);
}

TEST(SeriesLayout, RowsWithoutATargetMayBeTheFuture) {
  const SeriesSet set =
      load("ds,y,holiday\n1,5,0\n2,,1\n3,6,1\n4,,0\n5,,1\n", {.covariates = {"holiday"}, .future_rows = true});
  expect_values(set.series[0].values, {5, kNan, 6});
  expect_values(set.series[0].covariates[0], {0, 1, 1, 0, 1});
  EXPECT_EQ(set.missing, 1u);
  EXPECT_EQ(set.future_steps, 2u);
  EXPECT_NE(set.summary().find("2 steps of the future"), std::string::npos) << set.summary();
}

bool says(const SeriesSet& set, std::string_view text) { return set.summary().find(text) != std::string::npos; }

TEST(SeriesLayout, StepsWithoutAValueAtTheEndAreLeftOut) {
  const SeriesSet set = load("ds,y\n1,\n2,5\n3,\n4,6\n5,\n6,\n9,NaN\n");
  expect_values(set.series[0].values, {kNan, 5, kNan, 6});
  EXPECT_EQ(set.missing, 2u);
  EXPECT_EQ(set.gaps, 0u);  // those of 7 and 8 lie at the end too
  EXPECT_EQ(set.future_steps, 0u);
  EXPECT_EQ(set.time_text(0, 4), "5");  // where forecasts begin
  EXPECT_TRUE(says(set, "no gaps, 2 missing values, 5 steps without a value at the end, left out")) << set.summary();
  EXPECT_FALSE(says(load("ds,y\n1,5\n2,\n3,6\n"), "left out"));
}

// Each ends for itself; one without any value has no end and stays as long as its rows.
TEST(SeriesLayout, SeriesOfAPanelEndAtTheirOwnLastValues) {
  const SeriesSet rows =
      load("unique_id,ds,y\na,1,5\na,2,\na,3,6\nb,1,\nb,2,7\nb,3,\nb,6,\nc,1,\nc,3,\nd,1,8\nd,3,9\n");
  expect_values(rows.series[0].values, {5, kNan, 6});
  expect_values(rows.series[1].values, {kNan, 7});
  expect_values(rows.series[2].values, {kNan, kNan, kNan});
  expect_values(rows.series[3].values, {8, kNan, 9});
  EXPECT_EQ(rows.missing, 4u);  // one of a, one of b, both of c
  EXPECT_EQ(rows.gaps, 2u);     // of c and d
  EXPECT_EQ(rows.empty_series, 1u);
  EXPECT_TRUE(says(rows, "up to 4 steps without a value at the end of 1 series, left out")) << rows.summary();

  const SeriesSet columns = load("ds,a,b,c\n1,5,6,\n2,,7,\n3,8,,\n5,9,,\n6,,,\n9,,,\n");
  expect_values(columns.series[0].values, {5, kNan, 8, kNan, 9});
  expect_values(columns.series[1].values, {6, 7});
  EXPECT_EQ(columns.series[2].values.size(), 9u);
  EXPECT_EQ(columns.missing, 7u);  // one of a, all of c
  EXPECT_EQ(columns.gaps, 1u);
  EXPECT_TRUE(says(columns, "up to 7 steps without a value at the end of 2 series")) << columns.summary();
}

TEST(SeriesLayout, CovariatesThatAreTextAreCategories) {
  const std::string text = "ds,y,kind,price\n1,5,,1\n2,6,red,2\n3,7,blue,3\n4,8,red,4\n";
  const SeriesSet set = load(text, {.covariates = {"kind", "price"}});
  EXPECT_EQ(set.categories[0], (std::vector<std::string>{"red", "blue"}));
  EXPECT_TRUE(set.categories[1].empty());
  expect_values(set.series[0].covariates[0], {kNan, 0, 1, 0});
  const SeriesSet other = load(text, {.covariates = {"kind", "price"}, .categories = {{{"blue"}, {}}}});
  expect_values(other.series[0].covariates[0], {kNan, 1, 0, 1});  // after those known come those that are not
  ASSERT_EQ(other.unseen[0].size(), 1u);
  EXPECT_EQ(other.unseen[0][0].text, "red");
  EXPECT_EQ(other.unseen[0][0].place, "t.csv:3:5");
  EXPECT_TRUE(says(other, "1 category of 'kind' not known from training (\"red\"), taken as missing"));
  expect_refused("ds,y,price\n1,5,2\n2,6,cheap\n", {"t.csv:3:5: found \"cheap\", expected a number"},
                 {.covariates = {"price"}});
  std::string many = "ds,y,kind\n";
  for (int i = 1; i <= 65; ++i) many += fmt::format("{0},1,k{0}\n", i);
  expect_refused(many, {"t.csv:66:6: found \"k65\"", "65th", "at most 64 categories"}, {.covariates = {"kind"}});
}

TEST(SeriesLayout, DsAndYNameATargetAmongOthers) {
  const SeriesSet set = load("ds,y,price\n2024-01-01,1,7\n2024-01-02,2,8\n");
  EXPECT_EQ(set.layout, Layout::kSingle);
  EXPECT_EQ(set.series.size(), 1u);
  EXPECT_EQ(set.unused_columns, std::vector<std::string>{"price"});
}

TEST(SeriesLayout, AColumnWithoutANameHoldsRowNumbers) {
  const SeriesSet set = load(",date,value\n0,2024-01-01,1\n1,2024-01-02,2\n");
  EXPECT_EQ(set.layout, Layout::kSingle);
  EXPECT_EQ(set.series[0].id, "value");
  const SeriesSet index = load(",value\n2024-01-01,1\n2024-01-02,2\n");
  EXPECT_EQ(index.time_column, "");
  EXPECT_EQ(index.frequency.describe(), "daily");
}

TEST(SeriesLayout, NothingToForecastOrNoTime) {
  expect_refused("a,b\n1,2\n2,3\n", {"t.csv: found no column of times", "--time", "(columns: a, b)"});
  expect_refused("ds\n1\n2\n", {"t.csv: found no column to forecast", "'ds'"});
  expect_refused("date,y\n3rd of May,2\n4th of May,3\n",
                 {"t.csv:2:1: found \"3rd of May\" in column 'date'", "2024-01-31"});
  expect_refused("0.7855,1.611,0.8617\n0.7818,1.61,0.8611\n", {"t.csv:1:1: found \"0.7855\"", "header row", "ds,y"});
}

// ---- what must succeed

TEST(SeriesInput, MissingValuesInEverySpelling) {
  const SeriesSet set = load("ds,y\n1,5\n2,NaN\n3,NA\n4,nan\n5,null\n6,None\n7,\n8,6\n");
  expect_values(set.series[0].values, {5, kNan, kNan, kNan, kNan, kNan, kNan, 6});
  EXPECT_EQ(set.missing, 6u);
  EXPECT_EQ(set.gaps, 0u);
}

TEST(SeriesInput, TheSameFromAnyDialect) {
  const std::string plain = "ds,y\n2024-01-01,1.5\n2024-01-02,2.5\n";
  std::string semicolon = plain, crlf, cr = plain;
  for (char& c : semicolon) c = c == ',' ? ';' : c;
  for (char& c : cr) c = c == '\n' ? '\r' : c;
  for (char c : plain) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  for (const std::string& text : {plain, semicolon, cr, crlf, "\xEF\xBB\xBF" + plain, plain + "\n\n\n",
                                  plain.substr(0, plain.size() - 1), "\"ds\",\"y\"" + plain.substr(4)}) {
    const SeriesSet set = load(text);
    EXPECT_EQ(set.target_column, "y");
    expect_values(set.series[0].values, {1.5, 2.5});
  }
}

TEST(SeriesInput, AQuotedLineBreakInAnId) {
  const SeriesSet set = load("unique_id,ds,y\n\"two\nlines\",1,5\n\"two\nlines\",2,6\n");
  EXPECT_EQ(set.series[0].id, "two\nlines");
  expect_values(set.series[0].values, {5, 6});
}

TEST(SeriesInput, FromAFile) {
  const TempFolder folder;
  const std::string path = folder.write("load.csv", "ds,y\n1,2\n2,3\n");
  EXPECT_EQ(load_series(path).path, path);
  expect_values(load_series(path).series[0].values, {2, 3});
}

TEST(SeriesInput, YearsAreYearly) {
  const SeriesSet set = load("year,sunspots\n1700,5\n1701,11\n1703,16\n");
  EXPECT_EQ(set.frequency.describe(), "yearly");
  EXPECT_EQ(set.time_text(0, 4), "1704");
  EXPECT_EQ(set.gaps, 1u);
}

// ---- gaps

TEST(SeriesGaps, BecomeMissingValuesAndAreCounted) {
  const SeriesSet set = load("Month,Milk\n1962-01,589\n1962-02,561\n1962-05,727\n1962-06,NA\n1962-07,640\n");
  expect_values(set.series[0].values, {589, 561, kNan, kNan, 727, kNan, 640});
  EXPECT_EQ(set.rows, 5u);
  EXPECT_EQ(set.gaps, 2u);
  EXPECT_EQ(set.missing, 1u);
  EXPECT_EQ(set.summary(), "t.csv: 1 series, 7 steps, monthly; 2 gaps, 1 missing value");
}

TEST(SeriesGaps, AHourLostToDaylightSavingIsOne) {
  const SeriesSet set = load("ds,y\n2024-03-31 00:00,1\n2024-03-31 01:00,2\n2024-03-31 03:00,3\n2024-03-31 04:00,4\n");
  expect_values(set.series[0].values, {1, 2, kNan, 3, 4});
  EXPECT_EQ(set.gaps, 1u);
}

TEST(SeriesGaps, OffsetsTellAnHourThatRepeats) {
  const SeriesSet set =
      load("ds,y\n2024-10-27T01:00:00+02:00,1\n2024-10-27T02:00:00+02:00,2\n2024-10-27T02:00:00+01:00,3\n");
  expect_values(set.series[0].values, {1, 2, 3});
}

TEST(SeriesGaps, AnEmptySeriesAmongManyIsKeptAndCounted) {
  const SeriesSet set = load("unique_id,ds,y\na,1,\na,2,NA\nb,1,3\nb,2,4\n");
  ASSERT_EQ(set.series.size(), 2u);
  EXPECT_EQ(set.empty_series, 1u);
  expect_values(set.series[0].values, {kNan, kNan});
  EXPECT_EQ(
      set.summary(),
      "t.csv: 2 series by unique_id, 2 steps each, step 1; no gaps, 2 missing values, 1 series without any value");
}

TEST(SeriesGaps, AKnownFrequencyNeedsNoSecondRow) {
  const Frequency daily{Unit::kMicroseconds, kDay};
  const SeriesSet set = load("ds,y\n2024-01-01,5\n", {.frequency = daily});
  expect_values(set.series[0].values, {5});
  EXPECT_EQ(set.time_text(0, 1), "2024-01-02");
  expect_refused("ds,y\n1,5\n", {"t.csv: found integers", "expected dates (daily)"}, {.frequency = daily});
  expect_refused("ds,y\n2024-01-01 00:00,5\n2024-01-01 01:00,6\n", {"t.csv:3:1", "off the grid (daily"},
                 {.frequency = daily});
}

TEST(Series, SeasonOfAnIntegerAxisIsDetected) {
  std::string text = "unique_id,ds,y\n";
  Random random(1, 1);
  for (int i = 1; i <= 240; ++i) text += fmt::format("H1,{},{}\n", i, (i % 24) * (23 - i % 24) + random.uniform());
  EXPECT_EQ(load(text).season_length(), 24u);
}

// ---- bad input

TEST(SeriesBadInput, TextInANumberColumn) {
  expect_refused("ds,y\n1,2\n2,x7\n", {"t.csv:3:3: found \"x7\", expected a number", "leave the cell empty"});
}

TEST(SeriesBadInput, DecimalComma) {
  expect_refused("ds;y\n1;3,5\n2;4,5\n", {"t.csv:2:3: found \"3,5\"", "decimal comma", "write 3.5"});
  expect_refused("ds;a;b\n1;3,5;2\n2;4,5;2\n", {"t.csv:2:3: found \"3,5\"", "decimal comma", "write 3.5"});
  expect_refused("ds,y\n1,\"3,5\"\n2,\"4,5\"\n", {"t.csv:2:3: found \"3,5\"", "decimal comma", "write 3.5"});
}

TEST(SeriesBadInput, OutOfRange) { expect_refused("ds,y\n1,2\n2,1e400\n", {"t.csv:3:3: found \"1e400\"", "range"}); }

TEST(SeriesBadInput, AmbiguousDates) {
  expect_refused("ds,y\n03/04/2020,1\n04/04/2020,2\n",
                 {"t.csv:2:1: found \"03/04/2020\"", "day or the month first", "YYYY-MM-DD"});
}

TEST(SeriesBadInput, MixedDateFormats) {
  expect_refused("ds,y\n2020-01-01,1\n2020-01-02,2\n2020/01/03,3\n",
                 {"t.csv:4:1: found \"2020/01/03\", expected", "like \"2020-01-01\" on line 2", "one format"});
  expect_refused("ds,y\n2020-02-28,1\n2020-02-29,2\n2020-02-30,3\n",
                 {"t.csv:4:1: found \"2020-02-30\", expected an existing time"});
  expect_refused("ds,y\n1,1\nsoon,2\n", {"t.csv:3:1: found \"soon\"", "like \"1\" on line 2"});
}

TEST(SeriesBadInput, NoTimeOrNoId) {
  expect_refused("ds,y\n2020-01-01,1\n,2\n", {"t.csv:3:1: found no time"});
  expect_refused("ds,y\n2020-01-01,1\nNaN,2\n", {"t.csv:3:1: found no time"});
  expect_refused("unique_id,ds,y\na,1,1\n,2,2\n", {"t.csv:3:1: found no id"});
}

TEST(SeriesBadInput, TimeGoesBack) {
  expect_refused("ds,y\n2020-01-02,1\n2020-01-01,2\n",
                 {"t.csv:3:1: found the time \"2020-01-01\" after \"2020-01-02\" (line 2)", "sort the rows by time"});
  expect_refused("unique_id,ds,y\na,2,1\nb,9,1\na,1,2\n", {"t.csv:4:3: ", "\"1\" after \"2\" in series 'a' (line 2)"});
}

TEST(SeriesBadInput, DuplicateTime) {
  expect_refused("ds,y\n2020-01-01,1\n2020-01-02,2\n2020-01-02,3\n",
                 {"t.csv:4:1: found the time \"2020-01-02\" again (also on line 3)", "remove one row"});
  expect_refused("unique_id,ds,y\na,1,1\nb,1,1\na,1,2\n", {"t.csv:4:3: ", "again in series 'a' (also on line 2)"});
  expect_refused("date,shop,sales\n2020-01-01,A,1\n2020-01-01,B,2\n", {"t.csv:3:1: ", "--id"}, {.target = "sales"});
}

TEST(SeriesBadInput, AnHourRepeatedByDaylightSaving) {
  expect_refused("ds,y\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n",
                 {"t.csv:4:1: found the time \"2024-10-27 02:00\" again (also on line 3)", "UTC"});
  expect_refused("ds,y\n2024-10-27 02:00,1\n2024-10-27 02:30,2\n2024-10-27 02:00,3\n", {"t.csv:4:1: ", "after", "UTC"});
}

TEST(SeriesBadInput, AllMissing) {
  expect_refused("ds,y\n1,\n2,NA\n", {"t.csv: ", "'y'", "without a single value", "--target"});
  expect_refused("date,a,b\n2020-01-01,,\n2020-01-02,,\n", {"t.csv: ", "without a single value"});
}

TEST(SeriesBadInput, ASingleRow) {
  expect_refused("ds,y\n2020-01-01,1\n", {"t.csv: found a single row, expected at least two"});
  expect_refused("unique_id,ds,y\na,1,1\nb,1,1\n", {"t.csv: found a single row in each series"});
}

TEST(SeriesBadInput, IrregularTimes) {
  std::string text = "ds,y\n";
  Random random(2, 2);
  Time time = 0;
  for (int i = 0; i < 100; ++i) {
    time += 1 + static_cast<Time>(random.below(100'000));
    text += fmt::format("{},{}\n", time, i);
  }
  expect_refused(text, {"t.csv: found irregular times in column 'ds'", "resample"});
  std::string stray = "ds,y\n";
  for (int i = 0; i < 100; ++i)
    stray += fmt::format("2024-01-{:02} {:02}:{},1\n", 1 + i / 24, i % 24, i == 30 ? "07" : "00");
  expect_refused(stray, {"t.csv:32:1: found the time \"2024-01-02 06:07\", which is off the grid (hourly from"});
}

TEST(SeriesBadInput, AGridBeyondMemory) {
  const std::string text = "ds,y\n2000-01-01 00:00:00,1\n2000-01-01 00:00:01,2\n9999-01-01 00:00:00,3\n";
  expect_refused(text, {"t.csv: found 1 series on a grid of 252", "every second", "in 3 rows", "are times"}, {},
                 ErrorCode::kLimit);
  expect_refused("ds,y\n1,1\n2,2\n2000000000000000000,3\n", {"in 3 rows"}, {}, ErrorCode::kLimit);
}

TEST(SeriesBadInput, AsManySeriesAsRows) {
  std::string text = "unique_id,ds,y\n";
  for (int i = 0; i < 250'000; ++i) text += fmt::format("{},1,1\n", i);
  expect_refused(std::move(text), {"t.csv: found ", "by the column 'unique_id'", "ids right?"}, {}, ErrorCode::kLimit);
}

// ---- properties

TEST(SeriesProperty, RandomTablesAreReadBack) {
  const Frequency frequencies[] = {
      Frequency{},        Frequency{Unit::kSteps, 3}, {Unit::kMicroseconds, kHour}, {Unit::kMicroseconds, kDay},
      {Unit::kMonths, 1}, {Unit::kMonths, 3}};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 5);
    const Frequency frequency = frequencies[random.below(std::size(frequencies))];
    const bool integers = frequency.unit == Unit::kSteps;
    const TimeFormat format = {integers ? "%i" : frequency.unit == Unit::kMonths ? "%Y-%m" : "%Y-%m-%d %H:%M"};
    struct Row {
      size_t series;
      Time time;
      double value;
    };
    std::vector<std::vector<Row>> tracks(1 + random.below(4));
    std::map<size_t, std::pair<Time, Values>> expected;
    size_t gaps = 0, missing = 0;
    for (size_t s = 0; s < tracks.size(); ++s) {
      const Time start = frequency.time_at(0, static_cast<int64_t>(random.below(300)));
      const size_t length = 60 + random.below(60);
      Values values;
      std::vector<bool> gap_at;
      for (size_t i = 0; i < length; ++i) {
        const bool gap = i > 0 && i + 1 < length && random.below(8) == 0;
        const bool hole = random.below(8) == 0;
        values.push_back(gap || hole ? kNan : random.uniform(-1e6, 1e6));
        gap_at.push_back(gap);
        if (!gap) tracks[s].push_back({s, frequency.time_at(start, static_cast<int64_t>(i)), values.back()});
      }
      while (std::isnan(values.back())) values.pop_back();  // left out
      for (size_t i = 0; i < values.size(); ++i) {
        gaps += gap_at[i];
        missing += std::isnan(values[i]) && !gap_at[i];
      }
      expected[s] = {start, values};
    }
    // Interleave the series at random, each in its own order.
    std::string text = "unique_id,ds,y";
    std::vector<size_t> next(tracks.size()), order;
    for (size_t left = tracks.size(); left > 0;) {
      const size_t s = random.below(tracks.size());
      if (next[s] == tracks[s].size()) continue;
      const Row& row = tracks[s][next[s]++];
      if (next[s] == 1) order.push_back(s);
      left -= next[s] == tracks[s].size();
      text += fmt::format("\n\"s,{}\",{},{}", s, format_time(row.time, format),
                          std::isnan(row.value) ? "" : fmt::format("{}", row.value));
    }
    const SeriesSet set = load(text);
    EXPECT_EQ(set.frequency, frequency) << "seed " << seed;
    EXPECT_EQ(set.time_format, format);
    EXPECT_EQ(set.gaps, gaps);
    EXPECT_EQ(set.missing, missing);
    ASSERT_EQ(set.series.size(), order.size());
    for (size_t s = 0; s < order.size(); ++s) {
      EXPECT_EQ(set.series[s].id, fmt::format("s,{}", order[s]));
      EXPECT_EQ(set.series[s].start, expected[order[s]].first);
      expect_values(set.series[s].values, expected[order[s]].second);
    }
  }
}

TEST(SeriesProperty, RandomTextNeverCrashes) {
  constexpr std::string_view kPieces[] = {"ds",         "y",    "unique_id", "1",  "2",   "3",         "NA", ",",
                                          ",",          "\n",   "\n",        "\"", "-",   "2020-01-0", "/",  "e9",
                                          "2020-01-01", "9999", "\t",        ";",  "1.5", " 0:00"};
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random(seed, 9);
    std::string text = random.below(2) ? "ds,y\n1,2\n" : "unique_id,ds,y\na,2020-01-01,1\n";
    for (uint64_t n = random.below(20); n > 0; --n) text += kPieces[random.below(std::size(kPieces))];
    try {
      const SeriesSet set = load(text);
      EXPECT_FALSE(set.summary().empty());
      EXPECT_GE(set.season_length(), 1u);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::kData || error.code() == ErrorCode::kLimit) << error.what();
    }
  }
}

}  // namespace
}  // namespace elman
