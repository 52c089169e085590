#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "golden.h"
#include "ingested.h"
#include "packed.h"
#include "raw_logs.h"

// Trajectory files as pandas, NumPy, notebooks and this program write them.

namespace genbid::data {
namespace {

using test::error_of;
using test::expect_same_columns;
using test::ingest_files;
using test::ingest_text;
using test::Ingested;
using test::sample;
using test::Table;
using test::TempFolder;
using test::unwrapped;

IngestSettings skipping() {
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  return settings;
}

std::string without(std::string text, const std::string& prefix) {
  for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
  return text;
}

// The error of ingesting this text as a.csv, without the folder's name.
std::string error_of_text(const std::string& text, const IngestSettings& settings = {}) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", text);
  return without(error_of([&] { ingest_files({path}, settings); }), folder.file(""));
}

std::vector<std::string> numbers_of(const std::string& state) {
  std::vector<std::string> numbers(1);
  for (const char c : state.substr(1, state.size() - 2)) {
    if (c == ',') {
      numbers.emplace_back();
    } else if (c != ' ') {
      numbers.back() += c;
    }
  }
  return numbers;
}

// The same table with `print` of each state's numbers in place of its text.
Table with_states(Table table, const std::function<std::string(const std::vector<std::string>&)>& print) {
  for (auto& row : table.rows) {
    for (const char* name : {"state", "next_state"}) {
      std::string& text = row[table.column(name)];
      if (!text.empty()) text = '"' + print(numbers_of(text)) + '"';
    }
  }
  return table;
}

void drop_column(Table& table, const std::string& name) {
  const auto at = static_cast<std::ptrdiff_t>(table.column(name));
  table.header.erase(table.header.begin() + at);
  for (auto& row : table.rows) row.erase(row.begin() + at);
}

// A column for each number of the states.
void split_column(Table& table, const std::string& name, const std::function<std::string(size_t)>& part) {
  const size_t at = table.column(name);
  for (size_t i = 0; i < 16; ++i) table.header.push_back(part(i));
  for (auto& row : table.rows) {
    std::vector<std::string> numbers(16);
    if (!row[at].empty()) numbers = numbers_of(row[at]);
    row.insert(row.end(), numbers.begin(), numbers.end());
  }
  drop_column(table, name);
}

// Lines of Table quote what has commas; these quote themselves.
std::string unquoted_text(const Table& table) {
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + cells[i];
    out += '\n';
  };
  line(table.header);
  for (const auto& row : table.rows) line(row);
  return out;
}

