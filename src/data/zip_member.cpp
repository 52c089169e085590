#include "data/zip_member.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "base/convert.h"
#include "base/error.h"
#include "data/csv_reader.h"

// The format: APPNOTE.TXT of PKWARE, 4.3 (records) and 4.5.3 (64-bit sizes).

namespace genbid::data {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEndOfDirectory = 0x06054b50;
constexpr uint32_t kEndOfDirectory64 = 0x06064b50;
constexpr uint32_t kLocator64 = 0x07064b50;
constexpr int64_t kEndBytes = 22;
constexpr int64_t kMaxComment = 65535;
constexpr int64_t kMaxDirectoryBytes = int64_t{1} << 24;
constexpr uint64_t kIn64 = 0xFFFFFFFF;  // a size that stands in the 64-bit extra field

class Archive {
 public:
  Archive(int file, int64_t size, const std::string& path) : file_(file), size_(size), path_(path) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }
  [[noreturn]] void damaged() const { fail("found a damaged zip file (its directory points to nowhere)"); }

  std::string read(int64_t offset, int64_t count) const {
    if (offset < 0 || count < 0 || offset > size_ || count > size_ - offset) damaged();
    std::string bytes(to_size(count), '\0');
    for (size_t filled = 0; filled < bytes.size();) {
      const ssize_t got =
          ::pread(file_, bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(offset + to_signed(filled)));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
      if (got == 0) damaged();
      filled += to_size(got);
    }
    return bytes;
  }

  // A little-endian number of `width` bytes.
  uint64_t number(const std::string& bytes, size_t at, size_t width) const {
    if (at + width > bytes.size()) damaged();
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
  }
  // A place or size in the file.
  int64_t place(uint64_t value) const {
    if (value > static_cast<uint64_t>(size_)) damaged();
    return to_signed(value);
  }

  // The directory's entries, one behind the other.
  std::string directory() const {
    const int64_t tail_bytes = std::min(size_, kEndBytes + kMaxComment);
    const std::string tail = read(size_ - tail_bytes, tail_bytes);
    for (int64_t at = tail_bytes - kEndBytes; at >= 0; --at) {
      const auto i = to_size(at);
      if (number(tail, i, 4) != kEndOfDirectory) continue;
      uint64_t bytes = number(tail, i + 12, 4);
      uint64_t offset = number(tail, i + 16, 4);
      if (i >= 20 && number(tail, i - 20, 4) == kLocator64) {
        const std::string end = read(place(number(tail, i - 12, 8)), 56);
        if (number(end, 0, 4) != kEndOfDirectory64) damaged();
        bytes = number(end, 40, 8);
        offset = number(end, 48, 8);
      }
      if (place(bytes) > kMaxDirectoryBytes) fail("found a zip file of very many files, expected one file in it");
      return read(place(offset), place(bytes));
    }
    fail("found a zip file without its directory at the end: was it cut off?");
  }

 private:
  int file_;
  int64_t size_;
  const std::string& path_;
};

struct Entry {
  std::string name;
  unsigned flags = 0;
  unsigned method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t header_offset = 0;
};

// The extra field holds the sizes and the offset, in this order, but only those that do not fit 32 bits.
void read_extra(const Archive& archive, const std::string& extra, Entry& entry) {
  for (size_t at = 0; at + 4 <= extra.size();) {
    const auto id = archive.number(extra, at, 2);
    const auto bytes = to_size(archive.number(extra, at + 2, 2));
    if (id == 1) {
      size_t next = at + 4;
      for (uint64_t* value : {&entry.size, &entry.packed_size, &entry.header_offset}) {
        if (*value != kIn64) continue;
        *value = archive.number(extra, next, 8);
        next += 8;
      }
    }
    at += 4 + bytes;
  }
}

std::vector<Entry> read_directory(const Archive& archive) {
  const std::string bytes = archive.directory();
  std::vector<Entry> entries;
  for (size_t at = 0; at < bytes.size();) {
    if (archive.number(bytes, at, 4) != kDirectoryEntry) break;
    Entry& entry = entries.emplace_back();
    entry.flags = static_cast<unsigned>(archive.number(bytes, at + 8, 2));
    entry.method = static_cast<unsigned>(archive.number(bytes, at + 10, 2));
    entry.crc = static_cast<uint32_t>(archive.number(bytes, at + 16, 4));
    entry.packed_size = archive.number(bytes, at + 20, 4);
    entry.size = archive.number(bytes, at + 24, 4);
    const auto name_bytes = to_size(archive.number(bytes, at + 28, 2));
    const auto extra_bytes = to_size(archive.number(bytes, at + 30, 2));
    const auto comment_bytes = to_size(archive.number(bytes, at + 32, 2));
    entry.header_offset = archive.number(bytes, at + 42, 4);
    at += 46;
    if (name_bytes + extra_bytes + comment_bytes > bytes.size() - at) archive.damaged();
    entry.name = bytes.substr(at, name_bytes);
    read_extra(archive, bytes.substr(at + name_bytes, extra_bytes), entry);
    at += name_bytes + extra_bytes + comment_bytes;
  }
  return entries;
}

}  // namespace

ZipMember find_zip_member(int file, int64_t file_size, const std::string& path) {
  const Archive archive(file, file_size, path);
  std::vector<Entry> entries = read_directory(archive);
  for (const Entry& entry : entries) {
    if (entry.name == "[Content_Types].xml")
      archive.fail("found an Excel workbook, expected CSV (save the sheet as CSV)");
    if (entry.name.ends_with(".npy")) archive.fail("found a NumPy archive (.npz), expected CSV");
    if (entry.name.ends_with("data.pkl")) archive.fail("found a PyTorch archive, expected CSV");
  }
  std::erase_if(entries, [](const Entry& e) { return e.name.ends_with('/') || e.name.starts_with("__MACOSX/"); });
  if (entries.size() != 1) {
    std::string names;
    for (size_t i = 0; i < std::min<size_t>(entries.size(), 3); ++i) {
      names += (i == 0 ? ": '" : ", '") + excerpt(entries[i].name) + "'";
    }
    if (entries.size() > 3) names += ", ...";
    archive.fail("found a zip file of " + std::to_string(entries.size()) + " files" + names +
                 "; expected one file in it");
  }
  const Entry& entry = entries[0];
  const std::string what = "found a zip file whose file '" + excerpt(entry.name) + "' is ";
  if ((entry.flags & 1U) != 0) archive.fail(what + "encrypted, expected no password");
  if (entry.method != 0 && entry.method != 8) {
    archive.fail(what + "packed by method " + std::to_string(entry.method) + ", expected 8 (deflate) or 0 (stored)");
  }
  const std::string header = archive.read(archive.place(entry.header_offset), 30);
  if (archive.number(header, 0, 4) != kLocalHeader) archive.damaged();
  ZipMember member;
  member.name = entry.name;
  member.offset = archive.place(entry.header_offset) + 30 + to_signed(archive.number(header, 26, 2)) +
                  to_signed(archive.number(header, 28, 2));
  member.packed_size = archive.place(entry.packed_size);
  if (member.offset > file_size - member.packed_size) archive.damaged();
  if (entry.size > static_cast<uint64_t>(INT64_MAX)) archive.damaged();
  member.size = to_signed(entry.size);
  member.crc = entry.crc;
  member.deflated = entry.method == 8;
  return member;
}

}  // namespace genbid::data
