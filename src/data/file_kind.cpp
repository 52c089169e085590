#include "data/file_kind.h"

#include <algorithm>
#include <array>

namespace genbid::data {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view kind;
};

constexpr std::string_view kParquet = "PAR1";

constexpr std::array kMagics = {
    Magic{"\x89HDF\r\n\x1a\n"sv, "an HDF5 file"},
    Magic{kParquet, "a Parquet file"},
    Magic{"PARE"sv, "an encrypted Parquet file"},
    Magic{"ARROW1"sv, "an Arrow (Feather) file"},
    Magic{"FEA1"sv, "a Feather file"},
    Magic{"ORC"sv, "an ORC file"},
    Magic{"Obj\x01"sv, "an Avro file"},
    Magic{"\x93NUMPY"sv, "a NumPy array (.npy)"},
    Magic{"\x80\x02"sv, "a Python pickle"},
    Magic{"\x80\x03"sv, "a Python pickle"},
    Magic{"\x80\x04"sv, "a Python pickle"},
    Magic{"\x80\x05"sv, "a Python pickle"},
    Magic{"SQLite format 3\0"sv, "an SQLite database"},
    Magic{"\xD0\xCF\x11\xE0"sv, "an Excel workbook (.xls)"},
    Magic{"\x1F\x8B"sv, "a gzip file"},
    Magic{"PK\x03\x04"sv, "a zip file"},
    Magic{"PK\x05\x06"sv, "an empty zip file"},
    Magic{"BZh"sv, "a bzip2 file (unpack it: bunzip2)"},
    Magic{"\xFD\x37zXZ\0"sv, "an xz file (unpack it: unxz)"},
    Magic{"\x28\xB5\x2F\xFD"sv, "a Zstandard file (unpack it: unzstd)"},
    Magic{"7z\xBC\xAF\x27\x1C"sv, "a 7-zip file (unpack it)"},
    Magic{"Rar!"sv, "a RAR file (unpack it)"},
};

// What other kinds of text begin with, after spaces; in small letters.
constexpr std::array kTexts = {
    Magic{"%pdf-"sv, "a PDF file"},
    Magic{"version https://git-lfs"sv, "a Git LFS pointer in place of the file (fetch it: git lfs pull)"},
    Magic{"<!doctype html"sv, "an HTML page"},
    Magic{"<html"sv, "an HTML page"},
    Magic{"<table"sv, "an HTML page"},
    Magic{"<?xml"sv, "an XML file"},
    Magic{"{"sv, "a JSON file"},
    Magic{"["sv, "a JSON file"},
};

std::string utf16(const char* order) {
  return std::string("UTF-16 text (convert it: iconv -f UTF-16") + order + " -t UTF-8)";
}

// Some of the magics are words that may also be the name of a column, so they count only where the head is not plain
// text.
bool is_plain_text(std::string_view head) {
  const bool control = std::any_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f';
  });
  // The head may end within a character.
  return !control && std::min(first_not_utf8(head), head.size()) + 3 >= head.size();
}

bool begins_with_small(std::string_view text, std::string_view small) {
  return text.size() >= small.size() && std::equal(small.begin(), small.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

// Text of western languages in UTF-16 has a zero byte in every character, always on the same side.
std::string zero_bytes(std::string_view head) {
  const size_t first = head.find('\0');
  if (first == std::string_view::npos) return {};
  std::array<size_t, 2> zeros{};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1U : 0U;
  if (zeros[0] == 0 && 4 * zeros[1] > head.size()) return utf16("LE");
  if (zeros[1] == 0 && 4 * zeros[0] > head.size()) return utf16("BE");
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return "a tar archive (unpack it)";
  return "no text (byte 0x00 at offset " + std::to_string(first) + ")";
}

}  // namespace

std::string foreign_kind(std::string_view head) {
  if (head.starts_with("\xFF\xFE\0\0"sv) || head.starts_with("\0\0\xFE\xFF"sv)) {
    return "UTF-32 text (convert it: iconv -f UTF-32 -t UTF-8)";
  }
  // The command names no byte order where the file has a mark: iconv then finds the order itself and removes the mark.
  if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv)) return utf16("");
  const bool plain = is_plain_text(head);
  for (const Magic& magic : kMagics) {
    if (!plain && head.starts_with(magic.bytes)) return std::string(magic.kind);
  }
  const size_t begin = head.find_first_not_of(" \t\r\n"sv);
  if (begin != std::string_view::npos) {
    for (const Magic& text : kTexts) {
      if (begins_with_small(head.substr(begin), text.bytes)) return std::string(text.kind);
    }
  }
  return zero_bytes(head);
}

bool is_parquet(std::string_view head) { return head.starts_with(kParquet) && !is_plain_text(head); }

size_t first_not_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2 : 3;
    if (more == 3 && (lead < 0xF0 || lead > 0xF4)) return i;
    if (text.size() - i <= more) return i;
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    i += more + 1;
  }
  return std::string_view::npos;
}

}  // namespace genbid::data
