#include "data/csv_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "files.h"
#include "packed.h"

namespace genbid::data {
namespace {

using test::content_of;
using test::error_of;
using test::TempFolder;

using Rows = std::vector<std::vector<std::string>>;

Rows read_rows(const std::string& path, const std::vector<std::string>& wanted, int64_t block_bytes = 1 << 20,
               std::vector<int64_t>* lines = nullptr) {
  CsvFile file(path, block_bytes);
  const CsvColumns columns(file, wanted);
  Rows rows;
  CsvBlock block;
  while (file.next(block)) {
    CsvRows row(block, columns);
    while (row.next()) {
      std::vector<std::string> cells;
      for (size_t i = 0; i < wanted.size(); ++i) cells.emplace_back(row.text(i));
      rows.push_back(cells);
      if (lines != nullptr) lines->push_back(row.line());
    }
  }
  return rows;
}

template <typename Read>
auto read_first(const std::string& cell, const Read& read) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "x,y\n\"" + cell + "\",1\n"));
  const CsvColumns columns(file, {"x"});
  CsvBlock block;
  file.next(block);
  CsvRows row(block, columns);
  row.next();
  return read(row);
}

double read_number(const std::string& cell) {
  return read_first(cell, [](const CsvRows& row) { return row.number(0); });
}

int64_t read_whole(const std::string& cell, int64_t low, int64_t high) {
  return read_first(cell, [&](const CsvRows& row) { return row.whole(0, low, high); });
}

int64_t read_flag(const std::string& cell) {
  return read_first(cell, [](const CsvRows& row) { return row.flag(0); });
}

// A thousand rows: what stands behind them is not in the beginning of a file, which is read at once to see what it is.
std::string filler() {
  std::string rows;
  for (int i = 0; i < 1000; ++i) rows += "f,f\n";
  return rows;
}

// The message without the folder of the test.
template <typename Action>
std::string message(const TempFolder& folder, const Action& action) {
  std::string text = error_of(action);
  const std::string prefix = folder.file("");
  for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    text.erase(at, prefix.size());
  }
  return text;
}

TEST(CsvReader, FindsColumnsByNameInTheOrderAskedFor) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "a,b,c\n1,2,3\n4,5,6\n");
  EXPECT_EQ(read_rows(path, {"c", "a"}), (Rows{{"3", "1"}, {"6", "4"}}));
}

TEST(CsvReader, QuotedFieldsHoldCommasAndDoubledQuotes) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "a,b,c\n\"(1, 2)\",\"say \"\"hi\"\"\",\"\"\n");
  EXPECT_EQ(read_rows(path, {"a", "b", "c"}), (Rows{{"(1, 2)", "say \"hi\"", ""}}));
}

TEST(CsvReader, QuotedHeaderNamesAreNames) {
  const TempFolder folder;
  EXPECT_EQ(read_rows(folder.write("a.csv", "\"a\",\"b,c\"\n1,2\n"), {"b,c"}), (Rows{{"2"}}));
}

TEST(CsvReader, AcceptsCrlfByteOrderMarkBlankLinesAndNoLastLineFeed) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv",
                                        "\xEF\xBB\xBF"
                                        "a,b\r\n1,2\r\n\r\n3,4");
  EXPECT_EQ(read_rows(path, {"a", "b"}), (Rows{{"1", "2"}, {"3", "4"}}));
}

TEST(CsvReader, BlocksOfAnySizeGiveTheSameRowsAndLineNumbers) {
  const TempFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 50; ++i) text += std::to_string(i * i * i) + ",\"x" + std::string(i % 7, 'y') + "\"\n";
  const std::string path = folder.write("a.csv", text + "last,row");
  std::vector<int64_t> lines;
  const Rows expected = read_rows(path, {"b", "a"}, 1 << 20, &lines);
  ASSERT_EQ(expected.size(), 51U);
  EXPECT_EQ(lines.front(), 2);
  EXPECT_EQ(lines.back(), 52);
  for (int64_t bytes = 1; bytes < 60; ++bytes) {
    std::vector<int64_t> these;
    ASSERT_EQ(read_rows(path, {"b", "a"}, bytes, &these), expected) << bytes;
    ASSERT_EQ(these, lines) << bytes;
  }
}

TEST(CsvReader, HashIsXxh3OfTheWholeFileWhateverTheBlocks) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "a,b\n1,2\n3,4\n");
  for (const int64_t bytes : {1, 5, 1000}) {
    CsvFile file(path, bytes);
    CsvBlock block;
    while (file.next(block)) {
    }
    EXPECT_EQ(file.hash(), "d5b28fe5f1cc9b2cb9b773a515cd5ae1") << bytes;  // python xxhash.xxh3_128_hexdigest
    EXPECT_EQ(file.bytes_read(), 12);
  }
}

