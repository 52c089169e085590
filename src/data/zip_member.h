#pragma once

#include <cstdint>
#include <string>

namespace genbid::data {

// The one file in a zip archive. What macOS puts beside it (`__MACOSX/`) and folders do not count.
struct ZipMember {
  std::string name;
  int64_t offset = 0;  // of its data in the archive
  int64_t packed_size = 0;
  int64_t size = 0;
  uint32_t crc = 0;
  bool deflated = false;  // false: stored as it is
};

// `file` is open for reading, `path` names it in messages. Error for an archive of several files or of none, an
// encrypted one, other ways to pack, what is no CSV (a workbook), and an archive that is damaged or was cut off.
ZipMember find_zip_member(int file, int64_t file_size, const std::string& path);

}  // namespace genbid::data
