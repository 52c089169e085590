#include "data/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/nameless_file.h"

namespace genbid::data {
namespace {

constexpr int64_t kSmallestChunk = int64_t{1} << 14;
constexpr int64_t kLargestChunk = int64_t{1} << 20;

int64_t capacity_of(size_t number) {  // of the n-th chunk of a sequence
  return std::min(kLargestChunk, kSmallestChunk << std::min<size_t>(number / 4, 10));
}

}  // namespace

struct SpoolSpace::State {
  std::string folder;
  int64_t memory_left = 0;
  int file = -1;
  int64_t file_end = 0;

  ~State() {
    if (file >= 0) ::close(file);
  }

  [[noreturn]] void fail() const { throw Error(folder + ": scratch file: " + std::strerror(errno)); }

  int64_t reserve(int64_t bytes) {
    if (file < 0) {
      file = open_nameless(folder);
      if (file < 0) fail();
    }
    return std::exchange(file_end, file_end + bytes);
  }

  void write(const std::byte* from, int64_t size, int64_t offset) const {
    while (size > 0) {
      const ssize_t count = ::pwrite(file, from, to_size(size), offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      from += count;
      size -= count;
      offset += count;
    }
  }

  void read(std::byte* to, int64_t size, int64_t offset) const {
    while (size > 0) {
      const ssize_t count = ::pread(file, to, to_size(size), offset);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) errno = EIO;
      if (count <= 0) fail();
      to += count;
      size -= count;
      offset += count;
    }
  }
};

SpoolSpace::SpoolSpace(std::string folder, int64_t memory_bytes) : state_(std::make_unique<State>()) {
  state_->folder = folder.empty() ? "." : std::move(folder);
  state_->memory_left = memory_bytes;
}
SpoolSpace::~SpoolSpace() = default;

Spool::Spool(Spool&& other) noexcept
    : space_(other.space_), chunks_(std::move(other.chunks_)), size_(std::exchange(other.size_, 0)) {
  other.chunks_.clear();
}

void Spool::append(std::span<const std::byte> bytes) {
  SpoolSpace::State& space = *space_->state_;
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().size == capacity_of(chunks_.size() - 1)) {
      const int64_t capacity = capacity_of(chunks_.size());
      Chunk& chunk = chunks_.emplace_back();
      if (space.memory_left >= capacity) {
        space.memory_left -= capacity;
        chunk.memory = std::make_unique_for_overwrite<std::byte[]>(to_size(capacity));
      } else {
        chunk.offset = space.reserve(capacity);
      }
    }
    Chunk& chunk = chunks_.back();
    const int64_t room = capacity_of(chunks_.size() - 1) - chunk.size;
    const int64_t count = std::min(room, std::ssize(bytes));
    if (chunk.memory != nullptr) {
      std::memcpy(chunk.memory.get() + chunk.size, bytes.data(), to_size(count));
    } else {
      space.write(bytes.data(), count, chunk.offset + chunk.size);
    }
    chunk.size += count;
    size_ += count;
    bytes = bytes.subspan(to_size(count));
  }
}

void Spool::read(int64_t unit, const std::function<void(std::span<const std::byte>)>& piece) const {
  std::vector<std::byte> buffer;
  const auto give = [&](int64_t bytes) {
    piece(std::span(buffer).first(to_size(bytes)));
    buffer.erase(buffer.begin(), buffer.begin() + bytes);
  };
  for (const Chunk& chunk : chunks_) {
    const size_t before = buffer.size();
    buffer.resize(before + to_size(chunk.size));
    if (chunk.memory != nullptr) {
      std::memcpy(buffer.data() + before, chunk.memory.get(), to_size(chunk.size));
    } else {
      space_->state_->read(buffer.data() + before, chunk.size, chunk.offset);
    }
    const auto held = std::ssize(buffer);
    if (held >= 4 * kLargestChunk) give(held / unit * unit);
  }
  if (!buffer.empty()) give(std::ssize(buffer));
}

void Spool::read_all(std::byte* to) const {
  for (const Chunk& chunk : chunks_) {
    if (chunk.memory != nullptr) {
      std::memcpy(to, chunk.memory.get(), to_size(chunk.size));
    } else {
      space_->state_->read(to, chunk.size, chunk.offset);
    }
    to += chunk.size;
  }
}

void Spool::clear() {
  for (size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].memory != nullptr) space_->state_->memory_left += capacity_of(i);
  }
  chunks_.clear();
  size_ = 0;
}

}  // namespace genbid::data
