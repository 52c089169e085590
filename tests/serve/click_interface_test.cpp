#include <genbid_click.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/temporary_folder.h"
#include "campaigns/agent_moves.h"
#include "campaigns/episode.h"
#include "serve/click_small_bundle.h"

namespace genbid::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

genbid_click_campaign campaign_of(int64_t number) {
  genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;
  campaign.budget = 100.0;
  campaign.ppc = 2.0;
  campaign.campaign = number;
  return campaign;
}

std::vector<char> saved_campaign(genbid_click_session* session, uint64_t id) {
  size_t bytes = 0;
  EXPECT_EQ(genbid_click_campaign_save(session, id, nullptr, &bytes), GENBID_OK) << genbid_last_error();
  std::vector<char> saved(bytes);
  EXPECT_EQ(genbid_click_campaign_save(session, id, saved.data(), &bytes), GENBID_OK) << genbid_last_error();
  return saved;
}

// A session of three places.
class ClickInterface : public testing::Test {
 protected:
  void SetUp() override {
    write_click_bundle(folder_.path("bundle"));
    ASSERT_EQ(genbid_click_bundle_load(folder_.path("bundle").c_str(), &bundle_), GENBID_OK) << genbid_last_error();
    ASSERT_EQ(genbid_click_session_open(bundle_, 3, &session_), GENBID_OK) << genbid_last_error();
  }
  void TearDown() override {
    genbid_click_session_close(session_);
    genbid_click_bundle_free(bundle_);
  }

  uint64_t open(const genbid_click_campaign& campaign) {
    uint64_t id = 0;
    EXPECT_EQ(genbid_click_campaign_open(session_, &campaign, &id), GENBID_OK) << genbid_last_error();
    return id;
  }
  genbid_click_bid ask(uint64_t id) {
    genbid_click_bid bid{kNan, kNan};
    EXPECT_EQ(genbid_click_ask(session_, 1, &id, &bid, 1), GENBID_OK) << genbid_last_error();
    return bid;
  }
  static genbid_click_outcome outcome_of(int32_t slot, double first) {
    genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
    outcome.slot = slot;
    outcome.cost = 10.0;
    outcome.clicks = 4.0;
    outcome.profile[0] = first;
    return outcome;
  }
  genbid_status push(uint64_t id, const genbid_click_outcome& outcome) {
    return genbid_click_push(session_, 1, &id, &outcome);
  }
  void expect_refused(genbid_status found, genbid_status expected, const std::string& part) {
    EXPECT_EQ(found, expected);
    EXPECT_NE(std::string(genbid_last_error()).find(part), std::string::npos) << genbid_last_error();
  }

  TemporaryFolder folder_;
  genbid_click_bundle* bundle_ = nullptr;
  genbid_click_session* session_ = nullptr;
};

TEST_F(ClickInterface, TellsWhatABundleIs) {
  genbid_click_bundle_info info = GENBID_CLICK_BUNDLE_INFO_INIT;
  ASSERT_EQ(genbid_click_bundle_describe(bundle_, &info), GENBID_OK);
  EXPECT_STREQ(info.version, "small-1");
  EXPECT_EQ(info.slots, 3);
  EXPECT_EQ(info.num_agents, 2);
  EXPECT_EQ(info.default_agent, 1);
  EXPECT_EQ(info.reads, 2);
  EXPECT_EQ(info.num_matched, 2);
  EXPECT_GT(info.campaign_bytes, 0);
  for (const auto& [campaign, expected] : {std::pair(7, 0), std::pair(8, 1), std::pair(9, 1)}) {
    int32_t agent = -1;
    ASSERT_EQ(genbid_click_bundle_agent(bundle_, campaign, &agent), GENBID_OK);
    EXPECT_EQ(agent, expected) << campaign;
  }
}

