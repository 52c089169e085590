/* A bundle bids for two campaigns over a made-up day:  act BUNDLE */
#include <genbid.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCampaigns = 2 };

static void check(genbid_status status, const char* what) {
  if (status == GENBID_OK) return;
  fprintf(stderr, "act: %s: %s\n", what, genbid_last_error());
  exit(1);
}

/* Opens a campaign, and asks for a CPA below its limit where the policy can be asked for one. */
static uint64_t open_campaign(genbid_session* session, double budget, double cpa_limit) {
  const genbid_wish wish = {"cpa", 0.9};
  uint64_t id = 0;
  genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
  campaign.budget = budget;
  campaign.cpa_limit = cpa_limit;
  campaign.wishes = &wish;
  campaign.num_wishes = 1;
  if (genbid_campaign_open(session, &campaign, &id) == GENBID_OK) return id;
  printf("without a wish: %s\n", genbid_last_error());
  campaign.num_wishes = 0;
  check(genbid_campaign_open(session, &campaign, &id), "open a campaign");
  return id;
}

/* What a market might make of a bid: a third of the impressions is won, for less than was bid. */
static genbid_tick_outcome made_up_outcome(const genbid_tick_start* start, double alpha) {
  genbid_tick_outcome outcome = GENBID_TICK_OUTCOME_INIT;
  outcome.tick = start->tick;
  outcome.sum_pvalue = start->mean_pvalue * (double)start->num_impressions;
  outcome.sum_bid = alpha * outcome.sum_pvalue;
  outcome.mean_least_winning_cost = 0.02;
  outcome.num_wins = start->num_impressions / 3;
  outcome.num_exposed = start->num_impressions / 4;
  outcome.sum_pvalue_exposed = start->mean_pvalue * (double)outcome.num_exposed;
  outcome.num_conversions = (int64_t)(outcome.sum_pvalue_exposed + 0.5);
  outcome.cost = 0.8 * alpha * outcome.sum_pvalue_exposed;
  return outcome;
}

int main(int argc, char** argv) {
  genbid_bundle* bundle = NULL;
  genbid_session* session = NULL;
  genbid_bundle_info info = GENBID_BUNDLE_INFO_INIT;
  uint64_t ids[kCampaigns];
  double* coefficients = NULL;
  size_t room = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: act BUNDLE\n");
    return 2;
  }
  check(genbid_bundle_load(argv[1], &bundle), "load the bundle");
  check(genbid_bundle_describe(bundle, &info), "describe it");
  printf("genbid %s: %s, version %s\n", genbid_version(), info.model, info.version);
  check(genbid_session_open(bundle, kCampaigns, &session), "open a session");
  ids[0] = open_campaign(session, 3000.0, 100.0);
  ids[1] = open_campaign(session, 500.0, 40.0);
  room = kCampaigns * (size_t)info.num_coefficients;
  coefficients = calloc(room, sizeof *coefficients);
  if (coefficients == NULL) return 1;

  for (int32_t tick = 0; tick < info.ticks; ++tick) {
    genbid_tick_start starts[kCampaigns] = {GENBID_TICK_START_INIT, GENBID_TICK_START_INIT};
    genbid_tick_outcome outcomes[kCampaigns];
    for (int i = 0; i < kCampaigns; ++i) {
      starts[i].tick = tick;
      starts[i].num_impressions = 1000 + 10 * tick;
      starts[i].mean_pvalue = 0.001;
    }
    check(genbid_act(session, kCampaigns, ids, starts, coefficients, room), "act");
    printf("tick %" PRId32 ":", tick);
    for (int i = 0; i < kCampaigns; ++i) {
      const double alpha = coefficients[i * info.num_coefficients];
      printf(" %.9g", alpha);
      outcomes[i] = made_up_outcome(&starts[i], alpha);
    }
    printf("\n");
    check(genbid_push(session, kCampaigns, ids, outcomes), "push");
  }
  free(coefficients);
  genbid_session_close(session);
  genbid_bundle_free(bundle);
  return 0;
}
