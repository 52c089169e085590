/* genbid's serving library: a trained policy bids, without LibTorch.
 *
 * A bundle (`genbid export`) is loaded once and is never changed; any number of threads may use it. A session holds
 * campaigns and the memory of one caller: one thread at a time; a second one is refused (GENBID_BUSY). Sessions are
 * independent of each other.
 *
 * A campaign's day goes from tick to tick. Before each tick genbid_act() is told how much traffic is expected and says
 * what to bid; after it genbid_push() is told what happened:
 *
 *     genbid_bundle* bundle = NULL;
 *     genbid_session* session = NULL;
 *     if (genbid_bundle_load("bundles/perceptron", &bundle) != GENBID_OK) fail(genbid_last_error());
 *     if (genbid_session_open(bundle, 1000, &session) != GENBID_OK) fail(genbid_last_error());
 *
 *     genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
 *     campaign.budget = 3000.0;
 *     campaign.cpa_limit = 100.0;
 *     uint64_t id = 0;
 *     if (genbid_campaign_open(session, &campaign, &id) != GENBID_OK) fail(genbid_last_error());
 *
 *     for (int32_t tick = 0; tick < ticks_of_the_day; ++tick) {
 *       genbid_tick_start start = GENBID_TICK_START_INIT;
 *       start.tick = tick;
 *       start.num_impressions = expected_impressions;
 *       start.mean_pvalue = expected_mean_pvalue;
 *       double alpha = 0.0;
 *       if (genbid_act(session, 1, &id, &start, &alpha, 1) != GENBID_OK) fail(genbid_last_error());
 *       // ... bid alpha * p-value for every impression of the tick, then:
 *       genbid_tick_outcome outcome = GENBID_TICK_OUTCOME_INIT;
 *       outcome.tick = tick;
 *       outcome.cost = money_spent;  // and the other fields
 *       if (genbid_push(session, 1, &id, &outcome) != GENBID_OK) fail(genbid_last_error());
 *     }
 *     genbid_session_close(session);
 *     genbid_bundle_free(bundle);
 *
 * Every function that can fail returns a status; on failure nothing has changed (but see genbid_act()), and
 * genbid_last_error() says where, what was found and what was expected. No exception leaves the library. Structs begin
 * with their size, which the ..._INIT macros set: a caller that was compiled with an older header goes on working, and
 * one with a newer header as long as it leaves the new fields 0. All structs of an array have one size.
 *
 * Numbers and counts of ticks go up to 1e15.
 *
 * Money is in the unit of the market that the policy was trained in; a p-value is the probability of a conversion.
 */
#ifndef GENBID_H
#define GENBID_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GENBID_API __attribute__((visibility("default")))
#else
#define GENBID_API
#endif

/* The soname's number: raised when a program that was compiled with an older header would no longer work. */
#define GENBID_ABI_VERSION 0

typedef struct genbid_bundle genbid_bundle;
typedef struct genbid_session genbid_session;

typedef enum genbid_status {
  GENBID_OK = 0,
  GENBID_INVALID = 1, /* an argument: a null pointer, a value that is not finite or out of range */
  GENBID_BUNDLE = 2,  /* the bundle is missing, damaged, of another version, or cannot be served */
  GENBID_ORDER = 3,   /* a tick out of order, an unknown or closed campaign */
  GENBID_BUSY = 4,    /* another thread is using this session */
  GENBID_FULL = 5,    /* more campaigns than the session was opened for */
  GENBID_MEMORY = 6,
  GENBID_INTERNAL = 7 /* an error of the library itself */
} genbid_status;

/* "0.1.0", the program's version that the library was built with. */
GENBID_API const char* genbid_version(void);
/* GENBID_ABI_VERSION as the library was compiled. */
GENBID_API int genbid_abi_version(void);
/* The message of this thread's last call that failed; "" if none has. Good until its next call. */
GENBID_API const char* genbid_last_error(void);

/* --- Bundles ------------------------------------------------------------------------------------------------- */

/* `path`: a folder with bundle.json, or one whose file CURRENT names the version to take. */
GENBID_API genbid_status genbid_bundle_load(const char* path, genbid_bundle** bundle);
/* Open sessions keep what they need of it. NULL is allowed. */
GENBID_API void genbid_bundle_free(genbid_bundle* bundle);

typedef struct genbid_bundle_info {
  size_t size;              /* of this struct, as the caller has it */
  const char* model;        /* these texts live as long as the bundle */
  const char* version;      /* the bundle's own: a hash of its content, or what `version=` said */
  const char* json;         /* the whole of bundle.json */
  int32_t ticks;            /* of the days that the policy was trained on: a campaign's day has as many */
  int32_t num_features;     /* of the state, which the library computes */
  int32_t num_coefficients; /* A: what genbid_act() says of a campaign; bid = c[0] p + c[1] p^2 */
  int32_t num_wishes;       /* outcomes that may be wished for */
  int64_t noise_size;       /* random numbers of a decision; 0: the policy is deterministic */
  int64_t campaign_bytes;   /* what a session takes for each campaign that it has room for */
} genbid_bundle_info;
#define GENBID_BUNDLE_INFO_INIT \
  { sizeof(genbid_bundle_info), NULL, NULL, NULL, 0, 0, 0, 0, 0, 0 }

