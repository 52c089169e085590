#include "serve/caller_structs.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "serve/refused.h"

namespace genbid::serve {
namespace {

// The sizes of ABI 0's first version, which stay as they are when structs get more fields.
constexpr size_t kFirstInfo = offsetof(genbid_bundle_info, campaign_bytes) + sizeof(int64_t);
constexpr size_t kFirstCampaign = offsetof(genbid_campaign, profile_size) + sizeof(size_t);
constexpr size_t kFirstStart = offsetof(genbid_tick_start, remaining_budget) + sizeof(double);
constexpr size_t kFirstOutcome = offsetof(genbid_tick_outcome, cost) + sizeof(double);
constexpr size_t kFirstClickInfo = offsetof(genbid_click_bundle_info, campaign_bytes) + sizeof(int64_t);
constexpr size_t kFirstClickCampaign = offsetof(genbid_click_campaign, yesterday_bid) + sizeof(genbid_click_bid);
constexpr size_t kFirstClickOutcome =
    offsetof(genbid_click_outcome, profile) + GENBID_CLICK_PROFILE_SIZE * sizeof(double);

void check_size(size_t found, size_t first, const char* what) {
  if (found >= first) return;
  throw Refused(GENBID_INVALID, std::string(what) + ": size: found " + std::to_string(found) + ", expected at least " +
                                    std::to_string(first) + " (its ..._INIT macro sets it)");
}

// Takes `size` bytes of a caller's struct into one that holds the defaults.
template <typename Struct>
Struct taken(const void* from, size_t size, Struct into, const char* what) {
  std::memcpy(&into, from, std::min(size, sizeof(Struct)));
  const auto* const bytes = static_cast<const unsigned char*>(from);
  if (size > sizeof(Struct) && std::any_of(bytes + sizeof(Struct), bytes + size, [](auto byte) { return byte != 0; })) {
    throw Refused(GENBID_INVALID, std::string(what) + ": found a field beyond its first " +
                                      std::to_string(sizeof(Struct)) +
                                      " bytes set, which this library does not know, expected 0");
  }
  into.size = sizeof(Struct);
  return into;
}

template <typename Struct>
Struct taken_at(const Struct* given, size_t i, size_t first, const Struct& defaults, const char* what) {
  const size_t stride = given->size;
  if (i == 0) check_size(stride, first, what);
  const auto* const from = reinterpret_cast<const std::byte*>(given) + i * stride;
  size_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size != stride) {
    throw Refused(GENBID_INVALID, std::string(what) + "s[" + std::to_string(i) + "]: size: found " +
                                      std::to_string(size) + ", expected " + std::to_string(stride) +
                                      ", as the first says");
  }
  return taken(from, size, defaults, what);
}

template <typename Struct>
void give_as(const Struct& info, size_t first, const char* what, Struct* to) {
  const size_t room = to->size;
  check_size(room, first, what);
  std::memcpy(to, &info, std::min(room, sizeof info));
  to->size = room;
}

}  // namespace

genbid_campaign campaign_from(const genbid_campaign* given) {
  check_size(given->size, kFirstCampaign, "genbid_campaign");
  return taken(given, given->size, genbid_campaign GENBID_CAMPAIGN_INIT, "genbid_campaign");
}

genbid_tick_start tick_start_at(const genbid_tick_start* given, size_t i) {
  return taken_at(given, i, kFirstStart, genbid_tick_start GENBID_TICK_START_INIT, "genbid_tick_start");
}

genbid_tick_outcome tick_outcome_at(const genbid_tick_outcome* given, size_t i) {
  return taken_at(given, i, kFirstOutcome, genbid_tick_outcome GENBID_TICK_OUTCOME_INIT, "genbid_tick_outcome");
}

genbid_click_campaign click_campaign_from(const genbid_click_campaign* given) {
  check_size(given->size, kFirstClickCampaign, "genbid_click_campaign");
  return taken(given, given->size, genbid_click_campaign GENBID_CLICK_CAMPAIGN_INIT, "genbid_click_campaign");
}

genbid_click_outcome click_outcome_at(const genbid_click_outcome* given, size_t i) {
  return taken_at(given, i, kFirstClickOutcome, genbid_click_outcome GENBID_CLICK_OUTCOME_INIT, "genbid_click_outcome");
}

void give(const genbid_bundle_info& info, genbid_bundle_info* to) {
  give_as(info, kFirstInfo, "genbid_bundle_info", to);
}

void give(const genbid_click_bundle_info& info, genbid_click_bundle_info* to) {
  give_as(info, kFirstClickInfo, "genbid_click_bundle_info", to);
}

}  // namespace genbid::serve
