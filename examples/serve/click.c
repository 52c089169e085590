/* A bundle of agents bids for two campaigns that pay by the click, over a made-up day:  click BUNDLE */
#include <genbid_click.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCampaigns = 2, kImpressions = 200 };

static void check(genbid_status status, const char* what) {
  if (status == GENBID_OK) return;
  fprintf(stderr, "click: %s: %s\n", what, genbid_last_error());
  exit(1);
}

/* Impressions of a slot: what each is worth, how likely it is clicked, and what winning it costs. */
static float values[kImpressions], ctrs[kImpressions], costs[kImpressions];

static void make_up_slot(int32_t slot) {
  for (int i = 0; i < kImpressions; ++i) {
    values[i] = (float)(0.02 * (1 + (i * 7 + slot) % 11));
    ctrs[i] = (float)(0.01 * (1 + i % 3));
    costs[i] = ctrs[i] * (float)(0.5 + 0.1 * ((i * 5 + slot) % 13));
  }
}

/* Whoever bids at least its cost wins an impression, and pays that. */
static genbid_click_outcome play(int32_t slot, double ppc, const genbid_click_bid* bid) {
  genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
  outcome.slot = slot;
  for (int i = 0; i < kImpressions; ++i) {
    if (bid->alpha * values[i] + bid->beta * ppc * ctrs[i] < costs[i]) continue;
    outcome.cost += costs[i];
    outcome.clicks += ctrs[i];
  }
  check(genbid_click_slot_profile(kImpressions, values, ctrs, costs, outcome.profile), "profile of a slot");
  return outcome;
}

int main(int argc, char** argv) {
  genbid_click_bundle* bundle = NULL;
  genbid_click_session* session = NULL;
  genbid_click_bundle_info info = GENBID_CLICK_BUNDLE_INFO_INIT;
  genbid_click_campaign campaigns[kCampaigns] = {GENBID_CLICK_CAMPAIGN_INIT, GENBID_CLICK_CAMPAIGN_INIT};
  uint64_t ids[kCampaigns];
  double* yesterday = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: click BUNDLE\n");
    return 2;
  }
  check(genbid_click_bundle_load(argv[1], &bundle), "load the bundle");
  check(genbid_click_bundle_describe(bundle, &info), "describe it");
  printf("genbid %s: %" PRId32 " agents, version %s\n", genbid_version(), info.num_agents, info.version);
  check(genbid_click_session_open(bundle, kCampaigns, &session), "open a session");

  /* The first campaign was there yesterday, the second begins. */
  yesterday = calloc((size_t)info.slots * GENBID_CLICK_PROFILE_SIZE, sizeof *yesterday);
  if (yesterday == NULL) return 1;
  for (int32_t slot = 0; slot < info.slots; ++slot) {
    make_up_slot(slot);
    check(genbid_click_slot_profile(kImpressions, values, ctrs, costs, yesterday + slot * GENBID_CLICK_PROFILE_SIZE),
          "profile of a slot");
  }
  campaigns[0].yesterday = yesterday;
  campaigns[0].yesterday_size = (size_t)info.slots * GENBID_CLICK_PROFILE_SIZE;
  for (int i = 0; i < kCampaigns; ++i) {
    campaigns[i].budget = 20.0 * (double)info.slots;
    campaigns[i].ppc = 1.0;
    campaigns[i].campaign = i;
    check(genbid_click_campaign_open(session, &campaigns[i], &ids[i]), "open a campaign");
  }
  for (int32_t slot = 0; slot < info.slots; ++slot) {
    genbid_click_bid bids[kCampaigns];
    genbid_click_outcome outcomes[kCampaigns];
    check(genbid_click_ask(session, kCampaigns, ids, bids, kCampaigns), "ask");
    make_up_slot(slot);
    printf("slot %" PRId32 ":", slot);
    for (int i = 0; i < kCampaigns; ++i) {
      printf(" %.9g %.9g", bids[i].alpha, bids[i].beta);
      outcomes[i] = play(slot, campaigns[i].ppc, &bids[i]);
    }
    printf("\n");
    check(genbid_click_push(session, kCampaigns, ids, outcomes), "push");
  }
  free(yesterday);
  genbid_click_session_close(session);
  genbid_click_bundle_free(bundle);
  return 0;
}
