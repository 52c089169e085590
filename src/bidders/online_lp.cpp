#include "bidders/online_lp.h"

#include <algorithm>
#include <cmath>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"

namespace genbid::bidders {

void OnlineLpTable::set(int category, int tick, std::vector<double> real_cpa, std::vector<double> cum_cost) {
  const auto fail = [&](const std::string& fault) {
    throw Error(name_ + ": category " + std::to_string(category) + ", tick " + std::to_string(tick) + ": " + fault);
  };
  if (real_cpa.size() != cum_cost.size()) {
    fail("found " + std::to_string(real_cpa.size()) + " values of realCPA and " + std::to_string(cum_cost.size()) +
         " of cum_cost, expected as many");
  }
  for (size_t i = 0; i < cum_cost.size(); ++i) {
    if (!std::isfinite(real_cpa[i]) || !std::isfinite(cum_cost[i])) fail("found a value that is not finite");
    if (i > 0 && cum_cost[i] < cum_cost[i - 1]) {
      fail("found cum_cost " + shortest(cum_cost[i]) + " behind " + shortest(cum_cost[i - 1]) +
           ", expected rows with ascending cum_cost");
    }
  }
  categories_[category].at(to_size(tick)) = {std::move(real_cpa), std::move(cum_cost)};
}

std::vector<int> OnlineLpTable::categories() const {
  std::vector<int> all;
  for (const auto& [category, ticks] : categories_) all.push_back(category);
  return all;
}

int OnlineLpTable::num_ticks() const {
  int last = -1;
  for (const auto& [category, ticks] : categories_) {
    for (int tick = 0; tick < kMaxTicks; ++tick) {
      if (!rows(category, tick).cum_cost.empty()) last = std::max(last, tick);
    }
  }
  if (last < 0) throw Error("'online_lp " + name_ + "': found a table without rows");
  return last + 1;
}

void OnlineLpTable::check_every_tick() const {
  const int of_day = num_ticks();
  for (const auto& [category, ticks] : categories_) {
    for (int tick = 0; tick < of_day; ++tick) {
      if (!rows(category, tick).cum_cost.empty()) continue;
      throw Error("online_lp: table " + name_ + ": category " + std::to_string(category) + ": found no rows of tick " +
                  std::to_string(tick) + ", expected rows of every tick from 0 to " + std::to_string(of_day - 1));
    }
  }
}

double OnlineLpTable::alpha(int category, int tick, double remaining_budget, double cpa_limit) const {
  const Rows& candidates = rows(category, tick);
  const auto first = std::upper_bound(candidates.cum_cost.begin(), candidates.cum_cost.end(), remaining_budget);
  const double alpha =
      first == candidates.cum_cost.end() ? cpa_limit : at(candidates.real_cpa, first - candidates.cum_cost.begin());
  return std::min(1.5 * cpa_limit, alpha);
}

namespace {

class OnlineLp : public Bidder {
 public:
  OnlineLp(std::shared_ptr<const OnlineLpTable> table, std::span<const int> categories)
      : table_(std::move(table)), num_ticks_(table_->num_ticks()) {
    table_->check_every_tick();
    for (const int category : categories) check_category(category, "");
  }

  void reset(std::span<const SeatView> rows) override {
    for (const SeatView& row : rows) {
      check_days("online_lp " + table_->name(), num_ticks_, row.num_ticks);
      check_category(row.advertiser->category, "seat " + std::to_string(row.seat) + ": ");
    }
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const Advertiser& advertiser = *rows[i].advertiser;
      const TickStart& now = rows[i].now;
      bids[i] = {.value = table_->alpha(advertiser.category, now.tick, now.remaining_budget, advertiser.cpa_limit)};
    }
  }

 private:
  void check_category(int wanted, const std::string& whose) const {
    if (table_->has(wanted)) return;
    std::string known;
    for (const int category : table_->categories()) known += (known.empty() ? "" : ", ") + std::to_string(category);
    throw Error("online_lp: table " + table_->name() + ": " + whose + "found no rows of category " +
                std::to_string(wanted) + ", expected one of the table's categories: " + known);
  }

