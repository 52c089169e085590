#include "bidders/pid.h"

#include <algorithm>
#include <vector>

#include "base/convert.h"

namespace genbid::bidders {
namespace {

class CorrectedPid : public Bidder {
 public:
  void reset(std::span<const SeatView> rows) override {
    rows_.assign(rows.size(), {});
    for (size_t i = 0; i < rows.size(); ++i) rows_[i].remaining = rows[i].now.remaining_budget;
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].may_bid) continue;
      Row& row = rows_[i];
      const TickStart& now = rows[i].now;
      if (now.tick > 0) {
        const double last_cost = row.remaining - now.remaining_budget;
        const double pace = last_cost * (rows[i].num_ticks - now.tick) / now.remaining_budget;
        if (pace < 0.7) {
          row.alpha *= 1.2;
        } else if (pace > 1.1) {
          row.alpha *= 0.7;
        }
      }
      row.remaining = now.remaining_budget;
      bids[i] = {.value = row.alpha};
    }
  }

 private:
  struct Row {
    double alpha = 15.0;
    double remaining = 0.0;  // of its budget, when it last bid
  };
  std::vector<Row> rows_;
};

class OfficialPid : public Bidder {
 public:
  bool keeps_state_between_periods() const override { return true; }

  void reset(std::span<const SeatView> rows) override {
    const bool same = std::equal(rows.begin(), rows.end(), rows_.begin(), rows_.end(),
                                 [](const SeatView& view, const Row& row) { return view.seat == row.seat; });
    if (same) return;
    rows_.assign(rows.size(), {});
    for (size_t i = 0; i < rows.size(); ++i) rows_[i].seat = rows[i].seat;
  }

  std::vector<double> memory() const override {
    std::vector<double> numbers;
    for (const Row& row : rows_) numbers.insert(numbers.end(), {as_double(row.seat), row.alpha, row.remaining});
    return numbers;
  }
  void remember(std::span<const double> memory) override {
    rows_.clear();
    for (size_t i = 0; i + 3 <= memory.size(); i += 3) {
      rows_.push_back({static_cast<int>(memory[i]), memory[i + 1], memory[i + 2]});
    }
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].may_bid) continue;
      Row& row = rows_[i];
      const TickStart& now = rows[i].now;
      if (now.tick == 0) {
        row.alpha = 15.0;
      } else {
        const double last_cost = row.remaining - now.remaining_budget;
        row.remaining -= last_cost;  // not quite the remaining money: two roundings
        const double pace = last_cost * as_double(kTicksPerPeriod - now.tick) / now.remaining_budget;
        if (pace < 0.7) {
          row.alpha *= 1.2;
        } else if (pace > 1.1) {
          row.alpha *= 0.7;
        }
      }
      bids[i] = {.value = row.alpha};
    }
  }

 private:
  struct Row {
    int seat = -1;
    double alpha = 15.0;
    double remaining = 100.0;  // the budget that the original's constructor assumes
  };
  std::vector<Row> rows_;
};

}  // namespace

std::unique_ptr<Bidder> make_pid(BiddingRules rules) {
  if (rules == BiddingRules::kOfficial) return std::make_unique<OfficialPid>();
  return std::make_unique<CorrectedPid>();
}

}  // namespace genbid::bidders
