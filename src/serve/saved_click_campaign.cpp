#include <cstring>
#include <limits>
#include <string>

#include "serve/click_campaigns.h"
#include "serve/saved_bytes.h"

namespace genbid::serve {
namespace {

SavedKind kind_of(const ClickBundle& bundle) {
  return {"genbid-k", 1, "genbid_click_campaign_save", bundle.hash, bundle.info.version};
}

size_t bytes_of(size_t num_floats) {
  constexpr size_t kNumbers = 14;  // of 64 bits
  return kNumbers * sizeof(double) + sizeof(int32_t) + 1 + num_floats * sizeof(float);
}

}  // namespace

std::vector<std::byte> ClickCampaigns::save(uint64_t id) {
  const size_t place = places_.of(id);
  const Slot& slot = slots_[place];
  SavedWriter writer(kind_of(*bundle_), bytes_of(row_size_));
  writer.number(slot.limits.budget);
  writer.number(slot.limits.ppc);
  writer.number(slot.campaign);
  writer.number(slot.number_of_day);
  writer.number(slot.agent);
  writer.number(slot.start_alpha);
  writer.number(slot.day.slot);
  for (const campaigns::ClickSums* sums : {&slot.day.sums, &slot.day.of_last_slot}) {
    writer.number(sums->cost);
    writer.number(sums->clicks);
  }
  for (const campaigns::ClickBid* bid : {&slot.day.last, &slot.asked}) {
    writer.number(bid->alpha);
    writer.number(bid->beta);
  }
  writer.number(uint8_t{slot.has_asked});
  for (const bool next : {false, true}) writer.bytes(std::as_bytes(read_of(place, next)));
  writer.bytes(std::as_bytes(traffic_of(place)));
  for (const bool next : {false, true}) writer.bytes(std::as_bytes(carry_of(place, next)));
  return writer.finished();
}

uint64_t ClickCampaigns::restore(std::span<const std::byte> bytes) {
  constexpr double kMost = std::numeric_limits<double>::max();
  SavedReader reader(bytes, kind_of(*bundle_), bytes_of(row_size_));
  genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;
  campaign.budget = reader.number<double>();
  campaign.ppc = reader.number<double>();
  campaign.campaign = reader.number<int64_t>();
  campaign.day = reader.number<int64_t>();
  campaign.agent = reader.number<int32_t>();
  check(campaign);
  if (campaign.agent < 0) refuse_saved("agent " + std::to_string(campaign.agent), "0 or more");
  Slot slot;
  slot.limits = {campaign.budget, campaign.ppc};
  slot.campaign = campaign.campaign;
  slot.number_of_day = campaign.day;
  slot.agent = campaign.agent;
  slot.start_alpha = reader.finite("alpha of its beginning", -kMost, kMost);
  slot.day.slot = reader.number<int64_t>();
  const int64_t slots = bundle_->info.slots;
  if (slot.day.slot < 0 || slot.day.slot > slots) {
    refuse_saved("slot " + std::to_string(slot.day.slot), "0 to " + std::to_string(slots));
  }
  for (campaigns::ClickSums* sums : {&slot.day.sums, &slot.day.of_last_slot}) {
    sums->cost = reader.finite("cost", 0.0, kMost);
    sums->clicks = reader.finite("number of clicks", 0.0, kMost);
  }
  for (campaigns::ClickBid* bid : {&slot.day.last, &slot.asked}) {
    bid->alpha = reader.finite("alpha", -kMost, kMost);
    bid->beta = reader.finite("beta", -kMost, kMost);
  }
  slot.has_asked = reader.flag();
  if (slot.has_asked && slot.day.slot == slots) refuse_saved("a slot beyond its day", "none");
  require_room();

  // Nothing below can fail: the bytes are as many as they have to be.
  const size_t place = places_.next();
  slots_[place] = slot;
  const auto read = [&](std::span<float> to) {
    const std::span<const std::byte> from = reader.take(to.size_bytes());
    if (!to.empty()) std::memcpy(to.data(), from.data(), from.size());
  };
  for (const bool next : {false, true}) read(read_of(place, next));
  read(traffic_of(place));
  for (const bool next : {false, true}) read(carry_of(place, next));
  return places_.open();
}

}  // namespace genbid::serve
