#include <genbid_click.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/convert.h"
#include "campaigns/click_optimum.h"
#include "campaigns/slot_profile.h"
#include "serve/c_calls.h"
#include "serve/caller_structs.h"
#include "serve/click_bundle.h"
#include "serve/click_campaigns.h"

struct genbid_click_bundle {
  std::shared_ptr<const genbid::serve::ClickBundle> loaded;
};

struct genbid_click_session {
  std::atomic_flag is_busy = ATOMIC_FLAG_INIT;
  genbid::serve::ClickCampaigns campaigns;
};

namespace {

using genbid::serve::ClickCampaigns;
using genbid::serve::guarded;
using genbid::serve::Refused;
using genbid::serve::require;
using genbid::serve::with_session;

// A day with all impressions in one slot. Refused where a number is not what a day has.
genbid::campaigns::ClickDay day_of(size_t count, const float* values, const float* ctrs, const float* costs) {
  if (count > 0) {
    require(values, "values");
    require(ctrs, "ctrs");
    require(costs, "costs");
  }
  genbid::campaigns::ClickDay day;
  day.slot_begins = {0, genbid::to_signed(count)};
  day.value.assign(values, values + count);
  day.ctr.assign(ctrs, ctrs + count);
  day.cost.assign(costs, costs + count);
  try {
    genbid::campaigns::check_day(day, "impressions");
  } catch (const genbid::Error& error) {
    throw Refused(GENBID_INVALID, error.what());
  }
  return day;
}

}  // namespace

extern "C" {

genbid_status genbid_click_bundle_load(const char* path, genbid_click_bundle** bundle) {
  return guarded([&] {
    require(path, "path");
    require(bundle, "bundle");
    auto made = std::make_unique<genbid_click_bundle>();
    made->loaded = genbid::serve::loaded_or_refused([&] { return genbid::serve::load_click_bundle(path); });
    *bundle = made.release();
  });
}

void genbid_click_bundle_free(genbid_click_bundle* bundle) { delete bundle; }

genbid_status genbid_click_bundle_describe(const genbid_click_bundle* bundle, genbid_click_bundle_info* info) {
  return guarded([&] {
    require(bundle, "bundle");
    require(info, "info");
    const genbid::serve::ClickBundle& loaded = *bundle->loaded;
    genbid_click_bundle_info all = GENBID_CLICK_BUNDLE_INFO_INIT;
    all.version = loaded.info.version.c_str();
    all.json = loaded.json.c_str();
    all.slots = static_cast<int32_t>(loaded.info.slots);
    all.num_agents = static_cast<int32_t>(loaded.info.num_agents);
    all.default_agent = static_cast<int32_t>(loaded.info.default_agent);
    all.reads = static_cast<int32_t>(loaded.info.read);
    all.num_matched = std::ssize(loaded.agent_of);
    all.noise_size = loaded.info.noise_size;
    all.campaign_bytes = ClickCampaigns::bytes_of_campaign(loaded);
    genbid::serve::give(all, info);
  });
}

genbid_status genbid_click_bundle_agent(const genbid_click_bundle* bundle, int64_t campaign, int32_t* agent) {
  return guarded([&] {
    require(bundle, "bundle");
    require(agent, "agent");
    *agent = bundle->loaded->agent(campaign);
  });
}

genbid_status genbid_click_slot_profile(size_t count, const float* values, const float* ctrs, const float* costs,
                                        double profile[GENBID_CLICK_PROFILE_SIZE]) {
  return guarded([&] {
    require(profile, "profile");
    const genbid::campaigns::ClickDay day = day_of(count, values, ctrs, costs);
    const genbid::campaigns::SlotProfile numbers = genbid::campaigns::slot_profile(day.value, day.ctr, day.cost);
    static_assert(std::tuple_size_v<genbid::campaigns::SlotProfile> == GENBID_CLICK_PROFILE_SIZE);
    for (size_t i = 0; i < numbers.size(); ++i) profile[i] = genbid::as_double(numbers[i]);
  });
}

genbid_status genbid_click_best_bid(size_t count, const float* values, const float* ctrs, const float* costs,
                                    double budget, double ppc, genbid_click_bid* bid) {
  return guarded([&] {
    require(bid, "bid");
    const genbid::campaigns::ClickDay day = day_of(count, values, ctrs, costs);
    try {
      const genbid::campaigns::ClickBid best = genbid::campaigns::click_optimum(day, {budget, ppc}).bid;
      *bid = {best.alpha, best.beta};
    } catch (const genbid::Error& error) {
      throw Refused(GENBID_INVALID, error.what());
    }
  });
}

genbid_status genbid_click_session_open(const genbid_click_bundle* bundle, int64_t max_campaigns,
                                        genbid_click_session** session) {
  return guarded([&] {
    require(bundle, "bundle");
    require(session, "session");
    *session = new genbid_click_session{ATOMIC_FLAG_INIT, ClickCampaigns(bundle->loaded, max_campaigns)};
  });
}

void genbid_click_session_close(genbid_click_session* session) { delete session; }

genbid_status genbid_click_campaign_open(genbid_click_session* session, const genbid_click_campaign* campaign,
                                         uint64_t* id) {
  return with_session(session, [&](ClickCampaigns& campaigns) {
    require(campaign, "campaign");
    require(id, "id");
    *id = campaigns.open(genbid::serve::click_campaign_from(campaign));
  });
}

genbid_status genbid_click_campaign_close(genbid_click_session* session, uint64_t id) {
  return with_session(session, [&](ClickCampaigns& campaigns) { campaigns.close(id); });
}

genbid_status genbid_click_ask(genbid_click_session* session, size_t count, const uint64_t* ids, genbid_click_bid* bids,
                               size_t room) {
  return with_session(session, [&](ClickCampaigns& campaigns) {
    if (count == 0) return;
    require(ids, "ids");
    require(bids, "bids");
    campaigns.ask(count, ids, bids, room);
  });
}

genbid_status genbid_click_push(genbid_click_session* session, size_t count, const uint64_t* ids,
                                const genbid_click_outcome* outcomes) {
  return with_session(session, [&](ClickCampaigns& campaigns) {
    if (count == 0) return;
    require(ids, "ids");
    require(outcomes, "outcomes");
    campaigns.push(count, ids, outcomes);
  });
}

genbid_status genbid_click_campaign_save(genbid_click_session* session, uint64_t id, void* buffer, size_t* bytes) {
  return with_session(session, [&](ClickCampaigns& campaigns) {
    require(bytes, "bytes");
    genbid::serve::give_bytes(campaigns.save(id), buffer, bytes);
  });
}

genbid_status genbid_click_campaign_restore(genbid_click_session* session, const void* buffer, size_t bytes,
                                            uint64_t* id) {
  return with_session(session, [&](ClickCampaigns& campaigns) {
    require(buffer, "buffer");
    require(id, "id");
    *id = campaigns.restore({static_cast<const std::byte*>(buffer), bytes});
  });
}

}  // extern "C"
