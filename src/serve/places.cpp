#include "serve/places.h"

#include <atomic>
#include <string>

#include "base/convert.h"
#include "serve/refused.h"

namespace genbid::serve {

Places::Places(size_t count) : open_(count) {
  // Ids of two sessions should not look alike: each begins to count elsewhere.
  static std::atomic<uint32_t> sessions{0};
  const uint32_t generation = 1 + 0x9E3779B9U * sessions.fetch_add(1, std::memory_order_relaxed);
  free_.reserve(count);
  for (size_t place = count; place-- > 0;) {
    open_[place].generation = generation;
    free_.push_back(static_cast<uint32_t>(place));
  }
}

uint64_t Places::open() {
  const uint32_t place = free_.back();
  free_.pop_back();
  open_[place].is_open = true;
  open_[place].call = 0;
  return uint64_t{open_[place].generation} << 32 | place;
}

void Places::close(size_t place) {
  open_[place].is_open = false;
  if (++open_[place].generation == 0) open_[place].generation = 1;  // no id is 0
  free_.push_back(static_cast<uint32_t>(place));
}

size_t Places::of(uint64_t id) const {
  const size_t place = low_word(id);
  if (place < open_.size() && open_[place].is_open && open_[place].generation == high_word(id)) return place;
  throw Refused(GENBID_ORDER, campaign_text(id) + ": found none of this id, expected one that is open in this session");
}

void Places::name_once(size_t place, uint64_t id) {
  if (open_[place].call == call_) {
    throw Refused(GENBID_INVALID, "campaign " + std::to_string(id) + ": found twice in one call, expected each once");
  }
  open_[place].call = call_;
}

}  // namespace genbid::serve
