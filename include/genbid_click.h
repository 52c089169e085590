/* genbid's serving library for campaigns that pay by the click: agents that `genbid train` has made with
 * `protocol: campaigns` (docs/perbid.md) bid, without LibTorch.
 *
 * A bundle (`genbid export`) holds agents, the network of profiles that they read, and which campaign has which agent.
 * A session holds campaigns and the memory of one caller: one thread at a time. A day goes from slot to slot:
 *
 *     genbid_click_bundle* bundle = NULL;
 *     genbid_click_session* session = NULL;
 *     if (genbid_click_bundle_load("bundles/perbid", &bundle) != GENBID_OK) fail(genbid_last_error());
 *     if (genbid_click_session_open(bundle, 1000, &session) != GENBID_OK) fail(genbid_last_error());
 *
 *     genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;
 *     campaign.budget = 500.0;
 *     campaign.ppc = 2.0;
 *     campaign.campaign = 17;            // its number in the matching table of the bundle
 *     campaign.yesterday = profiles;     // of yesterday's slots, 8 numbers each, by genbid_click_slot_profile()
 *     campaign.yesterday_size = 8 * slots_of_the_day;
 *     uint64_t id = 0;
 *     if (genbid_click_campaign_open(session, &campaign, &id) != GENBID_OK) fail(genbid_last_error());
 *
 *     for (int32_t slot = 0; slot < slots_of_the_day; ++slot) {
 *       genbid_click_bid bid;
 *       if (genbid_click_ask(session, 1, &id, &bid, 1) != GENBID_OK) fail(genbid_last_error());
 *       // ... bid bid.alpha * value + bid.beta * ppc * ctr for every impression of the slot, then:
 *       genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
 *       outcome.slot = slot;
 *       outcome.cost = money_spent;
 *       outcome.clicks = clicks_bought;
 *       genbid_click_slot_profile(impressions, values, ctrs, costs, outcome.profile);
 *       if (genbid_click_push(session, 1, &id, &outcome) != GENBID_OK) fail(genbid_last_error());
 *     }
 *     genbid_click_session_close(session);
 *     genbid_click_bundle_free(bundle);
 *
 * Statuses, genbid_last_error() and the sizes of structs are those of genbid.h. Money and values are in the units of
 * the days that the agents were trained on. Agents were trained with clicks and values counted by their expectation;
 * counts may be given in their place, and are then what they are on average.
 */
#ifndef GENBID_CLICK_H
#define GENBID_CLICK_H

#include <genbid.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct genbid_click_bundle genbid_click_bundle;
typedef struct genbid_click_session genbid_click_session;

/* `path`: a folder with bundle.json, or one whose file CURRENT names the version to take. */
GENBID_API genbid_status genbid_click_bundle_load(const char* path, genbid_click_bundle** bundle);
/* Open sessions keep what they need of it. NULL is allowed. */
GENBID_API void genbid_click_bundle_free(genbid_click_bundle* bundle);

typedef struct genbid_click_bundle_info {
  size_t size;            /* of this struct, as the caller has it */
  const char* version;    /* these texts live as long as the bundle */
  const char* json;       /* the whole of bundle.json */
  int32_t slots;          /* of a day */
  int32_t num_agents;     /* M */
  int32_t default_agent;  /* of campaigns that the matching table does not name */
  int32_t reads;          /* what agents read beside what they spent: 0 nothing, 1 how tight limits are by yesterday's
                             slots, 2 a profile of yesterday's slots and today's */
  int64_t num_matched;    /* campaigns in the matching table */
  int64_t noise_size;     /* random numbers of a move; 0: agents draw none */
  int64_t campaign_bytes; /* what a session takes for each campaign that it has room for */
} genbid_click_bundle_info;
#define GENBID_CLICK_BUNDLE_INFO_INIT \
  { sizeof(genbid_click_bundle_info), NULL, NULL, 0, 0, 0, 0, 0, 0, 0 }

GENBID_API genbid_status genbid_click_bundle_describe(const genbid_click_bundle* bundle,
                                                      genbid_click_bundle_info* info);
/* The agent that the matching table has for a campaign, or the default one. */
GENBID_API genbid_status genbid_click_bundle_agent(const genbid_click_bundle* bundle, int64_t campaign, int32_t* agent);

/* Numbers of a slot's profile (PerBid, KDD 2023, section 4.2): what a unit of value costs in the cheapest 10, 30 and
   50 % of impressions, what a click costs there, how many impressions there were, and their mean cost. */
#define GENBID_CLICK_PROFILE_SIZE 8

/* The profile of a slot with so many impressions, whoever won them. `costs`: what winning each would have cost in the
   mean, its ctr times the price of a click. */
