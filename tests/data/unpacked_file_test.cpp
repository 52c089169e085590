#include "data/unpacked_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "files.h"
#include "packed.h"

namespace genbid::data {
namespace {

using test::error_of;
using test::gzip;
using test::TempFolder;
using test::zip;

std::string unpacked(const std::string& path, size_t piece = 1000) {
  UnpackedFile file(path);
  std::string text;
  std::string buffer(piece, '\0');
  while (true) {
    const size_t got = file.read(buffer.data(), piece);
    text.append(buffer, 0, got);
    if (got < piece) return text;
  }
}

std::string unpacked_bytes(const std::string& bytes, size_t piece = 1000) {
  const TempFolder folder;
  return unpacked(folder.write("f", bytes), piece);
}

// The message without the file's name.
std::string error_of_bytes(const std::string& bytes) {
  const TempFolder folder;
  const std::string path = folder.write("f", bytes);
  const std::string message = error_of([&] { unpacked(path); });
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

// Does not become small.
std::string noise(size_t size) {
  std::string text(size, '\0');
  uint32_t random = 1;
  for (char& c : text) c = static_cast<char>('!' + (random = random * 1664525U + 1013904223U, random >> 8) % 90);
  return text;
}

TEST(UnpackedFile, PlainFilesAreReadAsTheyAre) {
  EXPECT_EQ(unpacked_bytes("a,b\n1,2\n"), "a,b\n1,2\n");
  EXPECT_EQ(unpacked_bytes(""), "");
  EXPECT_EQ(unpacked_bytes("P"), "P");
}

TEST(UnpackedFile, GzipIsUnpackedWhateverThePieces) {
  const std::string text = noise(600'000);  // more than its buffers
  for (const size_t piece : {7UL, 1000UL, 1'000'000UL}) EXPECT_TRUE(unpacked_bytes(gzip(text), piece) == text) << piece;
}

TEST(UnpackedFile, GzipMembersFollowEachOther) {
  EXPECT_EQ(unpacked_bytes(gzip("a,b\n") + gzip("") + gzip("1,2\n")), "a,b\n1,2\n");
}

TEST(UnpackedFile, ZerosBehindGzipDataAreNoData) {
  EXPECT_EQ(unpacked_bytes(gzip("a,b\n") + std::string(1000, '\0')), "a,b\n");
}

TEST(UnpackedFile, OtherBytesBehindGzipDataAreAnError) {
  const std::string packed = gzip("a,b\n");
  EXPECT_EQ(error_of_bytes(packed + "more"),
            ": holds more than gzip data: other bytes from " + std::to_string(packed.size()) + " on");
}

TEST(UnpackedFile, AGzipFileThatWasCutOffIsAnErrorWhereverItWasCut) {
  const std::string packed = gzip(noise(1000));
  for (const size_t size : {3UL, 12UL, 500UL, packed.size() - 1}) {
    EXPECT_EQ(error_of_bytes(packed.substr(0, size)), ": ends in the middle of its gzip data: was it cut off?") << size;
  }
}

TEST(UnpackedFile, AGzipFileWhoseCheckDiffersIsAnError) {
  std::string packed = gzip(noise(1000));
  packed[packed.size() - 6] ^= 1;  // the last of the CRC's four bytes
  EXPECT_NE(error_of_bytes(packed).find("gzip data is damaged before byte"), std::string::npos);
  EXPECT_NE(error_of_bytes(packed).find("(incorrect data check)"), std::string::npos);
}

TEST(UnpackedFile, TheFileOfAZipArchiveIsUnpacked) {
  const std::string text = noise(600'000);
  EXPECT_TRUE(unpacked_bytes(zip({{"a.csv", text}})) == text);
  EXPECT_TRUE(unpacked_bytes(zip({{"a.csv", text, 0}}), 7) == text);
  EXPECT_TRUE(unpacked_bytes(zip({{"a.csv", text}}, /*in64=*/true)) == text);
  EXPECT_EQ(unpacked_bytes(zip({{"a.csv", ""}})), "");
  EXPECT_EQ(unpacked_bytes(zip({{"a.csv", "", 0}})), "");
}

TEST(UnpackedFile, FoldersAndWhatMacosAddsAreNoFilesOfAZipArchive) {
  EXPECT_EQ(unpacked_bytes(zip({{"d/", "", 0}, {"d/a.csv", "a,b\n"}, {"__MACOSX/d/._a.csv", "x"}})), "a,b\n");
}

TEST(UnpackedFile, AZipArchiveOfSeveralFilesNamesThem) {
  EXPECT_EQ(error_of_bytes(zip({{"a.csv", "a"}, {"b.csv", "b"}})),
            ": found a zip file of 2 files: 'a.csv', 'b.csv'; expected one file in it");
  EXPECT_EQ(error_of_bytes(zip({{"d/", "", 0}})), ": found a zip file of 0 files; expected one file in it");
}

TEST(UnpackedFile, OtherArchivesAreNamed) {
  EXPECT_EQ(error_of_bytes(zip({{"[Content_Types].xml", "x"}, {"xl/workbook.xml", "x"}})),
            ": found an Excel workbook, expected CSV (save the sheet as CSV)");
  EXPECT_EQ(error_of_bytes(zip({{"state.npy", "x"}})), ": found a NumPy archive (.npz), expected CSV");
  EXPECT_EQ(error_of_bytes(zip({{"a.csv", "x", 8, 1}})),
            ": found a zip file whose file 'a.csv' is encrypted, expected no password");
  EXPECT_EQ(error_of_bytes(zip({{"a.csv", "x", 12}})),
            ": found a zip file whose file 'a.csv' is packed by method 12, expected 8 (deflate) or 0 (stored)");
}

TEST(UnpackedFile, ADamagedZipArchiveIsAnError) {
  const std::string packed = zip({{"a.csv", noise(1000)}});
  EXPECT_EQ(error_of_bytes(packed.substr(0, 900)),
            ": found a zip file without its directory at the end: was it cut off?");
  std::string flipped = packed;
  flipped[600] ^= 1;
  EXPECT_NE(error_of_bytes(flipped).find(": zip data is damaged before byte "), std::string::npos)
      << error_of_bytes(flipped);
}

// No crash, no endless loop, no text that nobody packed.
TEST(UnpackedFile, ChangedBytesGiveTheTextOrAnError) {
  const std::string text = "a,b\n1,2\n3,4\n";
  for (const std::string& packed : {gzip(text), zip({{"a.csv", text}}), zip({{"a.csv", text}}, true)}) {
    for (size_t at = 0; at < packed.size(); ++at) {
      for (const char value : {'\0', '\x7F', '\xFF'}) {
        std::string changed = packed;
        changed[at] = value;
        const TempFolder folder;
        const std::string path = folder.write("f", changed);
        try {
          const std::string got = unpacked(path);
          EXPECT_TRUE(got == text || got == changed) << at;  // the latter: no packed file any more
        } catch (const Error&) {
        }
      }
    }
  }
}

TEST(UnpackedFile, SizeAndHashAreThoseOfTheFileOnTheDisk) {
  const TempFolder folder;
  for (const std::string& bytes :
       {std::string("a,b\n1,2\n"), gzip("a,b\n1,2\n") + std::string(10, '\0'), zip({{"a.csv", "a,b\n1,2\n"}})}) {
    const std::string path = folder.write("f", bytes);
    UnpackedFile file(path);
    char text[100];
    EXPECT_EQ(file.read(text, sizeof text), 8U);
    EXPECT_EQ(file.size(), static_cast<int64_t>(bytes.size()));
    EXPECT_EQ(file.bytes_read(), file.size());
    // All of it, the zeros and the directory at the end included.
    XXH128_canonical_t expected;
    XXH128_canonicalFromHash(&expected, XXH3_128bits(bytes.data(), bytes.size()));
    std::string hash;
    for (const unsigned char byte : expected.digest) {
      hash += "0123456789abcdef"[byte >> 4];
      hash += "0123456789abcdef"[byte & 15];
    }
    EXPECT_EQ(file.hash(), hash);
  }
}

TEST(UnpackedFile, APipeIsRefusedAtOnce) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { UnpackedFile(folder.file("pipe")); }),
            folder.file("pipe") + ": is a pipe, expected a file (it is read more than once; write it to a file first)");
}

}  // namespace
}  // namespace genbid::data