TEST(TrajectoryKinds, StatesAsNumPyPrintsThemOverSeveralLines) {
  const Ingested expected = ingest_text(sample(2).text());
  const Table table = with_states(sample(2), [](const std::vector<std::string>& numbers) {
    std::string text = "[";
    for (size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? " " : i % 4 == 0 ? "\n  " : "  ") + numbers[i];
    return text + " ]";
  });
  const TempFolder folder;
  const std::string path = folder.write("a.csv", unquoted_text(table));
  for (const int64_t bytes : {500, 10'000, 1 << 22}) {
    const Ingested got = ingest_files({path}, {}, 2, bytes);
    expect_same_columns(got.columns, expected.columns);
    EXPECT_EQ(got.summary.next_states_different, 0);
  }
}

TEST(TrajectoryKinds, StatesAsArrays) {
  const Ingested expected = ingest_text(sample().text());
  const Table table = with_states(sample(), [](const std::vector<std::string>& numbers) {
    std::string text = "array([";
    for (size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : i % 4 == 0 ? ",\n       " : ", ") + numbers[i];
    return text + "], dtype=float32)";
  });
  expect_same_columns(ingest_text(unquoted_text(table)).columns, expected.columns);
}

TEST(TrajectoryKinds, AnErrorBehindARowOfSeveralLinesNamesItsOwnLine) {
  Table table = with_states(sample(), [](const std::vector<std::string>& numbers) {
    std::string text = "[";
    for (const std::string& number : numbers) text += number + '\n';
    return text + "]";
  });
  table.cell(3, "reward") = "abc";
  // A header, then rows of two states of 17 lines each.
  EXPECT_EQ(error_of_text(unquoted_text(table)),
            "a.csv:" + std::to_string(2 + 3 * 33) + ": column 'reward': found 'abc', expected a number");
}

TEST(TrajectoryKinds, DoneAsWords) {
  const Ingested expected = ingest_text(sample().text());
  for (const auto& [no, yes] : {std::pair{"False", "True"}, {"false", "true"}, {"FALSE", "TRUE"}, {"0.0", "1.0"}}) {
    Table table = sample();
    for (auto& row : table.rows) {
      std::string& done = row[table.column("done")];
      done = done == "1" ? yes : no;
    }
    expect_same_columns(ingest_text(table.text()).columns, expected.columns);
  }
}

TEST(TrajectoryKinds, IgnoredColumnsWithEmptyAndDoubledNames) {
  const Ingested expected = ingest_text(sample().text());
  Table table = sample();
  for (const char* name : {"", "", "note", "note"}) {
    table.header.insert(table.header.begin(), name);
    for (auto& row : table.rows) row.insert(row.begin(), "x");
  }
  expect_same_columns(ingest_text(table.text()).columns, expected.columns);
  table.header[0] = "reward";
  EXPECT_EQ(error_of_text(table.text()), "a.csv:1: column 'reward' appears twice");
}

TEST(TrajectoryKinds, PackedFiles) {
  const TempFolder folder;
  const std::string text = sample(2).text();
  const Ingested expected = ingest_text(text);
  const std::string gz = folder.write("a.csv.gz", test::gzip(text));
  const Ingested got = ingest_files({gz}, {}, 2, 1000);
  expect_same_columns(got.columns, expected.columns);
  EXPECT_EQ(got.summary.bytes_read, static_cast<int64_t>(std::filesystem::file_size(gz)));
  expect_same_columns(ingest_files({folder.write("a.zip", test::zip({{"a.csv", text}}))}).columns, expected.columns);
}

// A log in no order is read twice, through another opening of the file.
TEST(TrajectoryKinds, PackedRawLogs) {
  const TempFolder folder;
  Table table = test::raw_table();
  const Ingested expected = ingest_text(table.text());
  for (const bool in_order : {true, false}) {
    if (!in_order) std::reverse(table.rows.begin(), table.rows.end());
    for (const std::string& bytes : {test::gzip(table.text()), test::zip({{"a.csv", table.text()}})}) {
      const Ingested got = ingest_files({folder.write("a", bytes)}, {}, 2, 300);
      expect_same_columns(got.columns, expected.columns);
      EXPECT_EQ(got.summary.rows_in_order, in_order);
    }
  }
}

TEST(TrajectoryKinds, APackedFileThatWasCutOffIsAnErrorAndLeavesNothing) {
  const std::string packed = test::gzip(sample(4).text());
  EXPECT_EQ(error_of_text(packed.substr(0, packed.size() / 2)),
            "a.csv: ends in the middle of its gzip data: was it cut off?");
}

TEST(TrajectoryKinds, AdvertisersOf64Bits) {
  Table table = sample(3);
  for (size_t row = 0; row < table.rows.size(); ++row) {
    table.rows[row][table.column("advertiserNumber")] = row < 48   ? "9223372036854775806"
                                                        : row < 96 ? "9007199254740993"
                                                                   : "4000000000.0";
  }
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.columns.advertiser,
            (std::vector<int64_t>{4'000'000'000, 9'007'199'254'740'993, 9'223'372'036'854'775'806}));
  EXPECT_EQ(got.info.seats, 3);
}

