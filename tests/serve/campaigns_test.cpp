#include "serve/campaigns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/files/content_hash.h"
#include "bidding/score.h"
#include "serve/made_up_day.h"
#include "serve/refused.h"
#include "serve/small_bundle.h"

namespace genbid::test {
namespace {

using serve::Campaigns;

constexpr int kTicks = 6;

genbid_campaign campaign_of(uint64_t seed) {
  genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
  campaign.budget = 1000.0 + 500.0 * static_cast<double>(seed);
  campaign.cpa_limit = 60.0 + 10.0 * static_cast<double>(seed);
  campaign.noise_seed = 7;
  campaign.noise_period = 10 + static_cast<int64_t>(seed);
  campaign.noise_seat = static_cast<int32_t>(seed % 48);
  return campaign;
}

std::vector<double> act(Campaigns& campaigns, uint64_t id, const genbid_tick_start& start, size_t size) {
  std::vector<double> said(size);
  campaigns.act(1, &id, &start, said.data(), said.size());
  return said;
}

// The same, from the formulas of live play: features by state_features(), the rest as eval/policy_bidder hands it out.
class Expected {
 public:
  Expected(const genbid_campaign& campaign, int window) : campaign_(campaign), window_(window) {}

  std::vector<double> seen(const genbid_tick_start& start) {
    now_ = {start.tick, start.num_impressions, start.mean_pvalue, start.remaining_budget};
    if (start.remaining_budget < 0.0) now_.remaining_budget = campaign_.budget - history_.cost();
    std::vector<double> state(to_size(kSmallFeatures));
    state_features(FeatureSet::kConstraint, advertiser(), history_, now_, state, kTicks);
    states_.resize(to_size(start.tick) + 1);
    states_.back() = state;
    DayTotals so_far;
    so_far.budget = campaign_.budget;
    so_far.cpa_limit = campaign_.cpa_limit;
    so_far.won = history_.expected_conversions();
    so_far.cost = history_.cost();
    so_far.score = earned_score(so_far.won, false, so_far.cost, so_far.cpa_limit);
    before_.resize(to_size(start.tick) + 1);
    before_.back() = outcomes_before(so_far);
    return all();
  }

  void push(const genbid_tick_outcome& given) {
    TickOutcome outcome;
    outcome.sum_pvalue = given.sum_pvalue;
    outcome.sum_bid = given.sum_bid;
    outcome.mean_least_winning_cost = given.mean_least_winning_cost;
    outcome.num_wins = given.num_wins;
    outcome.num_conversions = given.num_conversions;
    actions_.push_back(given.sum_pvalue > 0.0 ? given.sum_bid / given.sum_pvalue : 0.0);
    history_.append(tick_means(now_, outcome), given.cost, given.sum_pvalue_exposed,
                    static_cast<double>(given.num_conversions));
  }

 private:
  Advertiser advertiser() const { return {campaign_.budget, campaign_.cpa_limit, 0}; }

  // In the order of add_all_inputs().
  std::vector<double> all() const {
    const int tick = now_.tick;
    const int first = std::max(0, tick + 1 - window_);
    std::vector<double> numbers;
    const auto add = [&](double number) { numbers.push_back(static_cast<double>(static_cast<float>(number))); };
    const auto each_place = [&](auto&& known, int64_t size) {
      for (int place = 0; place < window_; ++place) {
        for (int64_t i = 0; i < size; ++i) add(first + place <= tick ? known(to_size(first + place), to_size(i)) : 0.0);
      }
    };
    each_place([&](size_t t, size_t i) { return states_[t][i]; }, kSmallFeatures);
    each_place([&](size_t t, size_t) { return t < actions_.size() ? actions_[t] : 0.0; }, 1);
    each_place([&](size_t t, size_t i) { return static_cast<double>(before_[t][i]); }, kNumOutcomes);
    each_place([&](size_t t, size_t) { return static_cast<double>(t); }, 1);
    each_place([&](size_t, size_t) { return 1.0; }, 1);
    add(campaign_.budget);
    add(campaign_.cpa_limit);
    for (const double wish : {1.25, 0.0, 0.0, 0.9, 0.0}) add(wish);
    std::vector<float> noise(to_size(kSmallNoise));
    DecisionNoise(static_cast<int64_t>(campaign_.noise_seed))
        .numbers(campaign_.noise_period, campaign_.noise_seat, tick, noise);
    for (const float number : noise) add(static_cast<double>(number));
    for (int64_t i = 0; i < kSmallCarry; ++i) add(tick);
    return numbers;
  }

