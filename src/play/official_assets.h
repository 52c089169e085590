#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bidders/bidder_config.h"
#include "bidders/official_agents.h"
#include "bidders/online_lp.h"
#include "bidders/planner_knowledge.h"

namespace genbid::play {

// What the bidders of AuctionNet's population know, and the planner. It travels inside the program
// (data/official_population, data/planner), so nothing has to be installed beside it. Each table and policy is read
// when it is first asked for; bidders share it and outlive this object.
class OfficialAssets : public bidders::BidderAssets {
 public:
  OfficialAssets();
  ~OfficialAssets() override;

  // A shipped table `episode-0` .. `episode-6`, which hold the categories that the official population reads;
  // `own_category`, made of these: category c has the rows of episode-c; or the path of a CSV file
  // (read_online_lp_table).
  std::shared_ptr<const bidders::OnlineLpTable> online_lp_table(const std::string& name_or_path) const override;
  std::shared_ptr<const bidders::OfficialAgent> official_agent(const std::string& name) const override;
  // `official`, which is shipped (data/planner/README.md); or the path of a response tape, from which it is fitted, or
  // of a file that holds what was fitted (play/planner_file.h).
  std::shared_ptr<const bidders::PlannerKnowledge> planner_knowledge(const std::string& name_or_path) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether a name is one of those above: of anything that is shipped, or of a table.
bool is_shipped_asset(const std::string& name);
bool is_shipped_table(const std::string& name);

// Reads a table in AuctionNet's format: CSV with the columns advertiserCategoryIndex, realCPA, cum_cost and
// timeStepIndex, and any others, for days of up to kMaxTicks ticks. Throws an Error with file and line for what
// OnlineLpTable refuses, and for a category and tick whose rows do not stand together.
std::shared_ptr<const bidders::OnlineLpTable> read_online_lp_table(const std::string& path);
// Writes a table in the format that read_online_lp_table reads; `period` fills its column deliveryPeriodIndex. The file
// is there whole or not at all.
void write_online_lp_table(const bidders::OnlineLpTable& table, int64_t period, const std::string& path);

}  // namespace genbid::play