// Agent 0 says 2 x the alpha of the slot before + the slots so far, agent 1 3 x; beta is the sum of first profile
// numbers, yesterday's and today's.
TEST_F(ClickInterface, BidsWithTheCampaignsAgentAndProfile) {
  std::vector<double> yesterday(3 * GENBID_CLICK_PROFILE_SIZE, 0.0);
  yesterday[0] = 0.25, yesterday[8] = 0.5, yesterday[16] = 1.0;
  genbid_click_campaign known = campaign_of(7);
  known.yesterday = yesterday.data();
  known.yesterday_size = yesterday.size();
  const uint64_t first = open(known);
  const uint64_t second = open(campaign_of(8));
  genbid_click_campaign chosen = campaign_of(8);
  chosen.agent = 0;
  const uint64_t third = open(chosen);
  const std::vector<uint64_t> ids{second, first, third};
  std::vector<genbid_click_bid> bids(3);
  ASSERT_EQ(genbid_click_ask(session_, 3, ids.data(), bids.data(), 3), GENBID_OK) << genbid_last_error();
  EXPECT_EQ(bids[0].alpha, 12.0);  // 3 x 4
  EXPECT_EQ(bids[0].beta, 0.0);
  EXPECT_EQ(bids[1].alpha, 8.0);  // 2 x 4
  EXPECT_EQ(bids[1].beta, 1.75);
  EXPECT_EQ(bids[2].alpha, 8.0);
  // Asked again it says the same.
  EXPECT_EQ(ask(first).alpha, 8.0);
  const std::vector<genbid_click_outcome> outcomes{outcome_of(0, 10.0), outcome_of(0, 20.0), outcome_of(0, 30.0)};
  ASSERT_EQ(genbid_click_push(session_, 3, ids.data(), outcomes.data()), GENBID_OK) << genbid_last_error();
  EXPECT_EQ(ask(second).alpha, 37.0);  // 3 x 12 + 1
  EXPECT_EQ(ask(second).beta, 10.0);
  EXPECT_EQ(ask(first).alpha, 17.0);  // 2 x 8 + 1
  EXPECT_EQ(ask(first).beta, 21.75);
  EXPECT_EQ(ask(third).beta, 30.0);
}

// A place that was another campaign's begins anew.
TEST_F(ClickInterface, ForgetsClosedCampaigns) {
  uint64_t id = open(campaign_of(8));
  ask(id);
  ASSERT_EQ(push(id, outcome_of(0, 5.0)), GENBID_OK);
  ASSERT_EQ(genbid_click_campaign_close(session_, id), GENBID_OK);
  genbid_click_bid bid;
  expect_refused(genbid_click_ask(session_, 1, &id, &bid, 1), GENBID_ORDER, "found none of this id");
  expect_refused(genbid_click_campaign_close(session_, id), GENBID_ORDER, "found none of this id");
  const uint64_t next = open(campaign_of(8));
  EXPECT_NE(next, id);
  EXPECT_EQ(ask(next).alpha, 12.0);
  EXPECT_EQ(ask(next).beta, 0.0);
}

// Saved before a bid is asked for, and between that and what became of it: the same bids as of one that stays.
TEST_F(ClickInterface, SavedCampaignsGoOnElsewhere) {
  genbid_click_session* there = nullptr;
  ASSERT_EQ(genbid_click_session_open(bundle_, 1, &there), GENBID_OK) << genbid_last_error();
  std::vector<double> yesterday(3 * GENBID_CLICK_PROFILE_SIZE, 0.0);
  yesterday[0] = 0.25, yesterday[7] = 3.0, yesterday[8] = 0.5, yesterday[16] = 1.0;
  genbid_click_campaign campaign = campaign_of(7);
  campaign.yesterday = yesterday.data();
  campaign.yesterday_size = yesterday.size();
  const uint64_t stays = open(campaign);
  uint64_t moves = open(campaign);
  genbid_click_session* at = session_;
  const auto move = [&] {
    genbid_click_session* const to = at == session_ ? there : session_;
    const std::vector<char> saved = saved_campaign(at, moves);
    EXPECT_EQ(genbid_click_campaign_close(at, moves), GENBID_OK);
    EXPECT_EQ(genbid_click_campaign_restore(to, saved.data(), saved.size(), &moves), GENBID_OK) << genbid_last_error();
    EXPECT_EQ(saved_campaign(to, moves), saved);
    at = to;
  };
  for (int32_t slot = 0; slot < 3; ++slot) {
    move();
    genbid_click_bid bid{kNan, kNan};
    ASSERT_EQ(genbid_click_ask(at, 1, &moves, &bid, 1), GENBID_OK) << genbid_last_error();
    const genbid_click_bid expected = ask(stays);
    EXPECT_EQ(bid.alpha, expected.alpha) << slot;
    EXPECT_EQ(bid.beta, expected.beta) << slot;
    move();
    const genbid_click_outcome outcome = outcome_of(slot, 10.0 + slot);
    ASSERT_EQ(genbid_click_push(at, 1, &moves, &outcome), GENBID_OK) << genbid_last_error();
    ASSERT_EQ(push(stays, outcome), GENBID_OK) << genbid_last_error();
  }
  move();
  EXPECT_EQ(saved_campaign(at, moves), saved_campaign(session_, stays));
  genbid_click_bid bid;
  expect_refused(genbid_click_ask(at, 1, &moves, &bid, 1), GENBID_ORDER, "no slot left");
  genbid_click_session_close(there);
}

