#include "data/hdf5_file.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <array>

#include "files.h"

namespace genbid::data {
namespace {

using test::error_of;
using test::TempFolder;

TEST(Hdf5File, GivesBackWhatWasWritten) {
  const TempFolder folder;
  const std::string path = folder.file("a.h5");
  {
    Hdf5File file = Hdf5File::create(path);
    file.write_attribute("number", int64_t{-7});
    file.write_attribute("text", std::string("Grüße"));
    file.write_attribute("texts", std::vector<std::string>{"a", "", "ccc"});
    file.create_group("/g");
    file.create_dataset("/g/table", Hdf5Type::kF32, {3, 2});
    file.write_rows("/g/table", 1, std::span<const float>(std::array{3.0F, 4.0F, 5.0F, 6.0F}));
    file.write_rows("/g/table", 0, std::span<const float>(std::array{1.0F, 2.0F}));
    file.close();
  }
  const Hdf5File file = Hdf5File::open(path);
  EXPECT_EQ(file.read_integer_attribute("number"), -7);
  EXPECT_EQ(file.read_text_attribute("text"), "Grüße");
  EXPECT_EQ(file.read_texts_attribute("texts"), (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_FALSE(file.has_attribute("none"));
  EXPECT_TRUE(file.has_dataset("/g/table"));
  EXPECT_FALSE(file.has_dataset("/g/none"));
  EXPECT_FALSE(file.has_dataset("/none/table"));
  EXPECT_FALSE(file.has_dataset("/g"));
  EXPECT_EQ(file.shape("/g/table"), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(file.kind("/g/table"), Hdf5Kind::kReal);
  std::array<double, 4> values{};
  file.read_rows("/g/table", 1, std::span<double>(values));
  EXPECT_EQ(values, (std::array{3.0, 4.0, 5.0, 6.0}));
}

TEST(Hdf5File, DatasetsMayBeEmpty) {
  const TempFolder folder;
  Hdf5File file = Hdf5File::create(folder.file("a.h5"));
  file.create_dataset("/none", Hdf5Type::kI64, {0});
  file.write_rows("/none", 0, std::span<const int64_t>());
  EXPECT_EQ(file.shape("/none"), std::vector<int64_t>{0});
}

TEST(Hdf5File, LongTextsAreKept) {
  const TempFolder folder;
  const std::string text(300'000, 'x');  // beyond the 64 KiB of a compact attribute
  {
    Hdf5File file = Hdf5File::create(folder.file("a.h5"));
    file.write_attribute("text", text);
    file.close();
  }
  EXPECT_EQ(Hdf5File::open(folder.file("a.h5")).read_text_attribute("text"), text);
}

TEST(Hdf5File, ErrorsNameTheFileAndTheReason) {
  const TempFolder folder;
  const std::string path = folder.file("none.h5");
  EXPECT_EQ(error_of([&] { Hdf5File::open(path); }), path + ": cannot be opened: No such file or directory");
  const std::string text = folder.write("text.h5", "not this");
  EXPECT_EQ(error_of([&] { Hdf5File::open(text); }), text + ": not an HDF5 file");

  const std::string good = folder.file("good.h5");
  Hdf5File::create(good).close();
  const Hdf5File file = Hdf5File::open(good);
  EXPECT_EQ(error_of([&] { file.shape("/none"); }).substr(0, good.size() + 33),
            good + ": dataset '/none' cannot be read ");
}

// The library would wait for a pipe's writer, and read a device for ever.
TEST(Hdf5File, PipesFoldersAndDevicesAreErrors) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const std::string expected = ", expected a file (which can be read more than once)";
  EXPECT_EQ(error_of([&] { Hdf5File::open(folder.file("pipe")); }), folder.file("pipe") + ": found a pipe" + expected);
  EXPECT_EQ(error_of([&] { Hdf5File::open(folder.path()); }), folder.path() + ": found a folder" + expected);
  EXPECT_EQ(error_of([&] { Hdf5File::open("/dev/zero"); }), "/dev/zero: found a device" + expected);
}

}  // namespace
}  // namespace genbid::data
