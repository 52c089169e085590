#include "graph/zip_writer.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/error.h"

namespace genbid::graph {
namespace {

using std::string_literals::operator""s;

// Field by field as the specification has them. 0xcbf43926 is the checksum of "123456789" that CRC-32 is known by.
TEST(ZipWriter, StoresFilesAsTheyAre) {
  ZipWriter zip("test");
  zip.add("a/b", "123456789");
  zip.add("c", "");
  const std::string about =
      "\x14\x00"s          // version 2.0
      "\x00\x08"s          // UTF-8
      "\x00\x00"s          // stored
      "\x00\x00\x21\x00"s  // 1980-01-01
      "\x26\x39\xf4\xcb"s
      "\x09\x00\x00\x00\x09\x00\x00\x00"s  // checksum, sizes
      "\x03\x00\x00\x00"s;                 // of the name, of what is extra
  const std::string about_nothing = "\x14\0\0\x08\0\0\0\0\x21\0"s + std::string(12, '\0') + "\x01\0\0\0"s;
  EXPECT_EQ(zip.finish(), "PK\3\4"s + about + "a/b123456789" +   // 42 bytes
                              "PK\3\4"s + about_nothing + "c" +  // 31
                              "PK\1\2\x14\x00"s + about + std::string(14, '\0') + "a/b" + "PK\1\2\x14\x00"s +
                              about_nothing + std::string(10, '\0') + "\x2a\0\0\0"s + "c" +
                              // Two files, 49 + 47 bytes of directory, which begins at 73.
                              "PK\5\6"s + "\0\0\0\0\x02\0\x02\0"s + "\x60\0\0\0"s + "\x49\0\0\0"s + "\0\0"s);
}

TEST(ZipWriter, RefusesWhatTheFormatHasNoPlaceFor) {
  ZipWriter many("many");
  for (int i = 0; i < 65535; ++i) many.add("x", "");
  EXPECT_THROW(many.add("x", ""), Error);
  constexpr size_t kTooMany = (size_t{1} << 32) - 1;
  void* none = ::mmap(nullptr, kTooMany, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(none, MAP_FAILED);
  ZipWriter large("large");
  try {
    large.add("x", std::string_view(static_cast<const char*>(none), kTooMany));
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "large: found an archive of 4294967295 bytes, expected less than 4 GiB");
  }
  ::munmap(none, kTooMany);
}

}  // namespace
}  // namespace genbid::graph