TEST(TrajectoryKinds, NumbersOutOfRangeAreNamed) {
  const auto error_of_cell = [](const std::string& column, const std::string& text) {
    Table table = sample();
    table.cell(3, column) = text;
    return error_of_text(table.text());
  };
  EXPECT_EQ(error_of_cell("advertiserNumber", "99999999999999999999"),
            "a.csv:5: column 'advertiserNumber': found '99999999999999999999', expected a whole number in "
            "0..9223372036854775806");
  EXPECT_EQ(error_of_cell("advertiserCategoryIndex", "4000000000"),
            "a.csv:5: column 'advertiserCategoryIndex': found '4000000000', expected a whole number in 0..2147483647");
  EXPECT_EQ(error_of_cell("timeStepIndex", "99999999999999999999"),
            "a.csv:5: column 'timeStepIndex': found '99999999999999999999', expected a whole number in 0..95");
  EXPECT_EQ(error_of_cell("reward", "1,5"), "a.csv:5: column 'reward': found '1,5', expected a number");
  EXPECT_EQ(error_of_cell("state", "(1_000, 2)"),
            "a.csv:5: column 'state': found '(1_000, 2)', expected 16 finite numbers (unreadable from character 3 on)");
}

TEST(TrajectoryKinds, StatesAsColumns) {
  const Ingested expected = ingest_text(sample().text());
  const std::vector<std::function<std::string(size_t)>> kinds = {
      [](size_t i) { return "state_" + std::to_string(i); }, [](size_t i) { return "state" + std::to_string(i); },
      [](size_t i) { return "state." + std::to_string(i); },
      [](size_t i) { return std::string(i < 10 ? "state_0" : "state_") + std::to_string(i); }};
  for (const auto& part : kinds) {
    Table table = sample();
    split_column(table, "state", part);
    const Ingested got = ingest_text(table.text());
    expect_same_columns(got.columns, expected.columns);
    EXPECT_EQ(got.summary.next_states_different, 0);
    split_column(table, "next_state", [&](size_t i) { return "next_" + part(i); });
    std::reverse(table.header.begin(), table.header.end());
    for (auto& row : table.rows) std::reverse(row.begin(), row.end());
    const Ingested both = ingest_text(table.text());
    expect_same_columns(both.columns, expected.columns);
    EXPECT_EQ(both.summary.next_states_checked, 47);
    EXPECT_EQ(both.summary.next_states_different, 0);
  }
}

TEST(TrajectoryKinds, StatesAsColumnsOfAnotherNumberAreErrors) {
  Table table = sample();
  split_column(table, "state", [](size_t i) { return "state_" + std::to_string(i); });
  Table fewer = table;
  drop_column(fewer, "state_7");
  drop_column(fewer, "state_15");
  EXPECT_EQ(error_of_text(fewer.text()).substr(0, 54), "a.csv:1: missing columns 'state_7', 'state_15'; found ");
  table.header.emplace_back("state_16");
  for (auto& row : table.rows) row.emplace_back("0");
  EXPECT_EQ(error_of_text(table.text()),
            "a.csv:1: found column 'state_16', expected 16 columns, 'state_0' to 'state_15'");
}

TEST(TrajectoryKinds, AMissingNumberOfASplitStateIsCounted) {
  Table table = sample();
  split_column(table, "state", [](size_t i) { return "state_" + std::to_string(i); });
  table.cell(3, "state_5") = "";
  const Ingested got = ingest_text(table.text());
  EXPECT_EQ(got.summary.nan_by_period, (std::map<int64_t, int64_t>{{7, 1}}));
  EXPECT_EQ(got.columns.state[3 * 22 + 5], 0.0F);
}

TEST(TrajectoryKinds, NoNextState) {
  const Ingested expected = ingest_text(sample().text());
  Table table = sample();
  drop_column(table, "next_state");
  const Ingested got = ingest_text(table.text());
  expect_same_columns(got.columns, expected.columns);
  EXPECT_EQ(got.summary.next_states_checked, 0);
  EXPECT_NE(got.summary.text().find("next_state check  no rows to check"), std::string::npos);
}

// Every second row of the sample, as a day of 24 ticks would be: its states tell so.
Table half_days(size_t num_advertisers) {
  Table table = sample(num_advertisers);
  Table half = table;
  half.rows.clear();
  for (size_t row = 0; row < table.rows.size(); row += 2) {
    half.rows.push_back(table.rows[row]);
    half.rows.back()[table.column("timeStepIndex")] = std::to_string(row % 48 / 2);
  }
  return half;
}

