#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

namespace genbid {

// Under which a market plays (market.rules) and its bidders bid: `fast` corrects AuctionNet's traps, `official`
// keeps them.
enum class Rules { kFast, kOfficial };
const std::vector<std::string>& rules_names();  // "fast", "official"
Rules parse_rules(std::string_view name);       // Error for an unknown name

// One seat of one cell (a cell is one period played by 48 seats), as its bidder sees it.
struct SeatView {
  int64_t period = 0;
  int seat = 0;
  const Advertiser* advertiser = nullptr;
  const TickHistory* history = nullptr;  // past ticks of this period
  const TickOutcome* last = nullptr;     // the previous tick; null in tick 0
  TickStart now;
  bool asked = true;                // false: out of budget; the answer is ignored
  int num_ticks = kTicksPerPeriod;  // of the period
};

// A bidder plays many seats at once, in many cells, all in the same tick; other bidders may be asked at the same time.
// Row i is the same seat of the same
// cell in every call from reset() to the end of the period.
class Bidder {
 public:
  virtual ~Bidder() = default;
  // Before tick 0 of a period. A bidder that keeps no state has forgotten the last one.
  virtual void reset(std::span<const SeatView> rows) = 0;
  // True: a period's bids depend on the periods that this object has played before. Row i must then be the same seat
  // of the same cell in every period too: such a bidder plays one period after another, never two side by side, and
  // what cells differ in (who sits at another seat) stays as it is. reset() keeps the state as long as the rows' seats
  // are those of the last period; other rows start anew.
  virtual bool keeps_state_between_periods() const { return false; }
  virtual void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) = 0;
};

// Whether any of them does, so that the periods must be played one after another.
bool keep_state_between_periods(std::span<Bidder* const> bidders);

// pacing (market/pacing.h): the alpha that would spend the rest of the money on the rest of the day, braked by the CPA.
// Defaults are tuned on AuctionNet's periods 7 to 20, and two of them are in its units: where money is worth k times less
// (prices, budgets and CPA limits are k times as large) price_level is k times as large, and where p-values are m times as
// large later_value is. The other two are pure numbers.
struct PacingOptions {
  double price_level = 340.0;  // a unit of offered value (sum of p-values) usually costs alpha^2 / price_level
  double later_value = 0.35;   // p-value expected of later parts of the day, in usual ones (kBaseValue; AuctionNet's
                               // mean is 1): the lower, the earlier the money is spent
  double prior_days = 3.0;     // of observations that these two expectations weigh as much as
  double cpa_brake = 0.75;     // cost per expected conversion so far, in CPA limits, above which alpha falls

  void fields(ConfigVisitor& v);
};

// Who bids: `pid`, or `{bidder: fixed_alpha, alpha: 90}`. A kind has only the options that it reads.
struct BidderConfig {
  std::string bidder = "pid";
  double alpha = 0.0;      // fixed_alpha: bid = alpha * p-value; 0: cpa_ratio decides
  double cpa_ratio = 1.0;  // fixed_alpha: alpha = cpa_ratio * the seat's CPA limit
  std::string table = {};  // online_lp: a shipped table or the path of a CSV file
  std::string agent = {};  // official_agent: one of official_agent_names()
  PacingOptions pacing = {};

  void fields(ConfigVisitor& v);
  // All but `bidder`, which the caller knows; rejects what the kind does not read.
  void option_fields(ConfigVisitor& v);
};

const std::vector<std::string>& bidder_names();

class OnlineLpTable;   // market/online_lp.h
struct OfficialAgent;  // market/official/agents.h

// Where bidders get what they know beside their options (play/official_assets.h). Errors for what is not there.
class BidderAssets {
 public:
  virtual ~BidderAssets() = default;
  virtual std::shared_ptr<const OnlineLpTable> online_lp_table(const std::string& name_or_path) const = 0;
  virtual std::shared_ptr<const OfficialAgent> official_agent(const std::string& name) const = 0;
};

// For days of so many ticks and, where given, for seats of these categories. Error for a bidder that cannot play them:
// AuctionNet's agents play days of 48 ticks, an OnlineLP table those that it was made for.
std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, Rules rules, const BidderAssets& assets,
                                    int num_ticks = kTicksPerPeriod, std::span<const int> categories = {});
// "pid", "fixed_alpha 90", "fixed_alpha 1.1 x CPA limit", "abid", "online_lp episode-3", "official iql", "pacing",
// "pacing cpa_brake 1.2": with the options that are not the default.
std::string bidder_label(const BidderConfig& config);

}  // namespace genbid
