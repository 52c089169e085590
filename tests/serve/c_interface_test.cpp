#include <genbid.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_folder.h"
#include "serve/made_up_day.h"
#include "serve/small_bundle.h"

namespace genbid::test {
namespace {

constexpr int kTicks = 6;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

genbid_campaign campaign_of(double budget) {
  genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
  campaign.budget = budget;
  campaign.cpa_limit = 100.0;
  return campaign;
}

// A session of three places with one campaign.
class CInterface : public testing::Test {
 protected:
  void SetUp() override {
    write_bundle(small_recurrent(), folder_.path("bundle"), kTicks);
    ASSERT_EQ(genbid_bundle_load(folder_.path("bundle").c_str(), &bundle_), GENBID_OK) << genbid_last_error();
    ASSERT_EQ(genbid_session_open(bundle_, 3, &session_), GENBID_OK) << genbid_last_error();
    const genbid_campaign campaign = campaign_of(3000.0);
    ASSERT_EQ(genbid_campaign_open(session_, &campaign, &id_), GENBID_OK) << genbid_last_error();
  }
  void TearDown() override {
    genbid_session_close(session_);
    genbid_bundle_free(bundle_);
  }

  genbid_status act(uint64_t id, const genbid_tick_start& start) {
    return genbid_act(session_, 1, &id, &start, said_, 2);
  }
  genbid_status push(uint64_t id, const genbid_tick_outcome& outcome) {
    return genbid_push(session_, 1, &id, &outcome);
  }
  std::string name() const { return "campaign " + std::to_string(id_); }