TEST(CsvReader, AFileWithoutRowsHasNone) {
  const TempFolder folder;
  EXPECT_TRUE(read_rows(folder.write("a.csv", "a,b\n"), {"a"}).empty());
  EXPECT_TRUE(read_rows(folder.write("b.csv", "a,b"), {"a"}).empty());
}

TEST(CsvReader, NumbersAreIntegersFloatsAndExponents) {
  EXPECT_EQ(read_number("7"), 7.0);
  EXPECT_EQ(read_number("7.0"), 7.0);
  EXPECT_EQ(read_number("+7"), 7.0);
  EXPECT_EQ(read_number(" -2.5e-3 "), -0.0025);
  EXPECT_EQ(read_number("7.469044517422203e-05"), 7.469044517422203e-05);
  EXPECT_EQ(read_number("0.1"), 0.1);
  EXPECT_EQ(read_number(".5"), 0.5);
  EXPECT_EQ(read_number("5."), 5.0);
  EXPECT_EQ(read_number("1E5"), 1e5);
  EXPECT_EQ(read_number("1e-400"), 0.0);
}

TEST(CsvReader, MissingValuesAreNaN) {
  for (const char* text : {"", "nan", "NaN", "NA", "None", "null", "<NA>", "#N/A", "n/a", "-NaN", " "}) {
    EXPECT_TRUE(std::isnan(read_number(text))) << text;
  }
}

TEST(CsvReader, RefusesWhatIsNoNumber) {
  for (const char* text : {"abc", "1.2.3", "1e", "--1", "0x10", "1_000", "1 2", "nano", "+-1", "++1", "1,5", "1,000.5",
                           "0x1p3", "1.5f", "nan(1)x", "infinite", "1e5e5", "\xB1", "1\xC2\xA0"}) {
    EXPECT_NE(error_of([&] { read_number(text); }).find("', expected a number"), std::string::npos) << text;
  }
  EXPECT_NE(error_of([] { read_number("inf"); }).find("found 'inf', expected a finite number"), std::string::npos);
  EXPECT_NE(error_of([] { read_number("1e400"); }).find("expected a finite number"), std::string::npos);
}

TEST(CsvReader, WholeNumbersMayBeWrittenAsFloats) {
  EXPECT_EQ(read_whole("7.0", 0, 10), 7);
  EXPECT_EQ(read_whole("-3", -5, 10), -3);
  for (const char* text : {"7.5", "11", "-1", "", "nan", "1e300"}) {
    EXPECT_NE(error_of([&] { read_whole(text, 0, 10); }).find("expected a whole number in 0..10"), std::string::npos)
        << text;
  }
}

TEST(CsvReader, WholeNumbersOf64BitsAreExact) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(read_whole("9223372036854775807", 0, kMost), kMost);
  EXPECT_EQ(read_whole("9007199254740993", 0, kMost), 9007199254740993);  // no double
  EXPECT_EQ(read_whole("4000000000.0", 0, kMost), 4'000'000'000);
  EXPECT_EQ(read_whole("4e9", 0, kMost), 4'000'000'000);
  EXPECT_EQ(read_whole("+12", 0, kMost), 12);
  for (const char* text : {"9223372036854775808", "99999999999999999999", "1e300"}) {
    EXPECT_NE(error_of([&] {
                read_whole(text, 0, kMost);
              }).find(std::string("found '") + text + "', expected a whole number in 0..9223372036854775807"),
              std::string::npos)
        << text;
  }
  EXPECT_NE(error_of([] { read_whole("-9223372036854775809", 0, kMost); }).find("a whole number, at least 0"),
            std::string::npos);
  EXPECT_NE(error_of([] { read_whole("4000000000", 0, 2147483647); }).find("a whole number in 0..2147483647"),
            std::string::npos);
}

TEST(CsvReader, FloatsThatHaveLostDigitsAreNoWholeNumbers) {
  EXPECT_NE(error_of([] {
              read_whole("1.2345678901234568e+18", 0, int64_t{1} << 62);
            }).find("expected all of its digits (a float above 9007199254740992 has lost some)"),
            std::string::npos);
}

TEST(CsvReader, FlagsAreNumbersOrWords) {
  for (const char* text : {"1", "1.0", "True", "true", "TRUE", " True "}) EXPECT_EQ(read_flag(text), 1) << text;
  for (const char* text : {"0", "0.0", "False", "false", "FALSE"}) EXPECT_EQ(read_flag(text), 0) << text;
  for (const char* text : {"2", "yes", "T", "", "Truely", "nan"}) {
    EXPECT_NE(error_of([&] { read_flag(text); }).find("expected a whole number in 0..1"), std::string::npos) << text;
  }
}

TEST(CsvReader, ErrorsNameFileLineColumnAndText) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "time,reward\n1,2\n3,abc\n"));
  const CsvColumns columns(file, {"reward"});
  CsvBlock block;
  file.next(block);
  CsvRows row(block, columns);
  EXPECT_TRUE(row.next());
  EXPECT_EQ(row.number(0), 2.0);
  EXPECT_TRUE(row.next());
  EXPECT_EQ(message(folder, [&] { row.number(0); }), "a.csv:3: column 'reward': found 'abc', expected a number");
}