GENBID_API genbid_status genbid_click_slot_profile(size_t count, const float* values, const float* ctrs,
                                                   const float* costs, double profile[GENBID_CLICK_PROFILE_SIZE]);

typedef struct genbid_click_bid {
  double alpha; /* money for a value of 1 */
  double beta;  /* share of the limit of a click's price, 0 to 1: an impression is worth alpha value + beta ppc ctr */
} genbid_click_bid;

/* The bid that would have been best all day long, of a day with so many impressions: for
   genbid_click_campaign.yesterday_bid. */
GENBID_API genbid_status genbid_click_best_bid(size_t count, const float* values, const float* ctrs, const float* costs,
                                               double budget, double ppc, genbid_click_bid* bid);

/* Memory for so many campaigns at once is taken here, and none in genbid_click_ask() and genbid_click_push(). */
GENBID_API genbid_status genbid_click_session_open(const genbid_click_bundle* bundle, int64_t max_campaigns,
                                                   genbid_click_session** session);
/* With all its campaigns. NULL is allowed. */
GENBID_API void genbid_click_session_close(genbid_click_session* session);

typedef struct genbid_click_campaign {
  size_t size;      /* of this struct */
  double budget;    /* of the day, money, above 0 */
  double ppc;       /* what a click may cost in the mean of the day, money, above 0 */
  int64_t campaign; /* its number, not negative: for the matching table, and for the noise of agents that draw */
  int64_t day;      /* for that noise alone, not negative */
  int32_t agent;    /* 0 .. M-1; -1: that of the matching table */
  int32_t reserved; /* 0 */
  /* Profiles of yesterday's slots, GENBID_CLICK_PROFILE_SIZE numbers of each, one behind the other, and how many
     numbers these are in all; NULL and 0 for a campaign that begins. Read where the call is made, and not kept. */
  const double* yesterday;
  size_t yesterday_size;
  /* What would have been best all day yesterday; alpha 0: it is not known. For agents that begin there (alphas from
     1e-6 to 1e6); others do not read it. */
  genbid_click_bid yesterday_bid;
} genbid_click_campaign;
#define GENBID_CLICK_CAMPAIGN_INIT                                              \
  {                                                                             \
    sizeof(genbid_click_campaign), 0.0, 0.0, 0, 0, -1, 0, NULL, 0, { 0.0, 0.0 } \
  }

GENBID_API genbid_status genbid_click_campaign_open(genbid_click_session* session,
                                                    const genbid_click_campaign* campaign, uint64_t* id);
/* Its place is free for another one; the id is not used again. */
GENBID_API genbid_status genbid_click_campaign_close(genbid_click_session* session, uint64_t id);

/* Says what `count` campaigns, each named once, are to bid in their next slots. Asked again before genbid_click_push()
   the answer is the same, but for last bits where other campaigns are asked beside it. Where a network says what is no
   number (GENBID_INTERNAL), `bids` is not written, and each campaign of the call has to be asked again. */
GENBID_API genbid_status genbid_click_ask(genbid_click_session* session, size_t count, const uint64_t* ids,
                                          genbid_click_bid* bids, size_t room);

/* What became of a slot. */
typedef struct genbid_click_outcome {
  size_t size;
  int32_t slot;                              /* the one that genbid_click_ask() was last asked for */
  int32_t reserved;                          /* 0 */
  double cost;                               /* money spent */
  double clicks;                             /* that were bought */
  double profile[GENBID_CLICK_PROFILE_SIZE]; /* of the slot, where agents read profiles */
} genbid_click_outcome;
#define GENBID_CLICK_OUTCOME_INIT                                                            \
  {                                                                                          \
    sizeof(genbid_click_outcome), 0, 0, 0.0, 0.0, { 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 } \
  }

/* Takes in what became of the slot for `count` campaigns, each named once. All or none. */
GENBID_API genbid_status genbid_click_push(genbid_click_session* session, size_t count, const uint64_t* ids,
                                           const genbid_click_outcome* outcomes);

/* A campaign's state as bytes, to go on in another process with the same bundle. `*bytes`: the room that there is, and
   what was written. With a NULL buffer it says what is needed. */
GENBID_API genbid_status genbid_click_campaign_save(genbid_click_session* session, uint64_t id, void* buffer,
                                                    size_t* bytes);
/* Opens a campaign from such bytes. Those of another bundle and damaged ones are refused (GENBID_INVALID). */
GENBID_API genbid_status genbid_click_campaign_restore(genbid_click_session* session, const void* buffer, size_t bytes,
                                                       uint64_t* id);

#ifdef __cplusplus
}
#endif
#endif
