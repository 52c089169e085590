#include "perbid/agent_play.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "base/convert.h"
#include "base/error.h"
#include "campaigns/click_play.h"
#include "campaigns/episode.h"
#include "perbid/cluster_agents.h"
#include "perbid/matching.h"
#include "perbid/profile_network.h"
#include "perbid/rules.h"
#include "perbid/small_field.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kAgents = 3;
constexpr int64_t kCount = 12;

std::shared_ptr<ClusterAgents> made_agents(int64_t reads, int64_t agents = kAgents) {
  torch::manual_seed(5);
  auto made = std::make_shared<ClusterAgents>(AgentsConfig{16, 2}, agents, reads);
  made->start_at(0.2);
  return made;
}

at::Tensor all_rows(int64_t agents) { return at::arange(kCount, at::kLong).expand({agents, kCount}).contiguous(); }

Exploration explored(double relabel = 0.0) { return {0.5, 0.5, relabel, at::detail::createCPUGenerator(3)}; }

TEST(AgentPlay, IsTheSameForAnyNumberOfThreads) {
  const auto agents = made_agents(2);
  const test::SmallField one(kCount, 1);
  const test::SmallField three(kCount, 3);
  Threads first(1);
  Threads second(3);
  const Exploration a = explored(0.5);
  const Exploration b = explored(0.5);
  const Played alone = play_days(*agents, one.field(), all_rows(kAgents), first, &a);
  const Played shared = play_days(*agents, three.field(), all_rows(kAgents), second, &b);
  EXPECT_TRUE(at::equal(alone.res_MB, shared.res_MB));
  EXPECT_TRUE(at::equal(alone.met->status_TMBS, shared.met->status_TMBS));
  EXPECT_TRUE(at::equal(alone.met->gain_TMB, shared.met->gain_TMB));
}

// An agent's day does not depend on who else plays, nor on which other agents there are.
TEST(AgentPlay, KeepsDaysApart) {
  const auto agents = made_agents(0);
  test::SmallField small(kCount);
  const Played whole = play_days(*agents, small.blind(), all_rows(kAgents), small.threads);
  const at::Tensor some = at::tensor({4, 9}, at::kLong).expand({kAgents, 2}).contiguous();
  const Played part = play_days(*agents, small.blind(), some, small.threads);
  for (int64_t m = 0; m < kAgents; ++m) {
    EXPECT_NEAR(part.res_MB[m][0].item<double>(), whole.res_MB[m][4].item<double>(), 1e-5);
    EXPECT_NEAR(part.res_MB[m][1].item<double>(), whole.res_MB[m][9].item<double>(), 1e-5);
  }
  EXPECT_FALSE(whole.res_MB[0].equal(whole.res_MB[1]));
}

// The gain of a slot is the Res of keeping the moved bid from there on, which at the last slot is the day's.
TEST(AgentPlay, TellsWhatKeepingABidBrings) {
  const auto agents = made_agents(0, 1);
  test::SmallField small(kCount);
  const Exploration exploration = explored();
  const Played played = play_days(*agents, small.blind(), all_rows(1), small.threads, &exploration);
  const Met& met = *played.met;
  const int64_t slots = small.samples.num_slots();
  for (int64_t i = 0; i < kCount; ++i) {
    const double last = met.gain_TMB[slots - 1][0][i].item<double>();
    EXPECT_NEAR(last, std::max(-1.0, played.res_MB[0][i].item<double>()), 1e-6) << i;
    // The first slot's: the whole day with one bid.
    AgentStates states;
    states.status_MBS = met.status_TMBS[0];
    const at::Tensor bid = ClusterAgents::moved_MB2(states, met.moves_TMB2[0])[0][i];
    const campaigns::ClickLimits& limits = at(small.days.limits, i);
    const campaigns::ClickDay day = small.samples.day(i, 0);
    const auto sums =
        campaigns::play_slots(day, 0, slots, {bid[0].item<double>(), bid[1].item<double>()}, limits.ppc, limits.budget);
    const double res = campaigns::res(sums.sums, at(small.days.optima, i).value, limits.ppc);
    EXPECT_NEAR(met.gain_TMB[0][0][i].item<double>(), std::max(-1.0, res), 1e-6) << i;
  }
}

TEST(AgentPlay, BeginsWithYesterdaysBidWhereItIsAsked) {
  torch::manual_seed(5);
  ClusterAgents agents(AgentsConfig{.width = 16, .depth = 2, .start = "yesterday"}, 1, 0);
  agents.start_at(0.2);
  constexpr int64_t kMany = 40;
  test::SmallField small(kMany);
  Exploration exploration = explored();
  exploration.random_start = 0.0;
  const Met met =
      *play_days(agents, small.blind(), at::arange(kMany, at::kLong).unsqueeze(0), small.threads, &exploration).met;
  int64_t known = 0;
  for (int64_t i = 0; i < kMany; ++i) {
    const bool has_own = small.days.known(i) && at(small.days.before, i).alpha > 0.0;
    known += has_own;
    const campaigns::ClickBid expected = has_own ? at(small.days.before, i) : campaigns::ClickBid{0.2, 0.5};
    EXPECT_FLOAT_EQ(met.status_TMBS[0][0][i][5].item<float>(), as_float(expected.alpha)) << i;
    EXPECT_FLOAT_EQ(met.status_TMBS[0][0][i][6].item<float>(), as_float(expected.beta)) << i;
  }
  EXPECT_GT(known, 0);
  EXPECT_LT(known, kMany);
}

