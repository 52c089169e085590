#include <genbid.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "serve/bundle.h"
#include "serve/caller_structs.h"
#include "serve/campaigns.h"
#include "serve/refused.h"

struct genbid_bundle {
  std::shared_ptr<const genbid::serve::Bundle> loaded;
};

struct genbid_session {
  std::atomic_flag is_busy = ATOMIC_FLAG_INIT;
  genbid::serve::Campaigns campaigns;
};

namespace {

using genbid::serve::Refused;

struct LastError {
  std::string text;
  bool no_memory = false;  // for the text
};

thread_local LastError last_error;

genbid_status failed(genbid_status status, const char* message) {
  last_error.no_memory = false;
  try {
    last_error.text = message;
  } catch (const std::bad_alloc&) {
    last_error.no_memory = true;
  }
  return status;
}

// Runs the body of a call; no exception leaves it.
template <typename Body>
genbid_status guarded(const Body& body) noexcept {
  try {
    body();
    return GENBID_OK;
  } catch (const Refused& refused) {
    return failed(refused.status(), refused.what());
  } catch (const std::bad_alloc&) {
    return failed(GENBID_MEMORY, "found no memory, expected what the call needs");
  } catch (const std::exception& error) {
    return failed(GENBID_INTERNAL, error.what());
  } catch (...) {
    return failed(GENBID_INTERNAL, "found an exception of another kind, expected none");
  }
}

void require(const void* pointer, const char* name) {
  if (pointer == nullptr) throw Refused(GENBID_INVALID, std::string(name) + ": found NULL, expected a pointer");
}

// One caller at a time.
class Turn {
 public:
  explicit Turn(genbid_session& session) : session_(session) {
    if (session_.is_busy.test_and_set(std::memory_order_acquire)) {
      throw Refused(GENBID_BUSY, "session: found another thread in a call on it, expected one at a time");
    }
  }
  ~Turn() { session_.is_busy.clear(std::memory_order_release); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  genbid_session& session_;
};

template <typename Body>
genbid_status with_session(genbid_session* session, const Body& body) noexcept {
  return guarded([&] {
    require(session, "session");
    const Turn turn(*session);
    body(session->campaigns);
  });
}

}  // namespace

extern "C" {

const char* genbid_version(void) { return GENBID_SERVE_VERSION; }

int genbid_abi_version(void) { return GENBID_ABI_VERSION; }

const char* genbid_last_error(void) {
  return last_error.no_memory ? "found no memory for a message" : last_error.text.c_str();
}

genbid_status genbid_bundle_load(const char* path, genbid_bundle** bundle) {
  return guarded([&] {
    require(path, "path");
    require(bundle, "bundle");
    auto made = std::make_unique<genbid_bundle>();
    try {
      genbid::graph::best_target();
    } catch (const genbid::Error& error) {
      throw Refused(GENBID_INVALID, error.what());
    }
    try {
      made->loaded = genbid::serve::load_bundle(path, genbid::graph::Carries::kMoving);
    } catch (const genbid::Error& error) {
      throw Refused(GENBID_BUNDLE, error.what());
    }
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
    const std::vector<std::byte> saved = campaigns.save(id);
    if (buffer != nullptr) {
      if (*bytes < saved.size()) {
        throw Refused(GENBID_INVALID, "bytes: found room for " + std::to_string(*bytes) + ", expected at least " +
                                          std::to_string(saved.size()));
      }
      std::memcpy(buffer, saved.data(), saved.size());
    }
    *bytes = saved.size();
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
