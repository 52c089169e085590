#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

// What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, and scripts/fuzz.sh runs it. Two rules
// hold for all. What a reader refuses, it refuses with genbid::Error; anything else ends the target. What it accepts
// must be valid, and is written and read back equal.

namespace genbid::fuzz {

// A broken rule: the fuzzer keeps the input.
inline void require(bool good, const char* rule) {
  if (good) return;
  std::fprintf(stderr, "broken rule: %s\n", rule);
  std::abort();
}

inline void require_equal(const std::string& a, const std::string& b, const char* rule) {
  if (a != b) std::fprintf(stderr, "--- one\n%s\n--- other\n%s\n---\n", a.c_str(), b.c_str());
  require(a == b, rule);
}

// Runs `read`; false if it refused with an Error that says something.
template <typename Read>
bool accepted(const Read& read) {
  try {
    read();
  } catch (const Error& e) {
    require(std::string_view(e.what()).size() > 10, "an error says what is wrong");
    return false;
  }
  return true;
}

// A folder of this process, in memory where the machine has such a place, gone at the end.
class Scratch {
 public:
  static std::string path(const std::string& name) { return instance().folder_ + "/" + name; }

  static std::string write(const std::string& name, std::string_view bytes) {
    const std::string to = path(name);
    std::ofstream file(to, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    require(file.good(), "the scratch folder has room");
    return to;
  }

 private:
  Scratch() {
    for (const char* place : {"/dev/shm", "/tmp"}) {
      std::string pattern = std::string(place) + "/genbid-fuzz-XXXXXX";
      if (::mkdtemp(pattern.data()) == nullptr) continue;
      folder_ = pattern;
      std::atexit([] { std::system(("rm -rf '" + instance().folder_ + "'").c_str()); });
      return;
    }
    require(false, "there is a folder for scratch files");
  }
  static Scratch& instance() {
    static Scratch* scratch = new Scratch;  // outlives atexit
    return *scratch;
  }

  std::string folder_;
};

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Choices that the input makes, for structures that random bytes would never become. When the input is used up, every
// choice is the first of its table.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data, size) {}

  uint8_t byte() {
    if (data_.empty()) return 0;
    const uint8_t value = data_.front();
    data_ = data_.subspan(1);
    return value;
  }
  // True once in 32 times on average.
  bool rarely() { return byte() % 32 == 31; }
  template <typename T, size_t n>
  T one_of(const T (&values)[n]) {
    return values[byte() % n];
  }

 private:
  std::span<const uint8_t> data_;
};

}  // namespace genbid::fuzz
