#include "graph/zip_writer.h"

#include <zlib.h>

#include <limits>

#include "base/error.h"
#include "base/shown.h"

namespace genbid::graph {
namespace {

// Records of APPNOTE.TXT, the specification of the format, 4.3.
constexpr uint32_t kFileHeader = 0x04034b50, kDirectoryHeader = 0x02014b50, kEnd = 0x06054b50;
constexpr uint16_t kVersion = 20;       // 2.0, the lowest that knows folders
constexpr uint16_t kUtf8 = 1 << 11;     // names are UTF-8
constexpr uint16_t kDate = 1 << 5 | 1;  // 1980-01-01
constexpr size_t kMostFiles = std::numeric_limits<uint16_t>::max();

template <typename Number>
void append(std::string& bytes, Number number) {
  for (size_t i = 0; i < sizeof number; ++i) bytes += static_cast<char>(number >> 8 * i & 0xff);
}

}  // namespace

uint32_t ZipWriter::checked(size_t bytes) const {
  if (bytes < std::numeric_limits<uint32_t>::max()) return static_cast<uint32_t>(bytes);
  throw Error(what_ + ": found an archive of " + std::to_string(bytes) + " bytes, expected less than 4 GiB");
}

void ZipWriter::add(const std::string& path, std::span<const std::byte> bytes) {
  if (entries_.size() == kMostFiles || path.size() > kMostFiles) {
    throw Error(what_ + ": found more than " + std::to_string(kMostFiles) +
                " files, or a name of so many bytes, with '" + shown(path) + "', expected fewer");
  }
  Entry entry = {path, 0, checked(bytes.size()), checked(bytes_.size())};
  checked(bytes_.size() + bytes.size());
  entry.checksum = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  append(bytes_, kFileHeader);
  append(bytes_, kVersion);
  append(bytes_, kUtf8);
  append(bytes_, uint16_t{0});  // stored
  append(bytes_, uint16_t{0});  // midnight
  append(bytes_, kDate);
  append(bytes_, entry.checksum);
  append(bytes_, entry.size);  // in the archive
  append(bytes_, entry.size);  // unpacked
  append(bytes_, static_cast<uint16_t>(path.size()));
  append(bytes_, uint16_t{0});  // nothing extra
  bytes_ += path;
  bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  entries_.push_back(std::move(entry));
}

void ZipWriter::add(const std::string& path, std::string_view text) { add(path, std::as_bytes(std::span(text))); }

std::string ZipWriter::finish() {
  const uint32_t directory = checked(bytes_.size());
  for (const Entry& entry : entries_) {
    append(bytes_, kDirectoryHeader);
    append(bytes_, kVersion);  // made by
    append(bytes_, kVersion);  // needed
    append(bytes_, kUtf8);
    append(bytes_, uint16_t{0});
    append(bytes_, uint16_t{0});
    append(bytes_, kDate);
    append(bytes_, entry.checksum);
    append(bytes_, entry.size);
    append(bytes_, entry.size);
    append(bytes_, static_cast<uint16_t>(entry.path.size()));
    append(bytes_, uint16_t{0});  // nothing extra
    append(bytes_, uint16_t{0});  // no comment
    append(bytes_, uint16_t{0});  // the only disk
    append(bytes_, uint16_t{0});  // attributes
    append(bytes_, uint32_t{0});
    append(bytes_, entry.place);
    bytes_ += entry.path;
  }
  const uint32_t directory_size = checked(bytes_.size()) - directory;
  append(bytes_, kEnd);
  append(bytes_, uint16_t{0});  // the only disk
  append(bytes_, uint16_t{0});
  append(bytes_, static_cast<uint16_t>(entries_.size()));  // on it
  append(bytes_, static_cast<uint16_t>(entries_.size()));
  append(bytes_, directory_size);
  append(bytes_, directory);
  append(bytes_, uint16_t{0});  // no comment
  return std::move(bytes_);
}

}  // namespace genbid::graph
