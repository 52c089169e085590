#include "data/file_kind.h"

#include <gtest/gtest.h>

namespace genbid::data {
namespace {

using namespace std::string_literals;

TEST(FileKind, TextIsNothingElse) {
  for (const std::string& text : {"a,b\n1,2\n"s, ""s,
                                  "\xEF\xBB\xBF"
                                  "a,b\n"s,
                                  "PAR1,ORC,BZh\n"s, "Obj,Rar!\n"s, "gebühr,b\n"s, "caf\xE9,b\n"s}) {
    EXPECT_EQ(foreign_kind(text), "") << text;
  }
}

TEST(FileKind, BinaryFilesAreNamed) {
  EXPECT_EQ(foreign_kind("\x89HDF\r\n\x1a\n\0\0"s), "an HDF5 file");
  EXPECT_EQ(foreign_kind("PAR1\x15\x04\x15\0"s), "a Parquet file");
  EXPECT_EQ(foreign_kind("PARE\x15\x04\x15\0"s), "an encrypted Parquet file");
  EXPECT_EQ(foreign_kind("ARROW1\0\0"s), "an Arrow (Feather) file");
  EXPECT_EQ(foreign_kind("\x93NUMPY\x01\0"s), "a NumPy array (.npy)");
  EXPECT_EQ(foreign_kind("\x80\x04\x95\x10"s), "a Python pickle");
  EXPECT_EQ(foreign_kind("BZh91AY&SY\x01\x02"s), "a bzip2 file (unpack it: bunzip2)");
  EXPECT_EQ(foreign_kind("\x28\xB5\x2F\xFD\0"s), "a Zstandard file (unpack it: unzstd)");
  EXPECT_EQ(foreign_kind("\x1F\x8B\x08\0"s), "a gzip file");
  EXPECT_EQ(foreign_kind("a,b\n1,\0\n"s), "no text (byte 0x00 at offset 6)");
}

TEST(FileKind, ColumnsMayBeginAsParquetFilesDo) {
  EXPECT_TRUE(is_parquet("PAR1\x15\x04\x15\0"s));
  EXPECT_FALSE(is_parquet("PAR1,ORC,BZh\n"s));
  EXPECT_FALSE(is_parquet("a,b\n"s));
}

TEST(FileKind, OtherTextIsNamed) {
  EXPECT_EQ(foreign_kind("\n <!DOCTYPE html><html>"), "an HTML page");
  EXPECT_EQ(foreign_kind("{\"period\": 7}"), "a JSON file");
  EXPECT_EQ(foreign_kind("version https://git-lfs.github.com/spec/v1\n"),
            "a Git LFS pointer in place of the file (fetch it: git lfs pull)");
}

TEST(FileKind, Utf16IsNamedInBothOrdersWithAndWithoutAMark) {
  const auto wide = [](const std::string& text, bool big) {
    std::string out;
    for (const char c : text) out += big ? std::string{'\0', c} : std::string{c, '\0'};
    return out;
  };
  EXPECT_EQ(foreign_kind("\xFF\xFE" + wide("a,b\n", false)), "UTF-16 text (convert it: iconv -f UTF-16 -t UTF-8)");
  EXPECT_EQ(foreign_kind("\xFE\xFF" + wide("a,b\n", true)), "UTF-16 text (convert it: iconv -f UTF-16 -t UTF-8)");
  EXPECT_EQ(foreign_kind(wide("a,b\n", false)), "UTF-16 text (convert it: iconv -f UTF-16LE -t UTF-8)");
  EXPECT_EQ(foreign_kind(wide("a,b\n", true)), "UTF-16 text (convert it: iconv -f UTF-16BE -t UTF-8)");
  EXPECT_EQ(foreign_kind("\xFF\xFE\0\0a\0\0\0"s), "UTF-32 text (convert it: iconv -f UTF-32 -t UTF-8)");
}

TEST(FileKind, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_EQ(first_not_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), std::string::npos);
  EXPECT_EQ(first_not_utf8("a\xE4z"), 1U);
  EXPECT_EQ(first_not_utf8("ab\xC3"), 2U);
  EXPECT_EQ(first_not_utf8("\x80"), 0U);
  EXPECT_EQ(first_not_utf8("\xC0\x80"), 0U);
}

}  // namespace
}  // namespace genbid::data