TEST(CsvReader, LongTextIsCutInMessages) {
  EXPECT_EQ(excerpt(std::string(100, 'x')), std::string(57, 'x') + "...");
  EXPECT_EQ(excerpt("a\tb\x01"), "a?b?");
  EXPECT_EQ(excerpt("a\xE4z\xC3\xA4"), "a?z\xC3\xA4");
  EXPECT_EQ(excerpt(std::string(56, 'x') + "\xC3\xA4" + "yyyyyy"), std::string(56, 'x') + "...");
}

TEST(CsvReader, AWrongNumberOfFieldsIsAnErrorAndTheWalkGoesOn) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "a,b\n1\n1,2,3\n5,6\n"));
  const CsvColumns columns(file, {"b"});
  CsvBlock block;
  file.next(block);
  CsvRows row(block, columns);
  EXPECT_EQ(message(folder, [&] { row.next(); }), "a.csv:2: found 1 field, expected 2 as in the header");
  EXPECT_EQ(message(folder, [&] { row.next(); }), "a.csv:3: found 3 fields, expected 2 as in the header");
  EXPECT_TRUE(row.next());
  EXPECT_EQ(row.text(0), "6");
  EXPECT_FALSE(row.next());
}

TEST(CsvReader, QuotedFieldsMayGoOverLinesWhateverTheBlocks) {
  const TempFolder folder;
  // A quote within a field that does not begin with one means nothing.
  const std::string text =
      "\"a\na\",b\n1,\"two\nlines\"\n5\" x,2\n\"\r\n\n\",\"with \"\"doubled\"\"\n, quotes\"\r\n3,4";
  const Rows expected = {{"1", "two\nlines"}, {"5\" x", "2"}, {"\r\n\n", "with \"doubled\"\n, quotes"}, {"3", "4"}};
  for (int64_t bytes = 1; bytes < 80; ++bytes) {
    std::vector<int64_t> lines;
    ASSERT_EQ(read_rows(folder.write("a.csv", text), {"a\na", "b"}, bytes, &lines), expected) << bytes;
    ASSERT_EQ(lines, (std::vector<int64_t>{3, 5, 6, 10})) << bytes;
  }
}

TEST(CsvReader, AQuotedFieldOfOneLineMayBeLong) {
  const TempFolder folder;
  const std::string field(3 * CsvFile::kMaxQuotedBytes, 'x');
  const std::string path = folder.write("a.csv", "a,b\n1,\"" + field + "\"\n3,4\n");
  for (const int64_t bytes : {1, 1000, 1 << 22})
    EXPECT_EQ(read_rows(path, {"a"}, bytes), (Rows{{"1"}, {"3"}})) << bytes;
}

