#include "runs/click_bundle_play.h"

#include <genbid_click.h>

#include <algorithm>
#include <memory>

#include "base/convert.h"
#include "base/error.h"
#include "campaigns/click_play.h"
#include "campaigns/slot_profile.h"

namespace genbid::runs {
namespace {

// A day as the market has it; its campaign's memory is with the server.
struct ServedDay {
  uint64_t id = 0;
  campaigns::ClickDay day;
  std::vector<campaigns::SlotProfile> profiles;
  campaigns::ClickLimits limits;
  campaigns::ClickSums sums;
  bool out_of_money = false;

  // Plays a slot, and says what the server is told of it.
  genbid_click_outcome play(int64_t slot, const genbid_click_bid& bid) {
    campaigns::ClickSums of_slot;
    if (!out_of_money) {
      const auto played =
          campaigns::play_slots(day, slot, slot + 1, {bid.alpha, bid.beta}, limits.ppc, limits.budget - sums.cost);
      of_slot = played.sums;
      out_of_money = played.out_of_money;
    }
    sums += of_slot;
    genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
    outcome.slot = to_int(slot);
    outcome.cost = of_slot.cost;
    outcome.clicks = of_slot.clicks;
    std::ranges::copy(at(profiles, slot), outcome.profile);
    return outcome;
  }
};

void require_ok(genbid_status status) {
  if (status != GENBID_OK) throw Error(genbid_last_error());
}

using Bundle = std::unique_ptr<genbid_click_bundle, decltype(&genbid_click_bundle_free)>;
using Session = std::unique_ptr<genbid_click_session, decltype(&genbid_click_session_close)>;

ServedDay opened(genbid_click_session* session, bool reads_slots, const campaigns::Samples& samples,
                 const perbid::PreparedDays& days, int64_t i) {
  const perbid::DayPlace& place = at(days.places, i);
  const campaigns::Sample& sample = at(samples.all(), place.sample);
  ServedDay served;
  served.day = samples.day(place.sample, place.back);
  served.profiles = campaigns::slot_profiles(served.day);
  served.limits = at(days.limits, i);
  genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;
  campaign.budget = served.limits.budget;
  campaign.ppc = served.limits.ppc;
  campaign.campaign = sample.campaign;
  campaign.day = sample.day - place.back;
  campaign.yesterday_bid = {at(days.before, i).alpha, at(days.before, i).beta};
  const int64_t size = samples.num_slots() * campaigns::kSlotProfileSize;
  const auto* const from = days.before_NTP.const_data_ptr<float>() + i * size;
  const std::vector<double> yesterday(from, from + size);
  if (reads_slots && days.known(i)) {
    campaign.yesterday = yesterday.data();
    campaign.yesterday_size = yesterday.size();
  }
  require_ok(genbid_click_campaign_open(session, &campaign, &served.id));
  return served;
}

}  // namespace

void check_slots(const serve::ClickBundle& bundle, int64_t slots) {
  if (bundle.info.slots != slots) {
    throw Error(bundle.folder + ": found agents of days of " + std::to_string(bundle.info.slots) + " slots, expected " +
                std::to_string(slots));
  }
}

std::vector<perbid::Outcome> play_bundle(const serve::ClickBundle& described, const campaigns::Samples& samples,
                                         const perbid::PreparedDays& days, Threads& threads) {
  const int64_t slots = samples.num_slots();
  genbid_click_bundle* loaded = nullptr;
  require_ok(genbid_click_bundle_load(described.folder.c_str(), &loaded));
  const Bundle bundle(loaded, genbid_click_bundle_free);
  const bool reads_slots = described.info.read != serve::ClickRead::kNothing;
  constexpr int64_t kBlock = 48;
  const int64_t count = days.count();
  std::vector<perbid::Outcome> outcomes(to_size(count));
  threads.parallel_for((count + kBlock - 1) / kBlock, 1, [&](int64_t first, int64_t last) {
    genbid_click_session* open = nullptr;
    require_ok(genbid_click_session_open(bundle.get(), kBlock, &open));
    const Session session(open, genbid_click_session_close);
    for (int64_t block = first; block < last; ++block) {
      const int64_t begin = block * kBlock;
      const int64_t end = std::min(count, begin + kBlock);
      std::vector<ServedDay> all;
      std::vector<uint64_t> ids;
      for (int64_t i = begin; i < end; ++i) {
        all.push_back(opened(session.get(), reads_slots, samples, days, i));
        ids.push_back(all.back().id);
      }
      std::vector<genbid_click_bid> bids(ids.size());
      for (int64_t slot = 0; slot < slots; ++slot) {
        require_ok(genbid_click_ask(session.get(), ids.size(), ids.data(), bids.data(), bids.size()));
        std::vector<genbid_click_outcome> told;
        for (size_t i = 0; i < ids.size(); ++i) told.push_back(all[i].play(slot, bids[i]));
        require_ok(genbid_click_push(session.get(), ids.size(), ids.data(), told.data()));
      }
      for (int64_t i = begin; i < end; ++i) {
        perbid::Outcome& outcome = at(outcomes, i);
        outcome = perbid::outcome_of(samples, days, i, at(all, i - begin).sums);
        if (described.info.num_agents > 1) {
          outcome.agent = described.agent(at(samples.all(), at(days.places, i).sample).campaign);
        }
        require_ok(genbid_click_campaign_close(session.get(), at(ids, i - begin)));
      }
    }
  });
  return outcomes;
}

}  // namespace genbid::runs
