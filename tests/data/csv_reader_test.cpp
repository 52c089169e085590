#include "data/csv_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "files.h"

namespace genbid {
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

double read_number(const std::string& cell) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "x,y\n" + cell + ",1\n"));
  const CsvColumns columns(file, {"x"});
  CsvBlock block;
  file.next(block);
  CsvRows row(block, columns);
  row.next();
  return row.number(0);
}

int64_t read_whole(const std::string& cell, int64_t low, int64_t high) {
  const TempFolder folder;
  CsvFile file(folder.write("a.csv", "x,y\n" + cell + ",1\n"));
  const CsvColumns columns(file, {"x"});
  CsvBlock block;
  file.next(block);
  CsvRows row(block, columns);
  row.next();
  return row.whole(0, low, high);
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
}

TEST(CsvReader, MissingValuesAreNaN) {
  for (const char* text : {"", "nan", "NaN", "NA", "None", "null", "<NA>", " "}) {
    EXPECT_TRUE(std::isnan(read_number(text))) << text;
  }
}

TEST(CsvReader, RefusesWhatIsNoNumber) {
  for (const char* text : {"abc", "1.2.3", "1e", "--1", "0x10", "1_000", "1 2", "nano"}) {
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

TEST(CsvReader, BrokenQuotesAreErrors) {
  const TempFolder folder;
  EXPECT_EQ(message(folder, [&] { read_rows(folder.write("a.csv", "a,b\n1,\"two\nlines\"\n"), {"b"}); }),
            "a.csv:2: field 2: a quoted field does not end on its line");
  EXPECT_EQ(message(folder, [&] { read_rows(folder.write("b.csv", "a,b\n\"1\"2,3\n"), {"b"}); }),
            "b.csv:2: field 1: found text behind a closing quote");
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
  EXPECT_EQ(message(folder, [&] { CsvFile(folder.write("twice.csv", "a,b,a\n")); }),
            "twice.csv:1: column 'a' appears twice");
}

TEST(CsvReader, AnEndlessLineIsAnErrorNotAllOfTheMemory) {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "a\n" + std::string(CsvFile::kMaxLineBytes + 10, 'x') + "\n");
  EXPECT_EQ(message(folder, [&] { read_rows(path, {"a"}); }),
            "a.csv:2: a line of more than 64 MiB, expected comma-separated text");
}

// Random bytes, with many of those that mean something.
TEST(CsvReader, RandomTextNeverCrashes) {
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
        } catch (const Error&) {
          continue;
        }
      }
    }
  }
}

}  // namespace
}  // namespace genbid
