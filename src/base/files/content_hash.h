#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace genbid {

// XXH3-128 of bytes, as 32 hexadecimal digits: what a file or a column of data holds, whatever it is called.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();

  void add(std::span<const std::byte> bytes);
  template <typename T>
  void add_values(std::span<const T> values) {
    add(std::as_bytes(values));
  }
  std::string digits() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The hash of a text.
std::string content_hash(std::string_view text);
// The hash of a whole file, which is read piece by piece. Error if it cannot be read, and for a pipe: whoever knows
// what a file holds reads it again.
std::string file_content_hash(const std::string& path);

}  // namespace genbid
