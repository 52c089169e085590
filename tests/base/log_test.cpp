#include "base/log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cctype>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/shown.h"
#include "base/terminal.h"
#include "base/files/full_disk.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

TEST(Log, StandardErrorHasPlainLinesAndTheFileTimeStamps) {
  const test::TemporaryFolder folder;
  log_to_file(folder.path("log.txt"));
  testing::internal::CaptureStderr();
  log_info("100 % of {rows} read");
  log_warning("3 bad rows");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "100 % of {rows} read\nwarning: 3 bad rows\n");
  close_log_file();
  std::string text = read_file(folder.path("log.txt"));
  for (char& c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) c = '#';
  }
  EXPECT_EQ(text,
            "####-##-## ##:##:## info ### % of {rows} read\n"
            "####-##-## ##:##:## warning # bad rows\n");
}

TEST(Log, GivesATerminalNoCommands) {
  testing::internal::CaptureStderr();
  log_warning("found 'a\x1b[31m'");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: found 'a\\x1b[31m'\n");
}

TEST(Shown, IsShortAndPrintable) {
  EXPECT_EQ(shown("a\nb"), "a\\x0ab");
  EXPECT_EQ(shown(std::string(100, 'a')), std::string(100, 'a'));
  // No character is cut.
  EXPECT_EQ(shown(std::string(99, 'a') + "\xc3\xb6" + "bc"), std::string(99, 'a') + "\xc3\xb6" + "... (2 more bytes)");
  EXPECT_EQ(path_text(std::string(300, 'a')), std::string(300, 'a'));
  EXPECT_EQ(path_text(std::string(5000, 'a')), std::string(100, 'a') + "... (4900 more bytes)");
}

TEST(Printable, IsUtf8WithoutControlsButForThoseOfALayout) {
  EXPECT_EQ(printable("a\n\tb\x1b[31m\a\x7f"), "a\n\tb\\x1b[31m\\x07\\x7f");
  const std::string text = "\xc3\xb6 \xe2\x82\xac \xed\x9f\xbf \xf0\x9f\x98\x80";
  EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable("\xff \xc3 \xc2\x9b \xe0\x80\x80 \xed\xa0\x80"),
            "\\xff \\xc3 \\xc2\\x9b \\xe0\\x80\\x80 \\xed\\xa0\\x80");
}

TEST(Log, AQuietProgramSaysWarningsAloneAndItsFileEverything) {
  const test::TemporaryFolder folder;
  log_to_file(folder.path("log.txt"));
  terminal::set_quiet(true);
  testing::internal::CaptureStderr();
  log_info("read");
  log_warning("3 bad rows");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: 3 bad rows\n");
  terminal::set_quiet(false);
  close_log_file();
  EXPECT_NE(read_file(folder.path("log.txt")).find("info read\n"), std::string::npos);
}

TEST(Log, AppendsToTheFileAndStopsWhenItIsClosed) {
  const test::TemporaryFolder folder;
  testing::internal::CaptureStderr();
  for (const char* line : {"one", "two"}) {
    log_to_file(folder.path("log.txt"));
    log_info(line);
    close_log_file();
  }
  log_info("three");
  testing::internal::GetCapturedStderr();
  const std::string text = read_file(folder.path("log.txt"));
  EXPECT_NE(text.find("one"), std::string::npos);
  EXPECT_NE(text.find("two"), std::string::npos);
  EXPECT_EQ(text.find("three"), std::string::npos);
}

TEST(Log, AFileThatCannotBeOpenedIsAnError) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(log_to_file(folder.path()), Error);
}

TEST(Log, APipeIsNoLogFile) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("log.txt");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  try {
    log_to_file(path);  // and waits for no reader
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path + ": found a pipe, expected a file");
  }
}

TEST(Log, AFullDiskIsSaidOnceAndItsLinesAreWrittenLater) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("log.txt");
  write_file(path, std::string(4096, 'x'));  // as much as goes on the disk; what is captured is less
  testing::internal::CaptureStderr();
  log_to_file(path);
  {
    const test::FullDisk full(4096);
    log_info("one");
    log_info("two");
  }
  EXPECT_EQ(read_file(path).size(), 4096U);
  log_info("three");
  close_log_file();
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "one\nwarning: " + path +
                ": cannot write: File too large; its lines are kept, and written when they can be\ntwo\nthree\n");
  std::string words;
  std::istringstream lines(read_file(path).substr(4096));
  for (std::string line; std::getline(lines, line);) words += line.substr(line.rfind(' '));
  EXPECT_EQ(words, " one two three");
}

// logrotate moves the file, or copies it and cuts it.
TEST(Log, WhereItsFileIsRotatedLinesGoOnInANewOne) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("log.txt");
  testing::internal::CaptureStderr();
  log_to_file(path);
  log_info("one");
  std::filesystem::rename(path, path + ".1");
  log_info("two");
  std::filesystem::resize_file(path, 0);
  log_info("three");
  close_log_file();
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(read_file(path + ".1").ends_with(" one\n"));
  EXPECT_TRUE(read_file(path).ends_with(" three\n"));
  EXPECT_EQ(read_file(path).find("two"), std::string::npos);
}

}  // namespace
}  // namespace genbid