// Alpha is read relative to what a day began with: in another currency an agent moves alike.
TEST(AgentPlay, ReadsAlphaRelativeToItsStart) {
  const auto agents = made_agents(0, 1);
  AgentStates states{at::rand({1, kCount, campaigns::kStatusSize}), {}, at::full({1, kCount}, 0.2)};
  const at::Tensor moves = agents->moves_MB2(states);
  states.status_MBS.select(2, 5).mul_(8.0);
  EXPECT_FALSE(at::allclose(agents->moves_MB2(states), moves));
  states.start_MB.mul_(8.0);
  EXPECT_TRUE(at::allclose(agents->moves_MB2(states), moves));
}

// Conditions of other limits are shifted by the logarithms of their factors; where they say nothing, they stay 0.
TEST(AgentPlay, RelabelsLimitsWithTheirConditions) {
  const auto agents = made_agents(2, 1);
  test::SmallField small(kCount);
  small.days.known_N[3] = 0.0;
  const Exploration exploration = explored(0.7);
  const Played played = play_days(*agents, small.field(), all_rows(1), small.threads, &exploration);
  const at::Tensor shift_B2 = played.met->shift_MB2[0];
  EXPECT_LE(shift_B2.abs().max().item<double>(), 0.7);
  EXPECT_GT(shift_B2.abs().max().item<double>(), 0.3);
  PreparedDays shifted = small.days;
  for (int64_t i = 0; i < kCount; ++i) {
    at(shifted.limits, i).budget *= std::exp(shift_B2[i][0].item<double>());
    at(shifted.limits, i).ppc *= std::exp(shift_B2[i][1].item<double>());
  }
  const at::Tensor expected = conditions_NT2(small.days) + shift_B2.unsqueeze(1);
  EXPECT_TRUE(at::allclose(conditions_NT2(shifted), expected, 1e-5, 1e-5));
  EXPECT_TRUE(shift_B2[3].eq(0.0).all().item<bool>());
}

TEST(PlayAll, IsEachAgentOnEachDay) {
  const auto agents = made_agents(0);
  test::SmallField small(kCount);
  const PlayedByAll all = play_all(*agents, small.blind(), small.threads);
  const Played played = play_days(*agents, small.blind(), all_rows(kAgents), small.threads);
  EXPECT_TRUE(at::equal(all.res_NM, played.res_MB.t()));
  EXPECT_EQ(at(all.sums, 5 * kAgents + 2).wins, at(played.sums, 2 * kCount + 5).wins);
}

// The agent that is best on the days before, later ones counting more; the default one where none is known.
TEST(Matching, IsByTheDaysBefore) {
  const auto agents = made_agents(0);
  test::SmallField small(kCount);
  const auto blind = [](const PreparedDays&) { return at::Tensor(); };
  const MatchingDays days = days_to_match(small.samples, small.days.places, 1, 2, blind, small.threads);
  const Matching matching = match_agents(days, play_all(*agents, {small.samples, days.days, {}}, small.threads).res_NM);
  int64_t begun = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const int64_t agent = matching.agent_N[i].item<int64_t>();
    if (at(small.samples.all(), i).days_before == 0) {
      ++begun;
      EXPECT_EQ(agent, matching.default_agent);
      continue;
    }
    at::Tensor sum = at::zeros({kAgents}, at::kDouble);
    for (int64_t back = 1; back <= 2; ++back) {
      const PreparedDays one = prepare_days(small.samples, {{i, back}}, small.threads);
      sum += play_all(*agents, {small.samples, one, {}}, small.threads).res_NM[0] * (back == 1 ? 1.0 : 0.5);
    }
    EXPECT_NEAR(sum[agent].item<double>(), sum.max().item<double>(), 1e-4) << i;
  }
  EXPECT_EQ(days.days.count(), 2 * (kCount - begun));
  const Matching pieces = match_in_pieces(*agents, small.samples, small.days.places, 1, 2, blind, small.threads);
  EXPECT_TRUE(at::equal(pieces.agent_N, matching.agent_N));
  EXPECT_TRUE(at::equal(pieces.res_NM, matching.res_NM));
}

