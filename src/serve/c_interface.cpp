#include <genbid.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/convert.h"
#include "serve/bundle.h"
#include "serve/c_calls.h"
#include "serve/caller_structs.h"
#include "serve/campaigns.h"

struct genbid_bundle {
  std::shared_ptr<const genbid::serve::Bundle> loaded;
};

struct genbid_session {
  std::atomic_flag is_busy = ATOMIC_FLAG_INIT;
  genbid::serve::Campaigns campaigns;
};

namespace {

using genbid::serve::guarded;
using genbid::serve::Refused;
using genbid::serve::require;
using genbid::serve::with_session;

}  // namespace

extern "C" {

const char* genbid_version(void) { return GENBID_SERVE_VERSION; }

int genbid_abi_version(void) { return GENBID_ABI_VERSION; }

const char* genbid_last_error(void) { return genbid::serve::last_error_text(); }

genbid_status genbid_bundle_load(const char* path, genbid_bundle** bundle) {
  return guarded([&] {
    require(path, "path");
    require(bundle, "bundle");
    auto made = std::make_unique<genbid_bundle>();
    made->loaded = genbid::serve::loaded_or_refused(
        [&] { return genbid::serve::load_bundle(path, genbid::graph::Carries::kMoving); });
    *bundle = made.release();
  });
}

void genbid_bundle_free(genbid_bundle* bundle) { delete bundle; }

genbid_status genbid_bundle_describe(const genbid_bundle* bundle, genbid_bundle_info* info) {
  return guarded([&] {
    require(bundle, "bundle");
    require(info, "info");
    const genbid::serve::Bundle& loaded = *bundle->loaded;
    genbid_bundle_info all = GENBID_BUNDLE_INFO_INIT;
    all.model = loaded.info.model.c_str();
    all.version = loaded.info.version.c_str();
    all.json = loaded.json.c_str();
    all.ticks = static_cast<int32_t>(loaded.info.ticks);
    all.num_features = static_cast<int32_t>(loaded.info.features.size());
    all.num_coefficients = static_cast<int32_t>(loaded.info.num_coefficients);
    all.num_wishes = static_cast<int32_t>(loaded.info.wishes.size());
    all.noise_size = loaded.info.noise_size;
    all.campaign_bytes = genbid::serve::Campaigns::bytes_of_campaign(loaded);
    genbid::serve::give(all, info);
  });
}

genbid_status genbid_bundle_wish(const genbid_bundle* bundle, int32_t index, const char** name, double* usual) {
  return guarded([&] {
    require(bundle, "bundle");
    require(name, "name");
    require(usual, "usual");
    const auto& wishes = bundle->loaded->info.wishes;
    if (index < 0 || index >= std::ssize(wishes)) {
      throw Refused(GENBID_INVALID, "index: found " + std::to_string(index) + ", expected one of the " +
                                        std::to_string(wishes.size()) + " wishes");
    }
    *name = genbid::at(wishes, index).name.c_str();
    *usual = genbid::at(wishes, index).usual;
  });
}

genbid_status genbid_session_open(const genbid_bundle* bundle, int64_t max_campaigns, genbid_session** session) {
  return guarded([&] {
    require(bundle, "bundle");
    require(session, "session");
    *session = new genbid_session{ATOMIC_FLAG_INIT, genbid::serve::Campaigns(bundle->loaded, max_campaigns)};
  });
}

void genbid_session_close(genbid_session* session) { delete session; }

genbid_status genbid_campaign_open(genbid_session* session, const genbid_campaign* campaign, uint64_t* id) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) {
    require(campaign, "campaign");
    require(id, "id");
    *id = campaigns.open(genbid::serve::campaign_from(campaign));
  });
}

genbid_status genbid_campaign_close(genbid_session* session, uint64_t id) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) { campaigns.close(id); });
}

genbid_status genbid_act(genbid_session* session, size_t count, const uint64_t* ids, const genbid_tick_start* starts,
                         double* coefficients, size_t room) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) {
    if (count == 0) return;
    require(ids, "ids");
    require(starts, "starts");
    require(coefficients, "coefficients");
    campaigns.act(count, ids, starts, coefficients, room);
  });
}

genbid_status genbid_push(genbid_session* session, size_t count, const uint64_t* ids,
                          const genbid_tick_outcome* outcomes) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) {
    if (count == 0) return;
    require(ids, "ids");
    require(outcomes, "outcomes");
    campaigns.push(count, ids, outcomes);
  });
}

genbid_status genbid_campaign_save(genbid_session* session, uint64_t id, void* buffer, size_t* bytes) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) {
    require(bytes, "bytes");
    genbid::serve::give_bytes(campaigns.save(id), buffer, bytes);
  });
}

genbid_status genbid_campaign_restore(genbid_session* session, const void* buffer, size_t bytes, uint64_t* id) {
  return with_session(session, [&](genbid::serve::Campaigns& campaigns) {
    require(buffer, "buffer");
    require(id, "id");
    *id = campaigns.restore({static_cast<const std::byte*>(buffer), bytes});
  });
}

}  // extern "C"
