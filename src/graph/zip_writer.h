#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A ZIP archive whose files are stored as they are, not compressed, as torch wants it. The same files make the same
// bytes: all are of the first moment that the format knows.

namespace genbid::graph {

class ZipWriter {
 public:
  // Error for more files and bytes than the format has places for (65,535, and 4 GiB less one). `what` begins messages.
  explicit ZipWriter(std::string what) : what_(std::move(what)) {}
  void add(const std::string& path, std::span<const std::byte> bytes);
  void add(const std::string& path, std::string_view text);
  std::string finish();  // the whole archive; once

 private:
  struct Entry {
    std::string path;
    uint32_t checksum = 0;
    uint32_t size = 0;
    uint32_t place = 0;  // of its header
  };
  uint32_t checked(size_t bytes) const;

  std::string what_;
  std::vector<Entry> entries_;
  std::string bytes_;
};

}  // namespace genbid::graph