TEST_F(ClickInterface, RefusesSavedCampaignsThatAreNone) {
  uint64_t id = open(campaign_of(7));
  const std::vector<char> saved = saved_campaign(session_, id);
  ASSERT_EQ(genbid_click_campaign_close(session_, id), GENBID_OK);
  const auto restore = [&](const std::vector<char>& bytes) {
    return genbid_click_campaign_restore(session_, bytes.data(), bytes.size(), &id);
  };
  for (size_t i = 0; i < saved.size(); ++i) {
    std::vector<char> damaged = saved;
    damaged[i] ^= 1;
    EXPECT_EQ(restore(damaged), GENBID_INVALID) << i;
    EXPECT_EQ(restore({saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(i)}), GENBID_INVALID) << i;
  }
  // With a hash that fits, but numbers that no campaign has.
  const auto with = [&](size_t place, auto number) {
    constexpr size_t kHash = 32;
    std::vector<char> bytes = saved;
    std::memcpy(bytes.data() + place, &number, sizeof number);
    const std::string hash = content_hash({bytes.data(), bytes.size() - kHash});
    std::memcpy(bytes.data() + bytes.size() - kHash, hash.data(), kHash);
    return bytes;
  };
  const size_t begin = 8 + 4 + 8 + 32 + 4 + std::string("small-1").size();
  const size_t length_at = begin - std::string("small-1").size() - sizeof(uint32_t);
  expect_refused(restore(with(length_at, uint32_t{6})), GENBID_INVALID, "found one of the bundle of version small- (");
  expect_refused(restore(with(length_at, uint32_t{1000})), GENBID_INVALID, "found its end too early");
  expect_refused(restore(with(begin, -1.0)), GENBID_INVALID, "budget: found -1");
  expect_refused(restore(with(begin + 32, int32_t{2})), GENBID_INVALID, "agent: found 2");
  expect_refused(restore(with(begin + 32, int32_t{-1})), GENBID_INVALID, "saved campaign: found agent -1");
  expect_refused(restore(with(begin + 44, int64_t{4})), GENBID_INVALID, "found slot 4, expected 0 to 3");
  expect_refused(restore(with(begin + 52, kNan)), GENBID_INVALID, "found a wrong cost");
  expect_refused(restore(with(begin + 84, kNan)), GENBID_INVALID, "found a wrong alpha");
  expect_refused(restore(with(begin + 116, uint8_t{2})), GENBID_INVALID, "found a flag of 2");
  size_t room = saved.size() - 1;
  std::vector<char> small(room);
  ASSERT_EQ(restore(saved), GENBID_OK) << genbid_last_error();
  expect_refused(genbid_click_campaign_save(session_, id, small.data(), &room), GENBID_INVALID, "found room for");
  expect_refused(genbid_click_campaign_save(session_, id + 1, nullptr, &room), GENBID_ORDER, "found none of this id");
  for (int i = 0; i < 2; ++i) ASSERT_EQ(restore(saved), GENBID_OK) << genbid_last_error();
  expect_refused(restore(saved), GENBID_FULL, "no room for another campaign");
  // Those of the other interface and of another bundle.
  expect_refused(restore(std::vector<char>(100, 'x')), GENBID_INVALID, "genbid_click_campaign_save() has written");
  serve::ClickBundleInfo info = click_info();
  info.version = "small-2";
  write_click_bundle(folder_.path("other"), info);
  genbid_click_bundle* other = nullptr;
  genbid_click_session* session = nullptr;
  ASSERT_EQ(genbid_click_bundle_load(folder_.path("other").c_str(), &other), GENBID_OK) << genbid_last_error();
  ASSERT_EQ(genbid_click_session_open(other, 1, &session), GENBID_OK) << genbid_last_error();
  expect_refused(genbid_click_campaign_restore(session, saved.data(), saved.size(), &id), GENBID_INVALID,
                 "found one of the bundle of version small-1");
  genbid_click_session_close(session);
  genbid_click_bundle_free(other);
}