  TemporaryFolder folder_;
  genbid_bundle* bundle_ = nullptr;
  genbid_session* session_ = nullptr;
  uint64_t id_ = 0;
  double said_[2] = {};
  const MadeUpDay day_{1};
};

void expect_failed(genbid_status found, genbid_status expected, const std::string& text) {
  EXPECT_EQ(found, expected) << genbid_last_error();
  EXPECT_EQ(std::string(genbid_last_error()), text);
}

TEST_F(CInterface, DescribesTheBundle) {
  genbid_bundle_info info = GENBID_BUNDLE_INFO_INIT;
  ASSERT_EQ(genbid_bundle_describe(bundle_, &info), GENBID_OK);
  EXPECT_STREQ(info.model, "small");
  EXPECT_STREQ(info.version, "small-1");
  EXPECT_EQ(std::string(info.json).find("{\n  \"format\": \"genbid-bundle\""), 0U);
  EXPECT_EQ(info.ticks, kTicks);
  EXPECT_EQ(info.num_features, 22);
  EXPECT_EQ(info.num_coefficients, 2);
  EXPECT_EQ(info.num_wishes, 2);
  EXPECT_EQ(info.noise_size, kSmallNoise);
  EXPECT_GT(info.campaign_bytes, 4 * (22 + 6) * 4 + 2 * kSmallCarry * 4);
  const char* wish = nullptr;
  double usual = 0.0;
  ASSERT_EQ(genbid_bundle_wish(bundle_, 1, &wish, &usual), GENBID_OK);
  EXPECT_STREQ(wish, "cpa");
  EXPECT_EQ(usual, 0.9);
  expect_failed(genbid_bundle_wish(bundle_, 2, &wish, &usual), GENBID_INVALID,
                "index: found 2, expected one of the 2 wishes");
  EXPECT_STREQ(genbid_version(), "0.1.0");
  EXPECT_EQ(genbid_abi_version(), GENBID_ABI_VERSION);
}

TEST_F(CInterface, PlaysADay) {
  for (int tick = 0; tick < kTicks; ++tick) {
    ASSERT_EQ(act(id_, day_.start(tick)), GENBID_OK) << genbid_last_error();
    EXPECT_GT(said_[0], 0.0);
    ASSERT_EQ(push(id_, day_.outcome(tick)), GENBID_OK) << genbid_last_error();
  }
  expect_failed(act(id_, day_.start(kTicks)), GENBID_ORDER,
                name() + ": found its day of 6 ticks at its end, expected no more calls for it");
  EXPECT_EQ(genbid_campaign_close(session_, id_), GENBID_OK);
}

TEST_F(CInterface, RefusesNullPointers) {
  const auto found_null = [](const std::string& what) { return what + ": found NULL, expected a pointer"; };
  genbid_bundle* bundle = nullptr;
  expect_failed(genbid_bundle_load(nullptr, &bundle), GENBID_INVALID, found_null("path"));
  expect_failed(genbid_bundle_load("x", nullptr), GENBID_INVALID, found_null("bundle"));
  expect_failed(genbid_bundle_describe(bundle_, nullptr), GENBID_INVALID, found_null("info"));
  expect_failed(genbid_session_open(nullptr, 1, &session_), GENBID_INVALID, found_null("bundle"));
  expect_failed(genbid_session_open(bundle_, 1, nullptr), GENBID_INVALID, found_null("session"));
  expect_failed(genbid_campaign_open(session_, nullptr, &id_), GENBID_INVALID, found_null("campaign"));
  const genbid_campaign campaign = campaign_of(10.0);
  expect_failed(genbid_campaign_open(session_, &campaign, nullptr), GENBID_INVALID, found_null("id"));
  expect_failed(genbid_campaign_close(nullptr, id_), GENBID_INVALID, found_null("session"));
  const genbid_tick_start start = day_.start(0);
  const genbid_tick_outcome outcome = day_.outcome(0);
  expect_failed(genbid_act(session_, 1, nullptr, &start, said_, 2), GENBID_INVALID, found_null("ids"));
  expect_failed(genbid_act(session_, 1, &id_, nullptr, said_, 2), GENBID_INVALID, found_null("starts"));
  expect_failed(genbid_act(session_, 1, &id_, &start, nullptr, 2), GENBID_INVALID, found_null("coefficients"));
  expect_failed(genbid_push(session_, 1, nullptr, &outcome), GENBID_INVALID, found_null("ids"));
  expect_failed(genbid_push(session_, 1, &id_, nullptr), GENBID_INVALID, found_null("outcomes"));
  expect_failed(genbid_campaign_save(session_, id_, nullptr, nullptr), GENBID_INVALID, found_null("bytes"));
  expect_failed(genbid_campaign_restore(session_, nullptr, 3, &id_), GENBID_INVALID, found_null("buffer"));
  genbid_bundle_free(nullptr);
  genbid_session_close(nullptr);
  EXPECT_EQ(genbid_act(session_, 0, nullptr, nullptr, nullptr, 0), GENBID_OK);
}

TEST_F(CInterface, RefusesABundleThatIsNone) {
  genbid_bundle* bundle = nullptr;
  expect_failed(genbid_bundle_load("/nowhere", &bundle), GENBID_BUNDLE,
                "/nowhere: found neither bundle.json nor CURRENT, expected a bundle");
  EXPECT_EQ(bundle, nullptr);
}

TEST_F(CInterface, RefusesASessionWithoutRoomForIt) {
  genbid_session* session = nullptr;
  expect_failed(genbid_session_open(bundle_, 0, &session), GENBID_INVALID,
                "max_campaigns: found 0, expected 1 to 4294967294");
  EXPECT_EQ(genbid_session_open(bundle_, 4'000'000'000, &session), GENBID_MEMORY) << genbid_last_error();
  EXPECT_EQ(session, nullptr);
}

struct WrongCampaign {
  std::function<void(genbid_campaign&)> change;
  std::string error;
};

TEST_F(CInterface, RefusesACampaignThatIsNone) {
  static const genbid_wish unknown = {"value", 1.0};
  static const genbid_wish infinite = {"cpa", kInfinity};
  static const genbid_wish nameless = {nullptr, 1.0};
  static const double profile = 1.0;
  const std::string money = ", expected a finite number above 0, which a 32-bit float can hold";
  const std::vector<WrongCampaign> wrong = {
      {[](auto& c) { c.budget = -1.0; }, "budget: found -1" + money},
      {[](auto& c) { c.budget = kNan; }, "budget: found nan" + money},
      {[](auto& c) { c.budget = 1e300; }, "budget: found 1e+300" + money},
      {[](auto& c) { c.cpa_limit = 0.0; }, "cpa_limit: found 0" + money},
      {[](auto& c) { c.category = -1; }, "category: found -1, expected 0 or more"},
      {[](auto& c) { c.ticks = 48; },
       "ticks: found 48, expected 6, as many as the days have that the policy was trained on"},
      {[](auto& c) { c.noise_period = -1; }, "noise_period: found -1, expected 0 or more"},
      {[](auto& c) { c.noise_seat = 65536; }, "noise_seat: found 65536, expected 0 to 65535"},
      {[](auto& c) { c.reserved = 1; }, "reserved: found 1, expected 0"},
      {[](auto& c) { c.profile = &profile, c.profile_size = 1; },
       "profile: found one of 1 numbers, expected NULL and 0, since this policy reads none"},
      {[](auto& c) { c.num_wishes = 1; }, "wishes: found NULL, expected 1 of them"},
      {[](auto& c) { c.wishes = &unknown, c.num_wishes = 1; }, "wishes[0]: found 'value', expected one of return, cpa"},
      {[](auto& c) { c.wishes = &infinite, c.num_wishes = 1; }, "wishes[0]: cpa: found inf, expected a finite number"},
      {[](auto& c) { c.wishes = &nameless, c.num_wishes = 1; }, "wishes[0]: name: found NULL, expected a name"},
      {[](auto& c) { c.size = 8; }, "size: found 8, expected at least 88 (its ..._INIT macro sets it)"},
  };
  for (const WrongCampaign& one : wrong) {
    genbid_campaign campaign = campaign_of(1000.0);
    one.change(campaign);
    uint64_t id = 0;
    expect_failed(genbid_campaign_open(session_, &campaign, &id), GENBID_INVALID, "genbid_campaign: " + one.error);
    EXPECT_EQ(id, 0U);
  }
}

TEST_F(CInterface, RefusesMoreCampaignsThanItWasOpenedFor) {
  const genbid_campaign campaign = campaign_of(10.0);
  uint64_t id = 0;
  ASSERT_EQ(genbid_campaign_open(session_, &campaign, &id), GENBID_OK);
  ASSERT_EQ(genbid_campaign_open(session_, &campaign, &id), GENBID_OK);
  expect_failed(genbid_campaign_open(session_, &campaign, &id), GENBID_FULL,
                "session: found no room for another campaign, expected at most 3 at once");
  ASSERT_EQ(genbid_campaign_close(session_, id), GENBID_OK);
  expect_failed(
      genbid_campaign_close(session_, id), GENBID_ORDER,
      "campaign " + std::to_string(id) + ": found none of this id, expected one that is open in this session");
  EXPECT_EQ(genbid_campaign_open(session_, &campaign, &id), GENBID_OK);
}

TEST_F(CInterface, RefusesACampaignOfAnotherSession) {
  genbid_session* other = nullptr;
  ASSERT_EQ(genbid_session_open(bundle_, 3, &other), GENBID_OK);
  EXPECT_EQ(genbid_campaign_close(other, id_), GENBID_ORDER);
  genbid_session_close(other);
}

TEST_F(CInterface, RefusesATickThatCannotBegin) {
  const auto refused = [&](const std::function<void(genbid_tick_start&)>& change, const std::string& error,
                           genbid_status status = GENBID_INVALID) {
    genbid_tick_start start = day_.start(0);
    change(start);
    expect_failed(act(id_, start), status, name() + ": " + error);
  };
  refused([](auto& s) { s.tick = 1; }, "tick: found 1, expected 0", GENBID_ORDER);
  refused([](auto& s) { s.tick = -1; }, "tick: found -1, expected 0", GENBID_ORDER);
  refused([](auto& s) { s.num_impressions = -5; }, "num_impressions: found -5, expected a count of at most 1e15");
  refused([](auto& s) { s.mean_pvalue = 1.5; }, "mean_pvalue: found 1.5, expected a number from 0 to 1");
  refused([](auto& s) { s.mean_pvalue = kNan; }, "mean_pvalue: found nan, expected a number from 0 to 1");
  refused([](auto& s) { s.remaining_budget = kInfinity; },
          "remaining_budget: found inf, expected a number from 0 to 1e+15");
  refused([](auto& s) { s.remaining_budget = -0.01; },
          "remaining_budget: found -0.01, expected a number from 0 to 1e+15");
  refused([](auto& s) { s.reserved = 3; }, "reserved: found 3, expected 0");
  const genbid_tick_start start = day_.start(0);
  expect_failed(genbid_act(session_, 1, &id_, &start, said_, 1), GENBID_INVALID,
                "room: found 1, expected at least 2, 2 for each campaign");
  const uint64_t twice[2] = {id_, id_};
  const genbid_tick_start starts[2] = {start, start};
  double said[8] = {};
  expect_failed(genbid_act(session_, 2, twice, starts, said, 8), GENBID_INVALID,
                name() + ": found twice in one call, expected each once");
  expect_failed(genbid_act(session_, 4, twice, starts, said, 8), GENBID_INVALID,
                "count: found 4, expected at most the 3 campaigns that the session was opened for");
  const uint64_t unknown = 5;
  expect_failed(genbid_act(session_, 1, &unknown, &start, said, 8), GENBID_ORDER,
                "campaign 5: found none of this id, expected one that is open in this session");
}

TEST_F(CInterface, RefusesAnOutcomeThatCannotBe) {
  expect_failed(push(id_, day_.outcome(0)), GENBID_ORDER,
                name() + ": found genbid_push() for tick 0, expected genbid_act() for tick 0 before it");
  ASSERT_EQ(act(id_, day_.start(0)), GENBID_OK);
  const auto refused = [&](const std::function<void(genbid_tick_outcome&)>& change, const std::string& error,
                           genbid_status status = GENBID_INVALID) {
    genbid_tick_outcome outcome = day_.outcome(0);
    change(outcome);
    expect_failed(push(id_, outcome), status, name() + ": " + error);
  };
  const std::string number = ", expected a number from 0 to 1e+15";
  refused([](auto& o) { o.tick = 1; }, "tick: found 1, expected 0", GENBID_ORDER);
  refused([](auto& o) { o.sum_pvalue = kNan; }, "sum_pvalue: found nan" + number);
  refused([](auto& o) { o.sum_bid = -1.0; }, "sum_bid: found -1" + number);
  refused([](auto& o) { o.mean_least_winning_cost = kInfinity; }, "mean_least_winning_cost: found inf" + number);
  refused([](auto& o) { o.num_wins = -1; }, "num_wins: found -1, expected a count of at most 1e15");
  refused([](auto& o) { o.num_exposed = -2; }, "num_exposed: found -2, expected a count of at most 1e15");
  refused([](auto& o) { o.num_conversions = -3; }, "num_conversions: found -3, expected a count of at most 1e15");
  refused([](auto& o) { o.sum_pvalue_exposed = -0.5; }, "sum_pvalue_exposed: found -0.5" + number);
  refused([](auto& o) { o.cost = -0.01; }, "cost: found -0.01" + number);
  refused([](auto& o) { o.num_wins = 3, o.num_exposed = 4; }, "num_exposed: found 4, expected at most num_wins, 3");
  refused([](auto& o) { o.sum_pvalue = 1e-200, o.sum_bid = 1.0; },
          "sum_bid / sum_pvalue: found 1e+200, expected what a 32-bit float can hold");
  refused([](auto& o) { o.reserved = 3; }, "reserved: found 3, expected 0");
  EXPECT_EQ(push(id_, day_.outcome(0)), GENBID_OK);
  EXPECT_EQ(push(id_, day_.outcome(0)), GENBID_ORDER);
}

// Numbers whose ratios and sums no 32-bit float could hold are refused where they are pushed, and the campaign goes on.
TEST_F(CInterface, RefusesAnOutcomeThatIsTooLarge) {
  ASSERT_EQ(act(id_, day_.start(0)), GENBID_OK);
  genbid_tick_outcome outcome = day_.outcome(0);
  outcome.mean_least_winning_cost = 1e200;
  expect_failed(push(id_, outcome), GENBID_INVALID,
                name() + ": mean_least_winning_cost: found 1e+200, expected a number from 0 to 1e+15");
  outcome = day_.outcome(0);
  outcome.num_wins = int64_t{1} << 62;
  expect_failed(push(id_, outcome), GENBID_INVALID,
                name() + ": num_wins: found 4611686018427387904, expected a count of at most 1e15");
  EXPECT_EQ(push(id_, day_.outcome(0)), GENBID_OK);
  EXPECT_EQ(act(id_, day_.start(1)), GENBID_OK);
}

// All or none: the second of two is wrong, and the first has not been pushed.
TEST_F(CInterface, ChangesNothingWhereACallIsRefused) {
  const genbid_campaign campaign = campaign_of(10.0);
  uint64_t ids[2] = {id_, 0};
  ASSERT_EQ(genbid_campaign_open(session_, &campaign, &ids[1]), GENBID_OK);
  ASSERT_EQ(act(id_, day_.start(0)), GENBID_OK);
  const genbid_tick_outcome outcomes[2] = {day_.outcome(0), day_.outcome(0)};
  EXPECT_EQ(genbid_push(session_, 2, ids, outcomes), GENBID_ORDER);
  EXPECT_EQ(push(id_, outcomes[0]), GENBID_OK) << genbid_last_error();
}

// A caller of a later header has structs with more fields, which have to be 0.
TEST_F(CInterface, KnowsStructsByTheirSize) {
  struct Later {
    genbid_campaign campaign;
    double more;
  };
  Later later = {campaign_of(100.0), 0.0};
  later.campaign.size = sizeof later;
  uint64_t id = 0;
  EXPECT_EQ(genbid_campaign_open(session_, &later.campaign, &id), GENBID_OK) << genbid_last_error();
  later.more = 1.0;
  expect_failed(genbid_campaign_open(session_, &later.campaign, &id), GENBID_INVALID,
                "genbid_campaign: found a field beyond its first 88 bytes set, which this library does not know, "
                "expected 0");
  struct LaterStart {
    genbid_tick_start start;
    int64_t more;
  };
  LaterStart starts[2] = {{day_.start(0), 0}, {day_.start(0), 0}};
  for (LaterStart& one : starts) one.start.size = sizeof one;
  const uint64_t ids[2] = {id_, id};
  double said[4] = {};
  EXPECT_EQ(genbid_act(session_, 2, ids, &starts[0].start, said, 4), GENBID_OK) << genbid_last_error();
  starts[1].start.size = sizeof(genbid_tick_start);
  expect_failed(genbid_act(session_, 2, ids, &starts[0].start, said, 4), GENBID_INVALID,
                "genbid_tick_starts[1]: size: found 40, expected 48, as the first says");
  genbid_tick_outcome outcome = day_.outcome(0);
  outcome.size = 79;
  expect_failed(push(id_, outcome), GENBID_INVALID,
                "genbid_tick_outcome: size: found 79, expected at least 80 (its ..._INIT macro sets it)");
  genbid_bundle_info info = GENBID_BUNDLE_INFO_INIT;
  info.size = 8;
  expect_failed(genbid_bundle_describe(bundle_, &info), GENBID_INVALID,
                "genbid_bundle_info: size: found 8, expected at least 64 (its ..._INIT macro sets it)");
}

TEST_F(CInterface, SavesAndRestores) {
  size_t bytes = 0;
  ASSERT_EQ(genbid_campaign_save(session_, id_, nullptr, &bytes), GENBID_OK);
  std::vector<char> saved(bytes);
  size_t room = bytes - 1;
  expect_failed(genbid_campaign_save(session_, id_, saved.data(), &room), GENBID_INVALID,
                "bytes: found room for " + std::to_string(bytes - 1) + ", expected at least " + std::to_string(bytes));
  ASSERT_EQ(genbid_campaign_save(session_, id_, saved.data(), &bytes), GENBID_OK);
  uint64_t again = 0;
  ASSERT_EQ(genbid_campaign_restore(session_, saved.data(), bytes, &again), GENBID_OK) << genbid_last_error();
  ASSERT_EQ(act(id_, day_.start(0)), GENBID_OK);
  const double first = said_[0];
  ASSERT_EQ(act(again, day_.start(0)), GENBID_OK);
  EXPECT_EQ(said_[0], first);
  saved[bytes / 2] ^= 1;
  expect_failed(genbid_campaign_restore(session_, saved.data(), bytes, &again), GENBID_INVALID,
                "saved campaign: found bytes that do not fit their hash, expected them as they were saved: they are "
                "damaged");
}

// Two threads on one session: each call is made whole or refused as busy.
TEST_F(CInterface, ASecondThreadIsRefused) {
  std::atomic<int> done{0};
  std::atomic<int> busy{0};
  std::atomic<int> wrong{0};
  const auto ask = [&] {
    double said[2] = {};
    for (int i = 0; i < 2000; ++i) {
      const genbid_tick_start start = day_.start(0);
      const genbid_status status = genbid_act(session_, 1, &id_, &start, said, 2);
      if (status == GENBID_OK) {
        ++done;
      } else if (status == GENBID_BUSY && std::string(genbid_last_error()) ==
                                              "session: found another thread in a call on it, expected one at a time") {
        ++busy;
      } else {
        ++wrong;
      }
    }
  };
  // Until they have met.
  for (int round = 0; round < 200 && busy == 0; ++round) {
    std::thread one(ask);
    std::thread other(ask);
    one.join();
    other.join();
  }
  EXPECT_GT(done, 0);
  EXPECT_GT(busy, 0);
  EXPECT_EQ(wrong, 0);
}

TEST_F(CInterface, ManyThreadsBidWithOneBundle) {
  const auto play = [&](std::vector<double>& all) {
    genbid_session* session = nullptr;
    uint64_t id = 0;
    const genbid_campaign campaign = campaign_of(3000.0);
    if (genbid_session_open(bundle_, 1, &session) != GENBID_OK) return;
    if (genbid_campaign_open(session, &campaign, &id) != GENBID_OK) return;
    for (int tick = 0; tick < kTicks; ++tick) {
      const genbid_tick_start start = day_.start(tick);
      const genbid_tick_outcome outcome = day_.outcome(tick);
      double said[2] = {};
      if (genbid_act(session, 1, &id, &start, said, 2) != GENBID_OK) return;
      all.insert(all.end(), {said[0], said[1]});
      if (genbid_push(session, 1, &id, &outcome) != GENBID_OK) return;
    }
    genbid_session_close(session);
  };
  std::vector<std::vector<double>> said(8);
  std::vector<std::thread> threads;
  for (std::vector<double>& of_thread : said) threads.emplace_back([&play, &of_thread] { play(of_thread); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<double>& of_thread : said) {
    EXPECT_EQ(of_thread.size(), size_t{2 * kTicks});
    EXPECT_EQ(of_thread, said.front());
  }
}

TEST_F(CInterface, ASessionOutlivesTheCallersBundle) {
  genbid_bundle_free(bundle_);
  bundle_ = nullptr;
  EXPECT_EQ(act(id_, day_.start(0)), GENBID_OK) << genbid_last_error();
}

}  // namespace
}  // namespace genbid::test
