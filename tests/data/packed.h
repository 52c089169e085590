#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

// Texts packed as gzip and zip write them.
namespace genbid::test {

// zlib's deflate; `window` as for deflateInit2.
inline std::string deflated(const std::string& text, int window) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(const std::string& text) { return deflated(text, 15 + 16); }

struct ZipFile {
  std::string name;
  std::string text;
  int method = 8;
  int flags = 0;
};

inline void put(std::string& to, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) to += i < 8 ? static_cast<char>(value >> (8 * i) & 0xFF) : '\0';
}

// With `in64` the sizes and places stand in the extra fields and the records of 64 bits, as in archives beyond 4 GiB.
inline std::string zip(const std::vector<ZipFile>& files, bool in64 = false) {
  std::string out;
  std::string directory;
  for (const ZipFile& file : files) {
    const std::string data = file.method == 8 ? deflated(file.text, -15) : file.text;
    const uint64_t offset = out.size();
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(file.text.data()), static_cast<uInt>(file.text.size()));
    const auto common = [&](std::string& to) {
      put(to, static_cast<uint64_t>(file.flags), 2);
      put(to, static_cast<uint64_t>(file.method), 2);
      put(to, 0, 4);  // time and date
      put(to, crc, 4);
      put(to, in64 ? 0xFFFFFFFF : data.size(), 4);
      put(to, in64 ? 0xFFFFFFFF : file.text.size(), 4);
      put(to, file.name.size(), 2);
    };
    put(out, 0x04034b50, 4);
    put(out, 20, 2);
    common(out);
    put(out, 0, 2);
    out += file.name + data;

    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put(directory, 20, 2);
    common(directory);
    put(directory, in64 ? 28 : 0, 2);
    put(directory, 0, 2 + 2 + 2 + 4);
    put(directory, in64 ? 0xFFFFFFFF : offset, 4);
    directory += file.name;
    if (in64) {
      put(directory, 1, 2);
      put(directory, 24, 2);
      put(directory, file.text.size(), 8);
      put(directory, data.size(), 8);
      put(directory, offset, 8);
    }
  }
  const uint64_t begin = out.size();
  out += directory;
  if (in64) {
    const uint64_t end = out.size();
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, 45, 2 + 2);
    put(out, 0, 8);
    put(out, files.size(), 8);
    put(out, files.size(), 8);
    put(out, directory.size(), 8);
    put(out, begin, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, end, 8);
    put(out, 1, 4);
  }
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, files.size(), 2);
  put(out, files.size(), 2);
  put(out, in64 ? 0xFFFFFFFF : directory.size(), 4);
  put(out, in64 ? 0xFFFFFFFF : begin, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace genbid::test
