#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace genbid::data {

// A file's bytes from its beginning to its end, unpacked on the way if it is a gzip file (of one member or more) or a
// zip file that holds one file; its name does not matter. Nothing is kept but buffers. Every Error names the file.
class UnpackedFile {
 public:
  // Error for what cannot be opened or is no file: a folder, or a pipe (inputs are read more than once).
  explicit UnpackedFile(std::string path);
  ~UnpackedFile();
  UnpackedFile(const UnpackedFile&) = delete;
  UnpackedFile& operator=(const UnpackedFile&) = delete;

  // The next `count` bytes; fewer only at the end. Error where packed data is damaged or ends too early.
  size_t read(char* to, size_t count);

  // These are of the file as it lies on the disk: its bytes when it was opened, the bytes read so far, and the XXH3-128
  // of those as 32 hexadecimal digits, which is the hash of the whole file once read() has come to the end.
  int64_t size() const;
  int64_t bytes_read() const;
  std::string hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
