#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "bidders/bidder_setting.h"
#include "bidders/official_agents.h"
#include "bidders/online_lp.h"
#include "bidders/planner_knowledge.h"

namespace genbid::test {

// Two outputs max(0, w x + b) of the 16 features, then their sum: max(0, 40 - 10 budget_left) + max(0, 3 time_left).
inline std::shared_ptr<bidders::OfficialAgent> sample_agent(bidders::AgentHead head = bidders::AgentHead::kPlain) {
  bidders::DenseLayer hidden{
      kNumAuctionnetFeatures, 2, std::vector<float>(size_t{kNumAuctionnetFeatures} * 2), {40.0F, 0.0F}, true};
  hidden.weights[size_t{kFeatureBudgetLeft} * 2] = -10.0F;
  hidden.weights[size_t{kFeatureTimeLeft} * 2 + 1] = 3.0F;
  const bidders::DenseLayer sum{2, 1, {1.0F, 1.0F}, {0.0F}, false};
  return std::make_shared<bidders::OfficialAgent>(bidders::OfficialAgent{"sample", {hidden, sum}, head});
}

// A table of categories 0 and 1 whose ticks are all the same: 20 up to 500 units of money, 80 up to 1500 and 300 up to
// 5000.
inline std::shared_ptr<bidders::OnlineLpTable> sample_table() {
  auto table = std::make_shared<bidders::OnlineLpTable>("sample");
  for (int category = 0; category < 2; ++category) {
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      table->set(category, tick, {20.0, 80.0, 300.0}, {500.0, 1500.0, 5000.0});
    }
  }
  return table;
}

// A market on days of two ticks that are all alike. Value is the dearer the more of it is bought.
inline std::shared_ptr<bidders::PlannerKnowledge> sample_knowledge() {
  auto known = std::make_shared<bidders::PlannerKnowledge>();
  known->name = "sample";
  known->num_ticks = 2;
  known->lowest_level = 0.0125;
  known->levels_per_octave = 1;
  known->num_levels = 5;
  for (int tick = 0; tick < 2; ++tick) {
    for (const float share : {0.01F, 0.1F, 0.5F, 0.9F, 1.0F}) known->value_share.push_back(share);
    for (const float cost : {0.0001F, 0.002F, 0.02F, 0.06F, 0.08F}) known->cost.push_back(cost);
    known->price.push_back(0.05F);
    known->num_pv.push_back(24000.0F);
    known->mean_pvalue.push_back(0.0005F);
  }
  known->num_pv_stays = known->mean_pvalue_stays = known->price_stays = {1.0F, 0.0F, 0.0F, 1.0F};
  return known;
}

class SampleAssets : public bidders::BidderAssets {
 public:
  std::shared_ptr<const bidders::OnlineLpTable> online_lp_table(const std::string& name) const override {
    if (name != "sample") throw Error("no table " + name);
    return sample_table();
  }
  std::shared_ptr<const bidders::OfficialAgent> official_agent(const std::string& name) const override {
    const auto agent = sample_agent();
    agent->name = name;
    return agent;
  }
  std::shared_ptr<const bidders::PlannerKnowledge> planner_knowledge(const std::string& name) const override {
    if (name != "official") throw Error("no knowledge " + name);
    return sample_knowledge();
  }
};

}  // namespace genbid::test