TEST(TrajectoryKinds, ADayOf24TicksIsWhole) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", half_days(2).text());
  for (const int64_t bytes : {700, 1 << 22}) {
    const Ingested got = ingest_files({path}, {}, 2, bytes);
    EXPECT_EQ(got.info.ticks, 24);
    EXPECT_EQ(got.info.seats, 2);
    EXPECT_EQ(got.summary.num_short, 0);
    EXPECT_EQ(got.columns.num_rows(), 48);
    // spend_ahead of the last tick: all but 1/24 of the day has gone.
    const float left = got.columns.state[47 * 22 + 1];
    EXPECT_NEAR(got.columns.state[47 * 22 + 18], 1.0 - static_cast<double>(left) - 23.0 / 24.0, 1e-6);
  }
}

TEST(TrajectoryKinds, ADayOf96TicksIsReadWhateverItsStatesTell) {
  Table table = sample(2);  // the second trajectory becomes the second half of the first one's day
  for (size_t row = 48; row < 96; ++row) {
    for (const char* name : {"advertiserNumber", "budget", "CPAConstraint", "realAllCost", "realAllConversion"}) {
      table.cell(row, name) = table.cell(0, name);
    }
    table.cell(row, "timeStepIndex") = std::to_string(row);
  }
  const TempFolder folder;
  const std::string path = folder.write("a.csv", table.text());
  for (const int64_t bytes : {700, 1 << 22}) {
    const Ingested got = ingest_files({path}, {}, 2, bytes);
    EXPECT_EQ(got.info.ticks, 96);
    EXPECT_EQ(got.summary.num_short, 0);
    EXPECT_EQ(got.columns.first_row, std::vector<int64_t>{0});
    EXPECT_EQ(got.columns.num_rows(), 96);
  }
  table.cell(90, "timeStepIndex") = "70";
  EXPECT_EQ(error_of_text(table.text()),
            "a.csv:92: period 7, advertiser 0, tick 70 appears a second time, first at a.csv:72");
}

TEST(TrajectoryKinds, DataTicksSaysHowLongADayIs) {
  IngestSettings settings;
  settings.data.ticks = 30;
  Table table = sample(2);
  table.rows.resize(30);
  EXPECT_EQ(ingest_text(table.text()).info.ticks, 48);  // as the states tell
  EXPECT_EQ(ingest_text(table.text(), settings).info.ticks, 30);
  EXPECT_EQ(error_of_text(sample().text(), settings),
            "a.csv:32: column 'timeStepIndex': found '30', expected a whole number in 0..29");
}

TEST(TrajectoryKinds, DaysOfTwoLengthsAreAnError) {
  const TempFolder folder;
  Table half = half_days(1);
  for (auto& row : half.rows) row[0] = "9";
  const std::string a = folder.write("a.csv", sample(2).text());
  const std::string b = folder.write("b.csv", half.text());
  EXPECT_EQ(
      without(error_of([&] {
                ingest_files({a, b});
              }),
              folder.file("")),
      "b.csv:2: period 9, advertiser 0: found a day of 24 ticks by its states, expected 48 as in others (a store's "
      "days are of one length)");
  const Ingested got = ingest_files({a, b}, skipping());
  EXPECT_EQ(got.columns.period, (std::vector<int64_t>{7, 7}));
  EXPECT_EQ(got.summary.num_left_out, 1);
  EXPECT_NE(got.summary.text().find("bad rows          0 skipped, 1 trajectory left out, 1 for the ticks they have\n"),
            std::string::npos)
      << got.summary.text();
}

TEST(TrajectoryKinds, ATrajectoryWithAFeatureThatIsNotFiniteMayBeSkipped) {
  Table table = sample(2);
  for (size_t row = 0; row < 48; ++row) table.cell(row, "budget") = "1e-300";
  const Ingested got = ingest_text(table.text(), skipping());
  EXPECT_EQ(got.columns.advertiser, (std::vector<int64_t>{1}));
  EXPECT_EQ(got.summary.num_bad_rows, 1);
  EXPECT_EQ(got.summary.num_left_out, 1);
  ASSERT_EQ(got.summary.bad_rows.size(), 1U);
  EXPECT_NE(got.summary.bad_rows[0].find("feature 'won_share_expected': found "), std::string::npos)
      << got.summary.bad_rows[0];
}