// However many pieces they are matched in, campaigns that begin have the agent that is best for all others together.
TEST(Matching, HasOneDefaultAgentForAllPieces) {
  constexpr int64_t kMany = 2500;
  const auto agents = made_agents(0);
  Threads threads(2);
  campaigns::CampaignLaws laws = test::small_laws();
  laws.volume = {50.0, 100.0};
  const campaigns::MadeSamples samples(laws, {kMany, 0, 0, 7}, threads);
  std::vector<DayPlace> places;
  for (int64_t i = 0; i < kMany; ++i) places.push_back({i, 0});
  const auto blind = [](const PreparedDays&) { return at::Tensor(); };
  std::vector<int64_t> told;
  const Matching matching =
      match_in_pieces(*agents, samples, places, 1, 1, blind, threads, [&](int64_t done) { told.push_back(done); });
  EXPECT_EQ(told, (std::vector<int64_t>{1024, 2048, 2500}));
  const at::Tensor known_NM = matching.res_NM.index({matching.known_N});
  EXPECT_EQ(matching.default_agent, known_NM.mean(0).argmax().item<int64_t>());
  const at::Tensor begun_N = matching.known_N.logical_not();
  EXPECT_GT(begun_N.slice(0, 2048).sum().item<int64_t>(), 0);
  EXPECT_TRUE(matching.agent_N.index({begun_N}).eq(matching.default_agent).all().item<bool>());
}

TEST(Matching, NeedsAsManyDaysBefore) {
  constexpr int64_t kSome = 40;
  test::SmallField small(kSome);  // seven days before, or none
  const auto check = [&](int64_t first, int64_t days_back) {
    return check_days_back(small.samples, small.days.places, first, days_back, "days_back");
  };
  const auto refused = [&](const std::vector<DayPlace>& judged, int64_t days_back) -> std::string {
    try {
      check_days_back(small.samples, judged, 1, days_back, "days_back");
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(check(1, 7), 0);
  EXPECT_EQ(check(0, 8), kSome - small.days.known_N.sum().item<int64_t>());  // those that begin have this day alone
  EXPECT_NE(refused(small.days.places, 8).find("days_back: found 8, expected at most the 7 that are known"),
            std::string::npos);
  std::vector<DayPlace> begun;
  for (int64_t i = 0; i < kSome; ++i) {
    if (at(small.samples.all(), i).days_before == 0) begun.push_back({i, 0});
  }
  ASSERT_FALSE(begun.empty());
  EXPECT_NE(refused(begun, 1).find("days_back: found 1, expected campaigns with days that are known"),
            std::string::npos);
}

TEST(MiddleAlpha, LeavesOutDaysThatAreWorthNothing) {
  PreparedDays days;
  EXPECT_EQ(middle_alpha(days), 1.0);
  for (const auto& [value, alpha] :
       {std::pair(0.0, 100.0), std::pair(1.0, 5.0), std::pair(2.0, 2.0), std::pair(1.0, 3.0)}) {
    campaigns::ClickOptimum& one = days.optima.emplace_back();
    one.value = value;
    one.bid.alpha = alpha;
  }
  EXPECT_EQ(middle_alpha(days), 3.0);
  for (campaigns::ClickOptimum& one : days.optima) one.bid.alpha *= 1e6;  // money in millionths
  EXPECT_THROW(middle_alpha(days), Error);
}

// Numbers that profiles would cut off are refused when they are learned from.
TEST(Profiles, AreOfMoneyInAUnitThatTheyKnow) {
  const auto fit = [](double money) {
    test::SmallField small(kCount);
    for (campaigns::ClickLimits& one : small.days.limits) one = {one.budget * money, one.ppc * money};
    ProfileNetwork network(ProfileConfig{});
    network.fit_days(small.days);
  };
  EXPECT_NO_THROW(fit(1.0));
  EXPECT_THROW(fit(1e6), Error);
  EXPECT_THROW(fit(1e-7), Error);
}

TEST(Rules, KeepYesterdaysBidOrTheLimit) {
  test::SmallField small(kCount);
  const std::vector<Outcome> kept = play_rule(small.samples, small.days, {"yesterday", {}, {}}, small.threads);
  const std::vector<Outcome> limit = play_rule(small.samples, small.days, {"limit", {}, {}}, small.threads);
  const auto rows = campaigns::campaign_days(test::small_laws(), {kCount, 0, 0, 7}, small.threads, [](int64_t) {});
  for (int64_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(at(kept, i).res, at(rows, i).res_kept) << i;
    EXPECT_EQ(at(kept, i).type, at(rows, i).optimum.type) << i;
    EXPECT_LE(at(limit, i).ppc_ratio, 1.0 + 1e-6) << i;  // no click costs more than was bid for it
  }
}

// Settings are drawn by the seed alone, and more tries are never worse.
TEST(Rules, TuneMPid) {
  test::SmallField small(kCount);
  const auto res_of = [&](const campaigns::MPidConfig& config) {
    return means_of(play_rule(small.samples, small.days, {"m_pid", config, {0.2, 0.5}}, small.threads)).res;
  };
  double last = res_of({});
  for (const int64_t tries : {1, 8, 32}) {
    const campaigns::MPidConfig found = tune_m_pid(small.samples, small.days, {0.2, 0.5}, tries, 1, small.threads);
    const double res = res_of(found);
    EXPECT_GE(res, last - 1e-12) << tries;
    last = res;
  }
}

}  // namespace
}  // namespace genbid::perbid