TEST_F(ClickInterface, RefusesWhatIsOutOfOrder) {
  const uint64_t id = open(campaign_of(7));
  expect_refused(push(id, outcome_of(0, 1.0)), GENBID_ORDER, "genbid_click_ask() for slot 0 before it");
  ask(id);
  expect_refused(push(id, outcome_of(1, 1.0)), GENBID_ORDER, "slot: found 1, expected 0");
  const std::vector<uint64_t> twice{id, id};
  std::vector<genbid_click_bid> bids(2);
  expect_refused(genbid_click_ask(session_, 2, twice.data(), bids.data(), 2), GENBID_INVALID, "twice in one call");
  expect_refused(genbid_click_ask(session_, 2, twice.data(), bids.data(), 1), GENBID_INVALID, "room: found 1");
  for (int32_t slot = 0; slot < 3; ++slot) {
    ask(id);
    ASSERT_EQ(push(id, outcome_of(slot, 1.0)), GENBID_OK) << genbid_last_error();
  }
  expect_refused(genbid_click_ask(session_, 1, &id, bids.data(), 1), GENBID_ORDER, "no slot left");
  open(campaign_of(1));
  open(campaign_of(2));
  uint64_t fourth = 0;
  const genbid_click_campaign more = campaign_of(3);
  expect_refused(genbid_click_campaign_open(session_, &more, &fourth), GENBID_FULL, "at most 3 at once");
}