// What is wrong with one trajectory of four is named, and it alone is left out.
struct Fault {
  std::string name;
  std::function<void(Table&)> make;
  std::string message;
  int64_t num_bad_rows = 0;
};

class SkippedFaults : public testing::TestWithParam<Fault> {};

TEST_P(SkippedFaults, CostTheirTrajectoryAlone) {
  Table table = sample(4);
  GetParam().make(table);
  const TempFolder folder;
  const std::string path = folder.write("a.csv", table.text());
  const Ingested got = ingest_files({path}, skipping());
  EXPECT_EQ(got.columns.advertiser, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(got.columns.num_rows(), 3 * 48);
  EXPECT_EQ(got.summary.num_left_out, 1);
  EXPECT_EQ(got.summary.num_bad_rows, GetParam().num_bad_rows);
  ASSERT_FALSE(got.summary.bad_rows.empty());
  EXPECT_EQ(without(got.summary.bad_rows[0], folder.file("")), GetParam().message);
  EXPECT_NE(got.summary.text().find(", 1 trajectory left out"), std::string::npos) << got.summary.text();
  EXPECT_NE(got.summary.text().find(got.summary.bad_rows[0]), std::string::npos);
  // Otherwise it stops the ingestion.
  EXPECT_EQ(error_of_text(table.text()), GetParam().message);
}

void erase_row(Table& table, int row) { table.rows.erase(table.rows.begin() + row); }

std::vector<Fault> faults() {
  return {
      Fault{"TickMissing", [](Table& t) { erase_row(t, 48 + 20); },
            "a.csv:50: period 7, advertiser 1: tick 20 is missing (found 47 ticks up to 47)"},
      Fault{"FirstTickMissing", [](Table& t) { erase_row(t, 48); },
            "a.csv:50: period 7, advertiser 1: tick 0 is missing (found 47 ticks up to 47)"},
      Fault{"TickTwice", [](Table& t) { t.rows.insert(t.rows.begin() + 48 + 21, t.rows[48 + 20]); },
            "a.csv:71: period 7, advertiser 1, tick 20 appears a second time, first at a.csv:70", 1},
      Fault{"AnotherTicksNumber", [](Table& t) { t.cell(48 + 20, "timeStepIndex") = "19"; },
            "a.csv:70: period 7, advertiser 1, tick 19 appears a second time, first at a.csv:69", 1},
      Fault{"TrajectoryTwice", [](Table& t) { t.rows.insert(t.rows.end(), t.rows.begin() + 48, t.rows.begin() + 96); },
            "a.csv:194: period 7, advertiser 1, tick 0 appears a second time, first at a.csv:50", 48},
      Fault{"BudgetChanges",
            [](Table& t) {
              for (size_t row = 48 + 20; row < 96; ++row) t.cell(row, "budget") += "1";
            },
            "a.csv:70: column 'budget': found '43501', expected '4350' as in other rows of period 7, advertiser 1", 28},
      Fault{"TickBeyondTheDay", [](Table& t) { t.cell(48 + 20, "timeStepIndex") = "60"; },
            "a.csv:70: column 'timeStepIndex': found '60', expected a whole number in 0..47", 1},
      Fault{"NotANumber", [](Table& t) { t.cell(48 + 20, "action") = "x"; },
            "a.csv:70: column 'action': found 'x', expected a number", 1},
      Fault{"QuoteNotClosed", [](Table& t) { t.cell(48 + 20, "action") = "\"1"; },
            "a.csv:70: field 10: found text behind a closing quote", 1}};
}

std::string fault_name(const testing::TestParamInfo<Fault>& fault) { return fault.param.name; }

INSTANTIATE_TEST_SUITE_P(TrajectoryKinds, SkippedFaults, testing::ValuesIn(faults()), fault_name);

TEST(TrajectoryKinds, RowsInAnyOrderAreNoFault) {
  Table table = sample(2);
  const Ingested expected = ingest_text(table.text());
  std::rotate(table.rows.begin() + 50, table.rows.begin() + 60, table.rows.begin() + 90);
  const Ingested got = ingest_text(table.text(), skipping());
  expect_same_columns(got.columns, expected.columns);
  EXPECT_EQ(got.summary.num_bad_rows, 0);
}

TEST(TrajectoryKinds, WhenAllIsAtFaultTheFirstFaultIsNamed) {
  Table table = sample();
  erase_row(table, 5);
  EXPECT_EQ(
      error_of_text(table.text(), skipping()),
      "a.csv: no trajectories to store (all are left out, first a.csv:2: period 7, advertiser 0: tick 5 is missing "
      "(found 47 ticks up to 47))");
}

TEST(TrajectoryKinds, AnOutlierAmongActionsIsAWarning) {
  Table table = sample(4);
  EXPECT_EQ(ingest_text(table.text()).summary.action_outliers, "");
  table.cell(96 + 12, "action") = "100000";
  const IngestSummary summary = ingest_text(table.text()).summary;
  EXPECT_EQ(summary.action_outliers.find("an action of 100000 in period 7, advertiser 2, tick 12: 99 % of the actions "
                                         "have at most "),
            0U)
      << summary.action_outliers;
  EXPECT_NE(unwrapped(summary.text()).find(" warning: " + summary.action_outliers + " "), std::string::npos);
}

// --- Inputs that once failed ------------------------------------------------------------------

struct SharedCase {
  std::string file;
  int64_t rows = 288;
  int64_t ticks = 48;
  int64_t trajectories = 6;
};

class SharedCases : public testing::TestWithParam<SharedCase> {};

TEST_P(SharedCases, AreRead) {
  GENBID_VECTOR(path, GetParam().file);
  const Ingested got = ingest_files({path}, skipping());
  EXPECT_EQ(got.columns.num_rows(), GetParam().rows);
  EXPECT_EQ(got.columns.num_trajectories(), GetParam().trajectories);
  EXPECT_EQ(got.info.ticks, GetParam().ticks);
  EXPECT_EQ(got.summary.num_short, 0);
  EXPECT_EQ(got.summary.num_bad_rows, 0);
  EXPECT_EQ(got.columns.period.front(), 7);
  EXPECT_EQ(got.columns.budget.front(), 2900.0);
  // The sample's first state: all of the day and the budget left, 12905 impressions.
  EXPECT_EQ(got.columns.state[0], 1.0F);
  EXPECT_EQ(got.columns.state[13], 12905.0F);
}

std::string case_name(const testing::TestParamInfo<SharedCase>& shared) {
  std::string name = shared.param.file;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    TrajectoryKinds, SharedCases,
    testing::Values(SharedCase{"01-csv_multiindex_unnamed.csv"}, SharedCase{"01-csv_dup_header_ignored.csv"},
                    SharedCase{"01-csv_np_array_state.csv"}, SharedCase{"01-csv_np_array_repr.csv"},
                    SharedCase{"01-csv_bool_done.csv"}, SharedCase{"01-csv_gz.csv.gz"}, SharedCase{"01-csv_big_id.csv"},
                    SharedCase{"01-csv_gap.csv", 240, 48, 5}, SharedCase{"01-csv_ticks_24.csv", 144, 24},
                    SharedCase{"01-csv_ticks_96.csv", 576, 96}, SharedCase{"01-csv_state_split_cols.csv"},
                    SharedCase{"01-csv_no_next_state.csv"}),
    case_name);

TEST(TrajectoryKinds, SharedCaseInUtf16IsNamed) {
  GENBID_VECTOR(path, "01-csv_utf16.csv");
  EXPECT_EQ(
      error_of([&] { ingest_files({path}); }),
      path + ": found UTF-16 text (convert it: iconv -f UTF-16 -t UTF-8), expected comma-separated text in UTF-8");
}

}  // namespace
}  // namespace genbid::data
