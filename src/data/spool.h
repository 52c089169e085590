#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

// Byte sequences of unknown length, which are written in pieces and read back from their beginnings. Memory is bounded:
// what does not fit goes to a scratch file, which has no name and so is gone with the process.

namespace genbid::data {

class SpoolSpace {
 public:
  // `folder`: where the scratch file goes. `memory_bytes`: what all sequences together may hold in memory.
  SpoolSpace(std::string folder, int64_t memory_bytes);
  ~SpoolSpace();
  SpoolSpace(const SpoolSpace&) = delete;
  SpoolSpace& operator=(const SpoolSpace&) = delete;

 private:
  friend class Spool;
  struct State;
  std::unique_ptr<State> state_;
};

class Spool {
 public:
  explicit Spool(SpoolSpace& space) : space_(&space) {}
  ~Spool() { clear(); }
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;

  void append(std::span<const std::byte> bytes);
  int64_t size() const { return size_; }
  // All bytes in order, in pieces whose sizes are multiples of `unit`.
  void read(int64_t unit, const std::function<void(std::span<const std::byte>)>& piece) const;
  void read_all(std::byte* to) const;
  void clear();

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> memory;  // null: the chunk lies in the file
    int64_t offset = 0;
    int64_t size = 0;
  };

  SpoolSpace* space_;
  std::vector<Chunk> chunks_;
  int64_t size_ = 0;
};

}  // namespace genbid::data