GENBID_API genbid_status genbid_bundle_describe(const genbid_bundle* bundle, genbid_bundle_info* info);
/* The name of a wish, such as "cpa", and what the policy asks for where a campaign does not say. */
GENBID_API genbid_status genbid_bundle_wish(const genbid_bundle* bundle, int32_t index, const char** name,
                                            double* usual);

/* --- Campaigns ----------------------------------------------------------------------------------------------- */

/* Memory for so many campaigns at once is taken here, and none in genbid_act() and genbid_push(). */
GENBID_API genbid_status genbid_session_open(const genbid_bundle* bundle, int64_t max_campaigns,
                                             genbid_session** session);
/* With all its campaigns. NULL is allowed. */
GENBID_API void genbid_session_close(genbid_session* session);

/* What a campaign wishes of its day, by name (docs/using.md, words and units): "cpa" 0.9 asks for 0.9 of the limit. */
typedef struct genbid_wish {
  const char* name;
  double value;
} genbid_wish;

typedef struct genbid_campaign {
  size_t size;               /* of this struct */
  double budget;             /* of the day, money, above 0 */
  double cpa_limit;          /* money for a conversion, above 0 */
  int32_t category;          /* of the advertiser; 0 where there is none */
  int32_t ticks;             /* of the day; 0: as many as the policy was trained on */
  const genbid_wish* wishes; /* those it does not name are the policy's own */
  size_t num_wishes;
  /* Of the noise of a policy that draws: a decision depends on these, the tick and the history alone, and is the one
     that `genbid evaluate` makes with `seed`, in this period and seat. */
  uint64_t noise_seed;
  int64_t noise_period; /* not negative */
  int32_t noise_seat;   /* 0 .. 65535 */
  int32_t reserved;     /* 0 */
  /* What is known of the campaign itself, for policies that read it. None does yet: NULL and 0. */
  const double* profile;
  size_t profile_size;
} genbid_campaign;
#define GENBID_CAMPAIGN_INIT \
  { sizeof(genbid_campaign), 0.0, 0.0, 0, 0, NULL, 0, 1, 0, 0, 0, NULL, 0 }

GENBID_API genbid_status genbid_campaign_open(genbid_session* session, const genbid_campaign* campaign, uint64_t* id);
/* Its place is free for another one; the id is not used again. */
GENBID_API genbid_status genbid_campaign_close(genbid_session* session, uint64_t id);

/* For genbid_tick_start.remaining_budget: the budget less what was pushed as cost, at least 0. No other negative
   number is taken there. */
#define GENBID_FROM_COSTS (-1.0)

/* What is known before a tick. */
typedef struct genbid_tick_start {
  size_t size;
  int32_t tick;            /* from 0 on; the one after the last that was pushed */
  int32_t reserved;        /* 0 */
  int64_t num_impressions; /* that the tick is expected to have */
  double mean_pvalue;      /* over them, 0 .. 1 */
  double remaining_budget; /* money, from 0 on, or GENBID_FROM_COSTS */
} genbid_tick_start;
#define GENBID_TICK_START_INIT \
  { sizeof(genbid_tick_start), 0, 0, 0, 0.0, GENBID_FROM_COSTS }

/* Says what `count` campaigns, each named once, are to bid in their next ticks: `coefficients` has A numbers for each,
   one campaign behind the other, and room for `room` numbers in all. May be called again for the same tick, with other
   starts: the last call counts. Arguments are checked before anything changes. Where the network then says what is no
   number (GENBID_INTERNAL), or what was pushed is too large for a 32-bit float (GENBID_INVALID), `coefficients` may be
   half-written, and each campaign of the call has to be asked again before genbid_push(). */
GENBID_API genbid_status genbid_act(genbid_session* session, size_t count, const uint64_t* ids,
                                    const genbid_tick_start* starts, double* coefficients, size_t room);

/* What became of a tick. Counts and sums run over all its impressions unless said otherwise. */
typedef struct genbid_tick_outcome {
  size_t size;
  int32_t tick;                   /* the one that genbid_act() was last asked for */
  int32_t reserved;               /* 0 */
  double sum_pvalue;              /* over all impressions */
  double sum_bid;                 /* of final bids, over all impressions */
  double mean_least_winning_cost; /* the price of the cheapest slot, mean over all impressions */
  int64_t num_wins;               /* slots won */
  int64_t num_exposed;            /* of them, those that were seen */
  int64_t num_conversions;
  double sum_pvalue_exposed; /* expected conversions */
  double cost;               /* money spent */
} genbid_tick_outcome;
#define GENBID_TICK_OUTCOME_INIT \
  { sizeof(genbid_tick_outcome), 0, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0, 0.0 }

/* Takes in what became of the tick for `count` campaigns, each named once. All or none. */
GENBID_API genbid_status genbid_push(genbid_session* session, size_t count, const uint64_t* ids,
                                     const genbid_tick_outcome* outcomes);

/* A campaign's state as bytes, to go on in another process with the same bundle. `*bytes`: the room that there is, and
   what was written. With a NULL buffer it says what is needed. */
GENBID_API genbid_status genbid_campaign_save(genbid_session* session, uint64_t id, void* buffer, size_t* bytes);
/* Opens a campaign from such bytes. Those of another bundle and damaged ones are refused (GENBID_INVALID). */
GENBID_API genbid_status genbid_campaign_restore(genbid_session* session, const void* buffer, size_t bytes,
                                                 uint64_t* id);

#ifdef __cplusplus
}
#endif
#endif