TEST(CsvReader, AQuoteThatIsNotClosedIsAnErrorOfItsLineAlone) {
  const TempFolder folder;
  const std::string tail = std::string(CsvFile::kMaxQuotedBytes, 'x');
  for (const std::string& rest : {std::string("5,6"), tail + ",2\n" + tail + ",\"3\"\n5,6"}) {
    for (const int64_t bytes : {1, 10, 100'000, 1 << 20}) {
      CsvFile file(folder.write("a.csv", "a,b\n1,\"two\n" + rest + "\n"), bytes);
      const CsvColumns columns(file, {"b"});
      std::string errors;
      std::string last;
      CsvBlock block;
      while (file.next(block)) {
        CsvRows row(block, columns);
        while (true) {
          const std::string error = message(folder, [&] {
            while (row.next()) last = row.text(0);
          });
          if (error.empty()) break;
          errors += error + "\n";
        }
      }
      EXPECT_EQ(errors, "a.csv:2: field 2: a quoted field is longer than 64 KiB or does not end\n") << bytes;
      EXPECT_EQ(last, "6") << bytes;
    }
  }
}

TEST(CsvReader, BrokenQuotesAreErrors) {
  const TempFolder folder;
  EXPECT_EQ(message(folder, [&] { read_rows(folder.write("b.csv", "a,b\n\"1\"2,3\n"), {"b"}); }),
            "b.csv:2: field 1: found text behind a closing quote");
}

TEST(CsvReader, LinesThatEndInCrAloneAreNamed) {
  const TempFolder folder;
  const auto error_of_text = [&](const std::string& text) {
    return message(folder, [&] { read_rows(folder.write("a.csv", text), {"a"}); });
  };
  const std::string words = "found lines that end in CR alone, expected LF or CR LF";
  EXPECT_EQ(error_of_text("a,b\r1,2\r3,4\r"), "a.csv:1: " + words);
  EXPECT_EQ(error_of_text("x,\"b\nb\"\r1,2\r\n"), "a.csv:1: " + words);
  EXPECT_EQ(error_of_text("a,b\n1,2\n1,2\r3,4\n"), "a.csv:3: " + words);
  EXPECT_EQ(read_rows(folder.write("a.csv", "\"a\rx\",b\r\n1,\"2\r\"\r\n"), {"b"}), (Rows{{"2\r"}}));
}

TEST(CsvReader, MissingColumnsAreAllNamed) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "a,b\n"));
  EXPECT_EQ(message(folder,
                    [&] {
                      CsvColumns(file, {"a", "c", "d"}, "; a hint");
                    }),
            "a.csv:1: missing columns 'c', 'd'; found 'a', 'b'; a hint");
}

TEST(CsvReader, FilesThatCannotBeReadAreErrors) {
  const TempFolder folder;
  EXPECT_EQ(message(folder, [&] { CsvFile(folder.file("none.csv")); }),
            "none.csv: cannot be opened: No such file or directory");
  EXPECT_EQ(message(folder, [&] { CsvFile(folder.write("empty.csv", "")); }),
            "empty.csv: is empty, expected a header line");
  std::filesystem::create_directory(folder.file("sub"));
  EXPECT_EQ(message(folder, [&] { CsvFile(folder.file("sub")); }), "sub: is a folder, expected a file");
}

TEST(CsvReader, OnlyWantedColumnsMayNotComeTwice) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", ",,a,b,b\n1,2,3,4,5\n");
  EXPECT_EQ(read_rows(path, {"a"}), (Rows{{"3"}}));
  EXPECT_EQ(message(folder, [&] { read_rows(path, {"a", "b"}); }), "a.csv:1: column 'b' appears twice");
  EXPECT_EQ(message(folder,
                    [&] {
                      read_rows(path, {"a", "a"});
                    }),
            "a.csv:1: column 'a' is asked for twice, expected a column for each name");
}

TEST(CsvReader, PackedFilesGiveTheSameRowsWhateverTheBlocks) {
  const TempFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 50; ++i) text += std::to_string(i * i * i) + ",\"x\"\n";
  const Rows expected = read_rows(folder.write("a.csv", text), {"b", "a"});
  for (const int64_t bytes : {1, 7, 100, 1 << 20}) {
    EXPECT_EQ(read_rows(folder.write("a.csv.gz", test::gzip(text)), {"b", "a"}, bytes), expected) << bytes;
    EXPECT_EQ(read_rows(folder.write("a.zip", test::zip({{"a.csv", text}})), {"b", "a"}, bytes), expected) << bytes;
  }
}

TEST(CsvReader, WhatIsNoTextIsNamed) {
  const TempFolder folder;
  const auto error_of_text = [&](const std::string& text) {
    return message(folder, [&] { read_rows(folder.write("a.csv", text), {"a"}); });
  };
  EXPECT_EQ(error_of_text("\x89HDF\r\n\x1a\n"), "a.csv: found an HDF5 file, expected comma-separated text in UTF-8");
  EXPECT_EQ(error_of_text(test::gzip("PAR1\x01")),
            "a.csv: found a Parquet file, expected comma-separated text in UTF-8");
  EXPECT_EQ(error_of_text(test::gzip(test::gzip("a\n1\n"))),
            "a.csv: found a gzip file, expected comma-separated text in UTF-8");
}