  genbid_campaign campaign_;
  int window_;
  TickHistory history_;
  TickStart now_;
  std::vector<std::vector<double>> states_;
  std::vector<OutcomeValues> before_;
  std::vector<double> actions_;
};

class EveryWindow : public testing::TestWithParam<int> {};

TEST_P(EveryWindow, APolicyIsHandedWhatLivePlayHandsIt) {
  const auto bundle = small_bundle(echo(GetParam()), kTicks);
  Campaigns campaigns(bundle, 4);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const genbid_campaign campaign = campaign_of(seed);
    const MadeUpDay day(seed);
    Expected expected(campaign, GetParam());
    const uint64_t id = campaigns.open(campaign);
    for (int tick = 0; tick < kTicks; ++tick) {
      const std::vector<double> seen = expected.seen(day.start(tick));
      EXPECT_EQ(act(campaigns, id, day.start(tick), seen.size()), seen) << "tick " << tick;
      const genbid_tick_outcome outcome = day.outcome(tick);
      expected.push(outcome);
      campaigns.push(1, &id, &outcome);
    }
    campaigns.close(id);
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, EveryWindow, testing::Values(1, 2, 4, kTicks, kTicks + 3));

TEST(Campaigns, OfOneCallAreAsThoseOfManyCalls) {
  const auto bundle = small_bundle(echo(3), kTicks);
  const auto size = to_size(bundle->info.num_coefficients);
  constexpr size_t kMany = 101;  // two whole blocks and a part
  Campaigns together(bundle, kMany);
  Campaigns alone(bundle, kMany);
  std::vector<uint64_t> ids;
  std::vector<uint64_t> others;
  for (size_t i = 0; i < kMany; ++i) {
    ids.push_back(together.open(campaign_of(i)));
    others.push_back(alone.open(campaign_of(i)));
  }
  std::reverse(ids.begin(), ids.end());
  std::reverse(others.begin(), others.end());
  for (int tick = 0; tick < 2; ++tick) {
    std::vector<genbid_tick_start> starts;
    std::vector<genbid_tick_outcome> outcomes;
    for (size_t i = 0; i < kMany; ++i) {
      starts.push_back(MadeUpDay(i).start(tick));
      outcomes.push_back(MadeUpDay(i).outcome(tick));
    }
    std::vector<double> said(kMany * size);
    together.act(kMany, ids.data(), starts.data(), said.data(), said.size());
    together.push(kMany, ids.data(), outcomes.data());
    for (size_t i = 0; i < kMany; ++i) {
      const std::vector<double> one = act(alone, others[i], starts[i], size);
      EXPECT_TRUE(std::equal(one.begin(), one.end(), said.begin() + to_signed(i * size))) << i;
      alone.push(1, &others[i], &outcomes[i]);
    }
  }
}

TEST(Campaigns, TheLastCallForATickCounts) {
  const auto bundle = small_bundle(echo(3), kTicks);
  const auto size = to_size(bundle->info.num_coefficients);
  Campaigns campaigns(bundle, 2);
  const uint64_t once = campaigns.open(campaign_of(1));
  const uint64_t twice = campaigns.open(campaign_of(1));
  const MadeUpDay day(1);
  for (int tick = 0; tick < kTicks; ++tick) {
    genbid_tick_start other = day.start(tick);
    other.num_impressions += 50;
    act(campaigns, twice, other, size);
    EXPECT_EQ(act(campaigns, twice, day.start(tick), size), act(campaigns, once, day.start(tick), size));
    const genbid_tick_outcome outcome = day.outcome(tick);
    campaigns.push(1, &once, &outcome);
    campaigns.push(1, &twice, &outcome);
  }
}

// Costs above the budget leave nothing, and not less.
TEST(Campaigns, WhoHasSpentTooMuchHasNoMoney) {
  const auto bundle = small_bundle(echo(2), kTicks);
  const auto size = to_size(bundle->info.num_coefficients);
  Campaigns campaigns(bundle, 2);
  const uint64_t told = campaigns.open(campaign_of(1));
  const uint64_t computed = campaigns.open(campaign_of(1));
  genbid_tick_start start = MadeUpDay(1).start(0);
  act(campaigns, told, start, size);
  act(campaigns, computed, start, size);
  genbid_tick_outcome outcome = MadeUpDay(1).outcome(0);
  outcome.cost = 1.5 * campaign_of(1).budget;
  campaigns.push(1, &told, &outcome);
  campaigns.push(1, &computed, &outcome);
  start = MadeUpDay(1).start(1);
  start.remaining_budget = 0.0;
  const std::vector<double> said = act(campaigns, told, start, size);
  start.remaining_budget = GENBID_FROM_COSTS;
  EXPECT_EQ(act(campaigns, computed, start, size), said);
}

TEST(Campaigns, AskForWhatTheCallerWishes) {
  const auto bundle = small_bundle(echo(1), kTicks);
  Campaigns campaigns(bundle, 1);
  const genbid_wish wish = {"cpa", 0.75};
  genbid_campaign campaign = campaign_of(0);
  campaign.wishes = &wish;
  campaign.num_wishes = 1;
  const uint64_t id = campaigns.open(campaign);
  const auto said = act(campaigns, id, MadeUpDay(0).start(0), to_size(bundle->info.num_coefficients));
  const auto first = said.end() - kSmallCarry - kSmallNoise - kNumOutcomes;
  EXPECT_EQ(std::vector<double>(first, first + kNumOutcomes), (std::vector<double>{1.25, 0.0, 0.0, 0.75, 0.0}));
}

// Saved before or after it was asked for a tick, a campaign goes on in another session as it would have here.
void expect_to_go_on(const std::shared_ptr<const serve::Bundle>& bundle) {
  const MadeUpDay day(3);
  for (int at = 0; at < 2 * kTicks; ++at) {
    Campaigns here(bundle, 1);
    const uint64_t id = here.open(campaign_of(3));
    Campaigns there(bundle, 2);
    uint64_t moved = there.open(campaign_of(5));  // so that it gets another place
    for (int tick = 0; tick < kTicks; ++tick) {
      if (at == 2 * tick) moved = there.restore(here.save(id));
      const std::vector<double> said = act(here, id, day.start(tick), 2);
      if (at <= 2 * tick) {
        EXPECT_EQ(act(there, moved, day.start(tick), 2), said) << at << " " << tick;
      }
      if (at == 2 * tick + 1) moved = there.restore(here.save(id));
      const genbid_tick_outcome outcome = day.outcome(tick);
      here.push(1, &id, &outcome);
      if (at <= 2 * tick + 1) there.push(1, &moved, &outcome);
    }
    EXPECT_EQ(here.save(id), there.save(moved));
    EXPECT_EQ(here.save(id).size(), here.saved_bytes());
  }
}

TEST(Campaigns, GoOnAfterARestoreAsWithoutOne) {
  expect_to_go_on(small_bundle(small_recurrent(), kTicks));
  const auto moving = small_bundle(small_window(), kTicks);
  ASSERT_EQ(moving->program->moving_carries().size(), 1U);
  ASSERT_LT(moving->program->moving_carries()[0].most_moves(), kTicks - 1);  // windows are brought back, too
  expect_to_go_on(moving);
}

// A carry that moves in its buffer and one that is copied: the same numbers, for neighbours in memory, where a tick
// is asked for twice, and in places that other campaigns have left.
TEST(Campaigns, CarriesThatMoveChangeNothing) {
  constexpr int kLongDay = 13;
  constexpr uint64_t kNeighbours = 3;
  const auto copied = small_bundle(small_window(), kLongDay, graph::Carries::kCopied);
  const auto moving = small_bundle(small_window(), kLongDay);
  ASSERT_EQ(copied->program->moving_carries().size(), 0U);
  Campaigns expected(copied, kNeighbours);
  Campaigns found(moving, kNeighbours);
  for (const uint64_t day : {0, 1}) {
    std::vector<uint64_t> ones;
    std::vector<uint64_t> others;
    for (uint64_t i = 0; i < kNeighbours; ++i) {
      ones.push_back(expected.open(campaign_of(10 * day + i)));
      others.push_back(found.open(campaign_of(10 * day + i)));
    }
    for (int tick = 0; tick < kLongDay; ++tick) {
      for (uint64_t i = 0; i < kNeighbours; ++i) {
        const MadeUpDay made(10 * day + i);
        if (tick % 3 == 0) act(found, others[i], MadeUpDay(9).start(tick), 2);
        EXPECT_EQ(act(found, others[i], made.start(tick), 2), act(expected, ones[i], made.start(tick), 2)) << tick;
        const genbid_tick_outcome outcome = made.outcome(tick);
        found.push(1, &others[i], &outcome);
        expected.push(1, &ones[i], &outcome);
      }
    }
    for (uint64_t i = 0; i < kNeighbours; ++i) {
      found.close(others[i]);
      expected.close(ones[i]);
    }
  }
}

TEST(Campaigns, ADamagedSaveIsRefusedWhateverByteIsHit) {
  const auto bundle = small_bundle(small_recurrent(), kTicks);
  Campaigns campaigns(bundle, 2);
  const std::vector<std::byte> saved = campaigns.save(campaigns.open(campaign_of(3)));
  for (size_t i = 0; i < saved.size(); ++i) {
    std::vector<std::byte> damaged = saved;
    damaged[i] ^= std::byte{4};
    EXPECT_THROW(campaigns.restore(damaged), serve::Refused) << i;
  }
  for (size_t size = 0; size < saved.size(); ++size) {
    EXPECT_THROW(campaigns.restore(std::span(saved).first(size)), serve::Refused) << size;
  }
  EXPECT_NO_THROW(campaigns.restore(saved));
}

// Bytes whose hash fits and whose numbers no campaign can have.
TEST(Campaigns, ASaveThatWasMadeUpIsRefused) {
  const auto bundle = small_bundle(small_recurrent(), kTicks);
  Campaigns campaigns(bundle, 1);
  const uint64_t id = campaigns.open(campaign_of(3));
  for (int tick = 0; tick < kTicks; ++tick) {
    act(campaigns, id, MadeUpDay(3).start(tick), 2);
    const genbid_tick_outcome outcome = MadeUpDay(3).outcome(tick);
    campaigns.push(1, &id, &outcome);
  }
  const std::vector<std::byte> saved = campaigns.save(id);
  campaigns.close(id);
  constexpr size_t kHash = 32;
  const auto error_with = [&](size_t place, auto number) -> std::string {
    std::vector<std::byte> bytes = saved;
    std::memcpy(bytes.data() + place, &number, sizeof number);
    const std::string hash = content_hash({reinterpret_cast<const char*>(bytes.data()), bytes.size() - kHash});
    std::memcpy(bytes.data() + bytes.size() - kHash, hash.data(), kHash);
    try {
      campaigns.close(campaigns.restore(bytes));
      return "none";
    } catch (const serve::Refused& refused) {
      return refused.what();
    }
  };
  const double budget = campaign_of(3).budget;
  const auto* const pattern = reinterpret_cast<const std::byte*>(&budget);
  const auto found = std::search(saved.begin(), saved.end(), pattern, pattern + sizeof budget);
  ASSERT_NE(found, saved.end());
  const auto budget_at = static_cast<size_t>(found - saved.begin());
  EXPECT_EQ(error_with(budget_at, budget), "none");
  EXPECT_NE(error_with(budget_at, -1.0).find("budget: found -1"), std::string::npos);
  const serve::CampaignLayout layout(*bundle);
  const size_t numbers = layout.saved_bytes();
  // Before them: whether it has acted, impressions, mean p-value, money left.
  const size_t acted_at = saved.size() - kHash - numbers - 25;
  EXPECT_EQ(error_with(acted_at, uint8_t{0}), "none");
  EXPECT_NE(error_with(acted_at, uint8_t{1}).find("found a tick beyond its day"), std::string::npos);
  EXPECT_NE(error_with(acted_at + 1, int64_t{-1}).find("found a negative count"), std::string::npos);
  EXPECT_NE(error_with(acted_at + 9, 1.5).find("mean_pvalue"), std::string::npos);
  EXPECT_NE(error_with(acted_at + 17, -0.5).find("remaining_budget"), std::string::npos);
}

TEST(Campaigns, OfAnotherBundleAreRefused) {
  const auto bundle = small_bundle(small_recurrent(), kTicks);
  const auto other = small_bundle(small_recurrent(), kTicks + 1);
  Campaigns here(bundle, 1);
  Campaigns there(other, 1);
  const std::vector<std::byte> saved = here.save(here.open(campaign_of(0)));
  try {
    there.restore(saved);
    FAIL();
  } catch (const serve::Refused& refused) {
    EXPECT_EQ(refused.status(), GENBID_INVALID);
    EXPECT_NE(std::string(refused.what()).find("bundle of version small-1 (" + bundle->hash), std::string::npos)
        << refused.what();
  }
}

TEST(Campaigns, APlaceIsUsedAgainAndAnIdIsNot) {
  const auto bundle = small_bundle(echo(2), kTicks);
  const auto size = to_size(bundle->info.num_coefficients);
  Campaigns campaigns(bundle, 1);
  const uint64_t first = campaigns.open(campaign_of(0));
  act(campaigns, first, MadeUpDay(0).start(0), size);
  const genbid_tick_outcome outcome = MadeUpDay(0).outcome(0);
  campaigns.push(1, &first, &outcome);
  campaigns.close(first);
  const uint64_t second = campaigns.open(campaign_of(0));
  EXPECT_NE(first, second);
  EXPECT_THROW(campaigns.close(first), serve::Refused);
  // Nothing of the first is left.
  EXPECT_EQ(act(campaigns, second, MadeUpDay(0).start(0), size),
            Expected(campaign_of(0), 2).seen(MadeUpDay(0).start(0)));
}

// 1 / (what is wished for): a wish of 0 makes it infinite.
Graph inverse_of_wish() {
  Graph graph;
  const ValueId wishes = graph.add_input("wishes", Type::kFloat, {1, {kNumOutcomes}});
  const ValueId first = graph.add(Op::kSlice, {wishes}, {1, 0, 1});
  const ValueId one = graph.add_constant("one", {1}, std::vector<float>{1.0F});
  graph.add_output("coefficients", graph.add(Op::kDiv, {one, first}));
  return graph;
}

TEST(Campaigns, ANetworkThatSaysNoNumberIsAnErrorThatNamesTheCampaign) {
  const auto bundle = small_bundle(inverse_of_wish(), kTicks);
  Campaigns campaigns(bundle, 2);
  const genbid_wish none = {"return", 0.0};
  genbid_campaign campaign = campaign_of(0);
  const uint64_t good = campaigns.open(campaign);
  campaign.wishes = &none;
  campaign.num_wishes = 1;
  const uint64_t bad = campaigns.open(campaign);
  const genbid_tick_start start = MadeUpDay(0).start(0);
  EXPECT_EQ(act(campaigns, good, start, 1), std::vector<double>{0.8F});
  const uint64_t both[2] = {good, bad};
  const genbid_tick_start starts[2] = {start, start};
  double said[2] = {};
  try {
    campaigns.act(2, both, starts, said, 2);
    FAIL();
  } catch (const serve::Refused& refused) {
    EXPECT_EQ(refused.status(), GENBID_INTERNAL);
    EXPECT_EQ(std::string(refused.what()), "campaign " + std::to_string(bad) +
                                               ": coefficient: found inf, expected a finite number from the network");
  }
  // The other has to be asked again.
  const genbid_tick_outcome outcome = MadeUpDay(0).outcome(0);
  EXPECT_THROW(campaigns.push(1, &good, &outcome), serve::Refused);
  act(campaigns, good, start, 1);
  EXPECT_NO_THROW(campaigns.push(1, &good, &outcome));
}

}  // namespace
}  // namespace genbid::test