  std::shared_ptr<const OnlineLpTable> table_;
  int num_ticks_;
};

constexpr double kSmallestCost = 0.0001;
constexpr double kPvalueOffset = 0.0001;
constexpr double kMaxCost = 6000.0;
constexpr double kCostStep = 10.0;

// Rows are made of the prefix of the sorted ones that costs less than kMaxCost.
OnlineLpTable::Rows thinned_prefix(std::span<const double> real_cpa, std::span<const double> cost,
                                   std::span<const int64_t> order) {
  std::vector<double> cum_cost;
  double sum = 0.0;
  for (const int64_t row : order) {
    sum += at(cost, row);
    if (!(sum < kMaxCost)) break;
    cum_cost.push_back(sum);
  }
  OnlineLpTable::Rows kept;
  double last_kept = 0.0;
  for (size_t i = 0; i < cum_cost.size(); ++i) {
    if (cum_cost[i] - last_kept < kCostStep && i + 1 < cum_cost.size()) continue;
    kept.real_cpa.push_back(at(real_cpa, order[i]));
    kept.cum_cost.push_back(cum_cost[i]);
    last_kept = cum_cost[i];
  }
  return kept;
}

}  // namespace

OnlineLpTable train_online_lp_table(std::string name, const OnlineLpLog& log, const OnlineLpTools& tools) {
  std::map<int, std::vector<size_t>> rows_of;  // by category
  for (size_t row = 0; row < log.pvalue.size(); ++row) {
    if (log.pvalue[row] > 0.0 && log.least_winning_cost[row] > kSmallestCost) rows_of[log.category[row]].push_back(row);
  }
  OnlineLpTable table(std::move(name));
  for (const auto& [category, rows] : rows_of) {
    // Python rounds halves to even, and so does nearbyint.
    const auto count = static_cast<int64_t>(std::nearbyint(as_double(rows.size()) / kSeatsPerCategory));
    const std::vector<int64_t> sample = tools.sample(std::ssize(rows), count);
    for (int tick = 0; tick < log.num_ticks; ++tick) {
      std::vector<double> real_cpa;
      std::vector<double> cost;
      for (const int64_t drawn : sample) {
        const size_t row = at(rows, drawn);
        if (log.tick[row] < tick) continue;
        real_cpa.push_back(log.least_winning_cost[row] / (log.pvalue[row] + kPvalueOffset));
        cost.push_back(log.least_winning_cost[row]);
      }
      OnlineLpTable::Rows kept = thinned_prefix(real_cpa, cost, tools.argsort(real_cpa));
      table.set(category, tick, std::move(kept.real_cpa), std::move(kept.cum_cost));
    }
  }
  return table;
}

std::unique_ptr<Bidder> make_online_lp(std::shared_ptr<const OnlineLpTable> table, std::span<const int> categories) {
  return std::make_unique<OnlineLp>(std::move(table), categories);
}

void OnlineLpOptions::fields(ConfigVisitor& v) {
  v.required_path("table", table);
  v.check(!table.empty(), "table", "episode-0 to episode-6, own_category, or the path of a CSV file");
}

std::string OnlineLpOptions::label() const { return "online_lp " + table; }

std::vector<int64_t> OnlineLpOptions::tuned_on() const {
  if (table == "own_category") return {0, 1, 2, 3, 4, 5};
  constexpr std::string_view kEpisode = "episode-";
  if (!table.starts_with(kEpisode) || table.size() != kEpisode.size() + 1) return {};
  return {table.back() - '0'};
}

int OnlineLpOptions::days(const BidderAssets& assets) const { return assets.online_lp_table(table)->num_ticks(); }

std::unique_ptr<Bidder> OnlineLpOptions::make(const BidderSetting& setting) const {
  return make_online_lp(setting.assets.online_lp_table(table), setting.categories);
}

}  // namespace genbid::bidders