TEST(CsvReader, OtherSeparatorsAreNamed) {
  const TempFolder folder;
  const auto error_of_header = [&](const std::string& header) {
    return message(folder, [&] { read_rows(folder.write("a.csv", header + "\n"), {"time", "reward"}); });
  };
  EXPECT_EQ(error_of_header("time;reward"), "a.csv:1: found columns separated by ';', expected commas");
  EXPECT_EQ(error_of_header("x\ttime\treward"), "a.csv:1: found columns separated by tabs, expected commas");
  EXPECT_EQ(error_of_header("\"time\"|\"reward\""), "a.csv:1: found columns separated by '|', expected commas");
  EXPECT_EQ(error_of_header("reward,the time"), "a.csv:1: missing column 'time'; found 'reward', 'the time'");
}

TEST(CsvReader, AHeaderInAnotherEncodingIsNamed) {
  const TempFolder folder;
  EXPECT_EQ(message(folder, [&] { read_rows(folder.write("a.csv", "a,zeit\xE4\n"), {"time"}); }),
            "a.csv:1: missing column 'time'; found 'a', 'zeit?' (not UTF-8 from character 7 on)");
}

TEST(CsvReader, AnEndlessLineIsAnErrorNotAllOfTheMemory) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "a\n" + std::string(CsvFile::kMaxLineBytes + 10, 'x') + "\n");
  EXPECT_EQ(message(folder, [&] { read_rows(path, {"a"}); }),
            "a.csv:2: a line of more than 64 MiB, expected comma-separated text");
}

// Lines, fields and errors of a file, as text.
std::string everything_in(const std::string& path, int64_t block_bytes) {
  CsvFile file(path, block_bytes);
  const CsvColumns columns(file, {"b"});
  std::string all;
  CsvBlock block;
  while (file.next(block)) {
    CsvRows row(block, columns);
    while (true) {
      try {
        if (!row.next()) break;
        all += std::to_string(row.line()) + " '" + std::string(row.text(0)) + "'\n";
      } catch (const Error& error) {
        all += std::string(error.what()) + "\n";
      }
    }
  }
  return all;
}

TEST(CsvReader, AFieldOfTooManyLinesIsToldTheLimit) {
  const TempFolder folder;
  std::string text = "a,b\n1,\"";
  for (int i = 0; i < 40'000; ++i) text += "x\n";
  const std::string path = folder.write("a.csv", text + "\"\n");
  const std::string all = everything_in(path, 1 << 20);
  EXPECT_EQ(all.substr(0, all.find('\n')), path + ":2: field 2: a quoted field is longer than 64 KiB or does not end");
}

TEST(CsvReader, RandomTextGivesTheSameRowsAndErrorsWhateverTheBlocks) {
  const TempFolder folder;
  uint32_t random = 3;
  const auto next = [&] { return random = random * 1664525U + 1013904223U, random >> 8; };
  const std::string alphabet = "\"\",,\n\n\rab";
  for (int round = 0; round < 300; ++round) {
    std::string text = "a,b\n" + filler();
    const uint32_t length = next() % 60;
    for (uint32_t i = 0; i < length; ++i) text += alphabet[next() % alphabet.size()];
    const std::string path = folder.write("a.csv", text);
    const std::string expected = everything_in(path, 1 << 20);
    for (const int64_t bytes : {1, 3, 7, 20}) ASSERT_EQ(everything_in(path, bytes), expected) << text << bytes;
  }
}

// Random bytes, with many of those that mean something.
TEST(CsvReader, RandomTextIsReadOrRefused) {
  int64_t num_read = 0;
  int64_t num_refused = 0;
  const TempFolder folder;
  uint32_t random = 1;
  const auto next = [&] { return random = random * 1664525U + 1013904223U, random >> 8; };
  const std::string alphabet = "\",\n\r ab01.";
  for (int round = 0; round < 300; ++round) {
    std::string text = "a,b\n";
    const uint32_t length = next() % 200;
    for (uint32_t i = 0; i < length; ++i) text += alphabet[next() % alphabet.size()];
    CsvFile file(folder.write("a.csv", text), 1 + next() % 40);
    const CsvColumns columns(file, {"b"});
    CsvBlock block;
    while (file.next(block)) {
      CsvBlock exact{std::string(block.text), block.first_line};
      exact.text.shrink_to_fit();
      CsvRows row(exact, columns);
      while (true) {
        try {
          if (!row.next()) break;
          row.number(0);
          ++num_read;
        } catch (const Error&) {
          ++num_refused;
        }
      }
    }
  }
  // Both are met often enough for the test to mean something.
  EXPECT_GT(num_read, 100);
  EXPECT_GT(num_refused, 1000);
}

}  // namespace
}  // namespace genbid::data
