#include <cmath>
#include <cstring>
#include <string>

#include "serve/campaigns.h"
#include "serve/saved_bytes.h"

namespace genbid::serve {
namespace {

SavedKind kind_of(const Bundle& bundle) {
  return {"genbid-c", 1, "genbid_campaign_save", bundle.hash, bundle.info.version};
}

size_t bytes_of(const CampaignLayout& layout) {
  constexpr size_t kFixed = 2 * sizeof(double) + sizeof(int32_t) + sizeof(uint64_t) + sizeof(int64_t) +
                            sizeof(int32_t) + sizeof(OutcomeValues) + sizeof(int32_t) +
                            TickHistory::kNumNumbers * sizeof(double) + 1 + sizeof(int64_t) + 2 * sizeof(double);
  return kFixed + layout.saved_bytes();
}

}  // namespace

std::vector<std::byte> Campaigns::save(uint64_t id) {
  const Slot& slot = slot_of(id);
  SavedWriter writer(kind_of(*bundle_), bytes_of(layout_));
  writer.number(slot.advertiser.budget);
  writer.number(slot.advertiser.cpa_limit);
  writer.number(int32_t{slot.advertiser.category});
  writer.number(slot.noise_seed);
  writer.number(slot.noise_period);
  writer.number(slot.noise_seat);
  for (const float wish : slot.wishes) writer.number(wish);
  writer.number(int32_t{slot.history.num_ticks()});
  for (const double number : slot.history.numbers()) writer.number(number);
  writer.number(uint8_t{slot.has_acted});
  writer.number(slot.start.num_pv);
  writer.number(slot.start.mean_pvalue);
  writer.number(slot.start.remaining_budget);
  writer.bytes(std::as_bytes(numbers_of(slot).first(layout_.plain)));
  for (const bool next : {false, true}) {
    const std::vector<float> carry = saved_carry(slot, next);
    writer.bytes(std::as_bytes(std::span<const float>(carry)));
  }
  return writer.finished();
}

size_t Campaigns::saved_bytes() const { return kind_of(*bundle_).bytes(bytes_of(layout_)); }

uint64_t Campaigns::restore(std::span<const std::byte> bytes) {
  SavedReader reader(bytes, kind_of(*bundle_), bytes_of(layout_));
  genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
  campaign.budget = reader.number<double>();
  campaign.cpa_limit = reader.number<double>();
  campaign.category = reader.number<int32_t>();
  campaign.noise_seed = reader.number<uint64_t>();
  campaign.noise_period = reader.number<int64_t>();
  campaign.noise_seat = reader.number<int32_t>();
  check(campaign);
  OutcomeValues wishes{};
  for (float& wish : wishes) {
    wish = reader.number<float>();
    if (!std::isfinite(wish)) refuse_saved("a wish that is not finite", "a number");
  }
  const auto num_ticks = reader.number<int32_t>();
  const int64_t ticks = bundle_->info.ticks;
  if (num_ticks < 0 || num_ticks > ticks)
    refuse_saved("tick " + std::to_string(num_ticks), "0 to " + std::to_string(ticks));
  std::array<double, TickHistory::kNumNumbers> history{};
  for (double& number : history) number = reader.finite("number of its history", 0.0, 1e304);
  const bool has_acted = reader.flag();
  if (has_acted && num_ticks == ticks) refuse_saved("a tick beyond its day", "none");
  TickStart start;
  start.tick = num_ticks;
  start.num_pv = reader.number<int64_t>();
  if (start.num_pv < 0) refuse_saved("a negative count", "a count");
  start.mean_pvalue = reader.finite("mean_pvalue", 0.0, 1.0);
  start.remaining_budget = reader.finite("remaining_budget", 0.0, 1e300);
  static_cast<void>(free_slot());

  const std::span<const std::byte> saved = reader.take(layout_.saved_bytes());
  std::vector<float> carries(2 * layout_.carry_size);

  Slot& slot = occupy(campaign, wishes);
  slot.history = TickHistory::from_numbers(num_ticks, history);
  slot.has_acted = has_acted;
  slot.start = start;
  const std::span<float> numbers = numbers_of(slot);
  std::memcpy(numbers.data(), saved.data(), layout_.plain * sizeof(float));
  std::memcpy(carries.data(), saved.data() + layout_.plain * sizeof(float), carries.size() * sizeof(float));
  const std::span<const float> both = carries;
  restore_carry(slot, both.first(layout_.carry_size), both.last(layout_.carry_size));
  return id_of(slot);
}

}  // namespace genbid::serve
