#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace genbid::serve {

// Places of a session's campaigns, and the ids that callers know them by. An id is never used again.
class Places {
 public:
  explicit Places(size_t count);

  size_t count() const { return open_.size(); }
  bool is_full() const { return free_.empty(); }
  // The place that the next open() takes; not where it is full.
  size_t next() const { return free_.back(); }
  uint64_t open();
  void close(size_t place);
  // Refused (GENBID_ORDER) for an id that is not open.
  size_t of(uint64_t id) const;
  // Refused where one call names it twice; each call begins with new_call().
  void name_once(size_t place, uint64_t id);
  void new_call() { ++call_; }

 private:
  struct Entry {
    uint32_t generation = 0;
    bool is_open = false;
    uint64_t call = 0;  // number of the last call that named it
  };
  std::vector<Entry> open_;
  std::vector<uint32_t> free_;  // the next one last
  uint64_t call_ = 0;
};

}  // namespace genbid::serve