// A wrong number of one of two campaigns changes neither.
TEST_F(ClickInterface, RefusesWrongNumbers) {
  const std::vector<uint64_t> ids{open(campaign_of(7)), open(campaign_of(8))};
  std::vector<genbid_click_bid> bids(2);
  ASSERT_EQ(genbid_click_ask(session_, 2, ids.data(), bids.data(), 2), GENBID_OK);
  const auto refused = [&](const std::string& part, const auto& change) {
    std::vector<genbid_click_outcome> outcomes{outcome_of(0, 1.0), outcome_of(0, 1.0)};
    change(outcomes[1]);
    expect_refused(genbid_click_push(session_, 2, ids.data(), outcomes.data()), GENBID_INVALID, part);
  };
  refused("cost: found -1", [](auto& one) { one.cost = -1.0; });
  refused("clicks: found nan", [](auto& one) { one.clicks = kNan; });
  refused("profile[3]: found inf", [](auto& one) { one.profile[3] = std::numeric_limits<double>::infinity(); });
  refused("reserved", [](auto& one) { one.reserved = 1; });
  refused("size: found", [](auto& one) { one.size = 8; });
  EXPECT_EQ(ask(ids[0]).beta, 0.0);

  const auto bad = [&](const std::string& part, const auto& change) {
    genbid_click_campaign campaign = campaign_of(1);
    change(campaign);
    uint64_t id = 0;
    expect_refused(genbid_click_campaign_open(session_, &campaign, &id), GENBID_INVALID, part);
  };
  const std::vector<double> numbers(24, 1.0);
  std::vector<double> negative(24, 1.0);
  negative[9] = -1.0;
  bad("budget: found 0", [](auto& one) { one.budget = 0.0; });
  bad("ppc: found nan", [](auto& one) { one.ppc = kNan; });
  bad("budget: found 1e-60", [](auto& one) { one.budget = 1e-60; });
  bad("campaign: found -1", [](auto& one) { one.campaign = -1; });
  bad("day: found -2", [](auto& one) { one.day = -2; });
  bad("agent: found 2", [](auto& one) { one.agent = 2; });
  bad("yesterday_size: found 23, expected 24", [&](auto& one) {
    one.yesterday = numbers.data();
    one.yesterday_size = 23;
  });
  bad("yesterday_size: found 24, expected 0 beside NULL", [](auto& one) { one.yesterday_size = 24; });
  bad("yesterday[1]: found -1", [&](auto& one) {
    one.yesterday = negative.data();
    one.yesterday_size = 24;
  });
  bad("yesterday_bid.beta: found 2", [](auto& one) { one.yesterday_bid = {1.0, 2.0}; });
  bad("yesterday_bid.alpha: found nan", [](auto& one) { one.yesterday_bid = {kNan, 0.5}; });
  expect_refused(genbid_click_session_open(bundle_, 0, &session_), GENBID_INVALID, "max_campaigns: found 0");
  expect_refused(genbid_click_session_open(bundle_, int64_t{4'000'000'000}, &session_), GENBID_MEMORY, "room for");
  expect_refused(genbid_click_bundle_load(nullptr, &bundle_), GENBID_INVALID, "path: found NULL");
  expect_refused(genbid_click_bundle_load("/nowhere", &bundle_), GENBID_BUNDLE, "/nowhere");
}

TEST_F(ClickInterface, IsForOneThreadAtATime) {
  const uint64_t id = open(campaign_of(7));
  std::atomic<bool> stop = false;
  std::atomic<int> others = 0;
  const auto work = [&] {
    while (!stop) {
      genbid_click_bid bid;
      const genbid_status status = genbid_click_ask(session_, 1, &id, &bid, 1);
      if (status != GENBID_OK && status != GENBID_BUSY) ++others;
    }
  };
  std::thread first(work);
  std::thread second(work);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  stop = true;
  first.join();
  second.join();
  EXPECT_EQ(others, 0);
}

// Three impressions that cost 1, 2 and 4 for a value of 1 each, of half a click.
TEST_F(ClickInterface, ComputesProfilesAndBestBids) {
  const std::vector<float> values(3, 1.0F);
  const std::vector<float> ctrs(3, 0.5F);
  const std::vector<float> costs{4.0F, 1.0F, 2.0F};
  double profile[GENBID_CLICK_PROFILE_SIZE];
  ASSERT_EQ(genbid_click_slot_profile(3, values.data(), ctrs.data(), costs.data(), profile), GENBID_OK);
  EXPECT_EQ(profile[0], 1.0);
  EXPECT_EQ(profile[2], 2.0);  // the middle one of three
  EXPECT_EQ(profile[5], 4.0);  // a click of it
  EXPECT_EQ(profile[6], 3.0);
  EXPECT_NEAR(profile[7], 7.0 / 3.0, 1e-6);
  ASSERT_EQ(genbid_click_slot_profile(0, nullptr, nullptr, nullptr, profile), GENBID_OK);
  EXPECT_EQ(profile[6], 0.0);
  // With money for the two cheap ones alone alpha lies between the prices of the second and the third.
  genbid_click_bid bid{};
  ASSERT_EQ(genbid_click_best_bid(3, values.data(), ctrs.data(), costs.data(), 3.0, 100.0, &bid), GENBID_OK);
  EXPECT_GE(bid.alpha, 2.0 - 1e-6);
  EXPECT_LE(bid.alpha, 4.0 + 1e-6);
  const std::vector<float> wrong{0.5F, 2.0F, 0.5F};
  expect_refused(genbid_click_slot_profile(3, values.data(), wrong.data(), costs.data(), profile), GENBID_INVALID,
                 "impressions");
  expect_refused(genbid_click_slot_profile(3, nullptr, ctrs.data(), costs.data(), profile), GENBID_INVALID,
                 "values: found NULL");
  expect_refused(genbid_click_best_bid(3, values.data(), ctrs.data(), costs.data(), 0.0, 1.0, &bid), GENBID_INVALID,
                 "found");
}

// A session of one campaign with agents of other kinds.
class OtherAgents : public testing::Test {
 protected:
  void load(const serve::ClickBundleInfo& info, const Graph& agent) {
    write_click_bundle_of(folder_.path("bundle"), info, {agent});
    genbid_click_bundle* bundle = nullptr;
    ASSERT_EQ(genbid_click_bundle_load(folder_.path("bundle").c_str(), &bundle), GENBID_OK) << genbid_last_error();
    ASSERT_EQ(genbid_click_session_open(bundle, 1, &session_), GENBID_OK) << genbid_last_error();
    genbid_click_bundle_free(bundle);  // the session keeps what it needs
  }
  void TearDown() override { genbid_click_session_close(session_); }
  genbid_click_bid bid_of(const genbid_click_campaign& campaign) {
    genbid_click_bid bid{kNan, kNan};
    EXPECT_EQ(genbid_click_campaign_open(session_, &campaign, &id_), GENBID_OK) << genbid_last_error();
    EXPECT_EQ(genbid_click_ask(session_, 1, &id_, &bid, 1), GENBID_OK) << genbid_last_error();
    return bid;
  }
  static serve::ClickBundleInfo info_of(serve::ClickRead read, int64_t size) {
    serve::ClickBundleInfo info = click_info();
    info.read = read;
    info.read_size = size;
    return info;
  }
  // It says two numbers of one of its inputs.
  static Graph saying(const char* input, int64_t size, int64_t first) {
    Graph graph;
    const ValueId value = graph.add_input(input, Type::kFloat, {1, {size}});
    graph.add_output("bid", graph.add(Op::kSlice, {value}, {1, first, first + 2}));
    return graph;
  }

  TemporaryFolder folder_;
  genbid_click_session* session_ = nullptr;
  uint64_t id_ = 0;
};

// What agents read of their day are the numbers of a played one, to the bit.
TEST_F(OtherAgents, ReadTheStatusOfPlayedDays) {
  load(info_of(serve::ClickRead::kNothing, 0), saying("status", 7, 2));
  const genbid_click_campaign campaign = campaign_of(7);
  EXPECT_EQ(bid_of(campaign).alpha, 0.0);
  campaigns::DaySoFar day;
  day.of_last_slot = day.sums = {0.0, 10.0, 4.0, 0};
  day.slot = 1;
  const campaigns::CampaignStatus expected = campaigns::status_of(day, {100.0, 2.0}, {}, kClickSlots);
  genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
  outcome.cost = 10.0;
  outcome.clicks = 4.0;
  ASSERT_EQ(genbid_click_push(session_, 1, &id_, &outcome), GENBID_OK) << genbid_last_error();
  genbid_click_bid bid;
  ASSERT_EQ(genbid_click_ask(session_, 1, &id_, &bid, 1), GENBID_OK) << genbid_last_error();
  EXPECT_EQ(bid.alpha, as_double(expected[2]));
  EXPECT_EQ(bid.beta, as_double(expected[3]));
}

// Yesterday's bid is where the day begins, whether or not its slots are told; another agent does not read it.
TEST_F(OtherAgents, BeginWithYesterdaysBidWhereTheyShould) {
  serve::ClickBundleInfo info = info_of(serve::ClickRead::kNothing, 0);
  info.starts_with_yesterday = true;
  load(info, saying("status", 7, 5));
  genbid_click_campaign campaign = campaign_of(7);
  campaign.yesterday_bid = {0.25, 0.75};
  const genbid_click_bid first = bid_of(campaign);
  EXPECT_EQ(first.alpha, 0.25);
  EXPECT_EQ(first.beta, 0.75);
  ASSERT_EQ(genbid_click_campaign_close(session_, id_), GENBID_OK);
  campaign.yesterday_bid.alpha = 1e30;
  EXPECT_EQ(bid_of(campaign).alpha, 1e6);
  ASSERT_EQ(genbid_click_campaign_close(session_, id_), GENBID_OK);
  campaign.yesterday_bid.alpha = 0.0;
  EXPECT_EQ(bid_of(campaign).alpha, 4.0);
  genbid_click_session_close(session_);
  info.starts_with_yesterday = false;
  load(info, saying("status", 7, 5));
  campaign.yesterday_bid.alpha = 0.25;
  EXPECT_EQ(bid_of(campaign).alpha, 4.0);
}

// All impressions of yesterday cost 30 (10 + 20), and a click 2 in the mean of its slots' middle prices, weighed by
// their impressions (1 x 5 and 2.5 x 10 over 15).
TEST_F(OtherAgents, ReadHowTightLimitsAre) {
  load(info_of(serve::ClickRead::kConditions, 2), saying("read", 2, 0));
  std::vector<double> yesterday(24, 0.0);
  yesterday[5] = 1.0, yesterday[6] = 5.0, yesterday[7] = 2.0;
  yesterday[13] = 2.5, yesterday[14] = 10.0, yesterday[15] = 2.0;
  genbid_click_campaign campaign = campaign_of(7);
  campaign.yesterday = yesterday.data();
  campaign.yesterday_size = yesterday.size();
  const genbid_click_bid told = bid_of(campaign);
  EXPECT_NEAR(told.alpha, std::log(100.0 / 30.0), 1e-6);
  EXPECT_NEAR(told.beta, std::log(2.0 / 2.0), 1e-6);
  ASSERT_EQ(genbid_click_campaign_close(session_, id_), GENBID_OK);
  const genbid_click_bid unknown = bid_of(campaign_of(7));
  EXPECT_EQ(unknown.alpha, 0.0);
  EXPECT_EQ(unknown.beta, 0.0);
}

// Noise is of campaign, day and slot alone; numbers of 64 bits are told apart.
TEST_F(OtherAgents, DrawByCampaignDayAndSlot) {
  serve::ClickBundleInfo info = info_of(serve::ClickRead::kNothing, 0);
  info.noise_size = 3;
  load(info, saying("noise", 3, 1));
  genbid_click_campaign campaign = campaign_of(7);
  campaign.day = 5;
  const genbid_click_bid first = bid_of(campaign);
  std::array<float, 3> expected{};
  campaigns::move_noise(7, 5, 0, expected);
  EXPECT_EQ(first.alpha, as_double(expected[1]));
  EXPECT_EQ(first.beta, as_double(expected[2]));
  for (const auto& [number, day] :
       {std::pair(int64_t{8}, 5), std::pair(int64_t{7}, 6), std::pair((int64_t{1} << 32) + 7, 5)}) {
    ASSERT_EQ(genbid_click_campaign_close(session_, id_), GENBID_OK);
    campaign.campaign = number;
    campaign.day = day;
    EXPECT_NE(bid_of(campaign).alpha, first.alpha);
  }
}

// The logarithm of a share of budget that is 0 is none.
TEST_F(OtherAgents, WhoseNetworkSaysNoNumberAreAnError) {
  Graph graph;
  const ValueId status = graph.add_input("status", Type::kFloat, {1, {7}});
  graph.add_output("bid", graph.add(Op::kLog, {graph.add(Op::kSlice, {status}, {1, 1, 3})}));
  load(info_of(serve::ClickRead::kNothing, 0), graph);
  const genbid_click_campaign campaign = campaign_of(7);
  ASSERT_EQ(genbid_click_campaign_open(session_, &campaign, &id_), GENBID_OK);
  genbid_click_bid bid{5.0, 5.0};
  EXPECT_EQ(genbid_click_ask(session_, 1, &id_, &bid, 1), GENBID_INTERNAL);
  EXPECT_NE(std::string(genbid_last_error()).find("finite numbers from the network"), std::string::npos);
  EXPECT_EQ(bid.alpha, 5.0);
  genbid_click_outcome outcome = GENBID_CLICK_OUTCOME_INIT;
  EXPECT_EQ(genbid_click_push(session_, 1, &id_, &outcome), GENBID_ORDER);
  // Nothing of it stays in what is saved.
  const std::vector<char> saved = saved_campaign(session_, id_);
  ASSERT_EQ(genbid_click_campaign_close(session_, id_), GENBID_OK);
  EXPECT_EQ(genbid_click_campaign_restore(session_, saved.data(), saved.size(), &id_), GENBID_OK)
      << genbid_last_error();
}

class ClickBundleFolder : public testing::Test {
 protected:
  void expect_error(const std::string& part) {
    try {
      static_cast<void>(serve::load_click_bundle(folder_.path("bundle")));
      ADD_FAILURE() << "loaded; expected " << part;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  std::string file(const std::string& name) const { return folder_.path("bundle") + "/" + name; }

  TemporaryFolder folder_;
};

TEST_F(ClickBundleFolder, IsReadBackAsItWasWritten) {
  write_click_bundle(folder_.path("bundle"));
  const auto bundle = serve::load_click_bundle(folder_.path("bundle"));
  EXPECT_EQ(bundle->info.num_agents, 2);
  EXPECT_EQ(bundle->info.start_alpha, 4.0);
  EXPECT_EQ(bundle->agent_of.at(7), 0);
  EXPECT_TRUE(serve::is_click_bundle(folder_.path("bundle")));
  EXPECT_EQ(serve::click_bundle_json(bundle->info), bundle->json);
}

TEST_F(ClickBundleFolder, IsAnErrorWhereItIsNotWholeOrNotItself) {
  const auto with = [&](const auto& change) {
    serve::ClickBundleInfo info = click_info();
    change(info);
    write_click_bundle(folder_.path("bundle"), info);
  };
  with([](auto& info) { info.read_size = 3; });  // as wide as the agents, not as the network of profiles
  expect_error("profile.graph.json: outputs: found 2 numbers");
  with([](auto& info) { info.num_agents = 3; });
  expect_error("found no agent.2.graph.json");
  with([](auto& info) { info.default_agent = 2; });
  expect_error("default_agent: found 2");
  with([](auto& info) {
    info.read = serve::ClickRead::kConditions;
    info.read_size = 3;
  });
  expect_error("expected 0 of nothing, 2 of conditions");
  with([](auto& info) { info.start_alpha = 0.0; });
  expect_error("start: alpha: found 0");
  with([](auto& info) { info.start_alpha = 1e300; });
  expect_error("start: alpha: found 1e+300");
  with([](auto& info) { info.start_beta = -7.0; });
  expect_error("start: beta: found -7");
  with([](auto& info) { info.slots = 2000; });
  expect_error("slots: found 2000");
  for (const auto& [matching, part] :
       {std::pair("", "matching.csv"), std::pair("who,agent\n", "matching.csv:1"),
        std::pair("campaign,agent\n7,2\n", "matching.csv:2"), std::pair("campaign,agent\n7\n", "matching.csv:2"),
        std::pair("campaign,agent\n7,x\n", "matching.csv:2"), std::pair("campaign,agent\n-7,0\n", "matching.csv:2"),
        std::pair("campaign,agent\n7,0\n7,1\n", "campaign 7 again")}) {
    write_click_bundle(folder_.path("bundle"), click_info(), matching);
    expect_error(part);
  }
  write_click_bundle(folder_.path("bundle"));
  std::string text = read_file(file("matching.csv"));
  text[text.find("7,0")] = '6';
  write_file(file("matching.csv"), text);
  expect_error("matching.csv: found the hash");
  write_click_bundle(folder_.path("bundle"));
  write_file(file("agent.1.graph.json"), read_file(file("agent.0.graph.json")) + " ");
  expect_error("agent.1.graph.json: found");
  // What is carried is not what the library feeds.
  write_click_bundle(folder_.path("bundle"));
  Graph two;
  const ValueId slot = two.add_input("slot", Type::kFloat, {1, {8}});
  for (const char* name : {"carry.0", "carry.1"}) {
    const ValueId carry = two.add_input(name, Type::kFloat, {1, {1}});
    two.add_output(name, two.add(Op::kAdd, {carry, two.add(Op::kSlice, {slot}, {1, 0, 1})}));
  }
  write_graph_files(two, folder_.path("bundle"), serve::kProfileGraphFile, serve::kProfileWeightsFile);
  serve::ClickBundleInfo info = click_info();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("bundle"))) {
    const std::string name = entry.path().filename().string();
    if (name != serve::kBundleFile) info.files.push_back(file_entry(folder_.path("bundle"), name));
  }
  write_file(file("bundle.json"), serve::click_bundle_json(info));
  expect_error("carry.0 [R, 2] alone");
  write_bundle(small_perceptron(), folder_.path("other"));
  EXPECT_FALSE(serve::is_click_bundle(folder_.path("other")));
  EXPECT_THROW(static_cast<void>(serve::load_click_bundle(folder_.path("other"))), Error);
}

}  // namespace
}  // namespace genbid::test
