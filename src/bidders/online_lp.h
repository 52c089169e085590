#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/convert.h"
#include "bidders/bidder_setting.h"
#include "bidding/advertiser.h"
#include "bidding/bidder.h"

// AuctionNet's OnlineLP (auctionnet.md 4.4, 5.9): a table, made from a log, says for every tick up to which price of
// a conversion an advertiser could have bought before its money ran out.

namespace genbid::bidders {

class OnlineLpTable {
 public:
  // Rows of one category and tick, in file order. `name` stands for the table in messages. Throws Error for
  // another number of elements in the columns, for what is not finite, and where cum_cost falls from one row to the
  // next: a decision takes the first row beyond the money, which a sorted column finds fast.
  explicit OnlineLpTable(std::string name) : name_(std::move(name)) {}
  // `tick` below kMaxTicks.
  void set(int category, int tick, std::vector<double> real_cpa, std::vector<double> cum_cost);

  struct Rows {
    std::vector<double> real_cpa;
    std::vector<double> cum_cost;
  };

  const std::string& name() const { return name_; }
  std::vector<int> categories() const;
  // The number of ticks of the days that it was made for, up to and with the last tick that has rows. Throws an Error
  // for a table without rows.
  int num_ticks() const;
  // Error unless every category has rows of each tick of these days.
  void check_every_tick() const;
  bool has(int category) const { return categories_.contains(category); }
  const Rows& rows(int category, int tick) const { return at(categories_.at(category), tick); }

  // Returns the realCPA of the first of the category's rows of this tick whose cum_cost exceeds the money, but at most
  // 1.5 times the CPA limit, and the CPA limit where there is no such row. The table must have the category.
  double alpha(int category, int tick, double remaining_budget, double cpa_limit) const;

 private:
  std::string name_;
  std::map<int, std::array<Rows, kMaxTicks>> categories_;
};

// bid = table's alpha * p-value. Throws an Error for a table that lacks rows of a tick, or of one of `categories`,
// which are those of the seats to be played. reset() throws one for a seat of another category, where AuctionNet would
// bid the CPA limit, and for other days than the table was made for.
std::unique_ptr<Bidder> make_online_lp(std::shared_ptr<const OnlineLpTable> table,
                                       std::span<const int> categories = {});

struct OnlineLpOptions {
  std::string table = {};  // a shipped table or the path of a CSV file

  void fields(ConfigVisitor& v);
  std::string label() const;
  int days(const BidderAssets& assets) const;
  std::vector<int64_t> tuned_on() const;  // shipped tables say it in their names
  std::unique_ptr<Bidder> make(const BidderSetting& setting) const;
};

// A raw log: a row for each impression and advertiser, in file order.
struct OnlineLpLog {
  std::span<const int> category;
  std::span<const int> tick;
  std::span<const double> pvalue;
  std::span<const double> least_winning_cost;
  int num_ticks = kTicksPerPeriod;  // of the day
};

// What the training needs of NumPy.
struct OnlineLpTools {
  // Draws `count` numbers of 0 .. n - 1, none twice. It is called once for each category, in ascending order. The
  // original takes the first ones of a permutation from the legacy stream of seed 1 (auctionnet.md 2.1.10).
  std::function<std::vector<int64_t>(int64_t n, int64_t count)> sample;
  // The permutation that sorts the keys ascending (2.1.8; any sort where keys differ).
  std::function<std::vector<int64_t>(std::span<const double> keys)> argsort;
};

// AuctionNet's training (auctionnet.md 5.9) for the categories and ticks of the log. It takes an eighth of a category's
// impressions, as a category has eight advertisers, and for every tick buys those from this tick on, the cheapest
// conversion first. It writes a row for every 10 units of money spent, up to 6000. It gives the original's bits for the
// numbers that the original saw: the original reads its log with pandas, which drops the last digits of small p-values
// (up to 1e-12 of them).
OnlineLpTable train_online_lp_table(std::string name, const OnlineLpLog& log, const OnlineLpTools& tools);

}  // namespace genbid::bidders
