#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "data/raw_log_ticks.h"
#include "data/row_place.h"

namespace genbid::data {

std::string place_text(const std::vector<std::string>& files, Place place) {
  return place_text(files[place.file], place.line);
}

std::string tick_missing(const std::string& where, int64_t period, int tick, size_t found, int last) {
  return where + ": period " + std::to_string(period) + ": tick " + std::to_string(tick) + " is missing (found " +
         std::to_string(found) + (found == 1 ? " tick" : " ticks") + " up to " + std::to_string(last) + ")";
}

bool same_identity(const RawHead& a, const RawHead& b) {
  return a.category == b.category && a.budget == b.budget && a.cpa == b.cpa;
}

bool same_tick_state(const RawHead& a, const RawHead& b) {
  const bool same_money =
      a.remaining_budget == b.remaining_budget || std::isnan(a.remaining_budget) || std::isnan(b.remaining_budget);
  return same_money && a.is_end == b.is_end;
}

struct OrderedRows::State {
  State(const std::vector<std::string>& files, const std::function<void(RawTick&)>& sink)
      : files_(files), sink_(sink) {}

  // False: not in order.
  bool add(size_t file, const RawRows& rows) {
    last_head_.fill(kNoHead);
    for (const RawRow& row : rows.rows) {
      const RawHead& head = rows.heads[row.head];
      if (head.period != tick_.period || head.tick != tick_.tick || num_periods_ == 0) {
        if (!begin_tick(head, Place{file, rows.first_line + row.line_offset})) return false;
      }
      if (learning_ && (seat_ == 0 || row.pv == pv_)) {
        if (!learn(head)) return false;
      } else if (seat_ == num_seats_) {
        learning_ = false;
        if (row.pv <= pv_) return false;
        begin_impression(row);
      }
      if (learning_ && seat_ == 0) begin_impression(row);
      const size_t seat = seat_++;
      if (row.pv != pv_ || head.advertiser != advertisers_[seat]) return false;
      if (last_head_[seat] != row.head) {
        if (!take_head(seat, head)) return false;
        last_head_[seat] = row.head;
      }
      if (!take_price(row)) return false;
      const size_t at = base_ + seat;
      if (at >= room_) grow();
      tick_.pvalue[at] = row.pvalue;
      tick_.sigma[at] = row.sigma;
      tick_.bid[at] = row.bid;
      tick_.cost[at] = row.cost;
      tick_.flags[at] = row.flags;
      tick_.slot[at] = row.slot;
      tick_.num_missing += row.num_missing;
    }
    num_rows_ += std::ssize(rows.rows);
    return true;
  }

  bool finish(int num_ticks, RawReadResult& result) {
    if (num_periods_ > 0 && !end_tick()) return false;
    for (const auto& [period, ticks] : ticks_of_period_) num_ticks = std::max(num_ticks, ticks);
    for (const auto& [period, ticks] : ticks_of_period_) {
      if (ticks < num_ticks) {
        throw Error(
            tick_missing(place_text(files_, first_of_period_.at(period)), period, ticks, to_size(ticks), ticks - 1));
      }
    }
    result.num_ticks = num_ticks;
    result.num_rows = num_rows_;
    return true;
  }

  static constexpr uint32_t kNoHead = ~uint32_t{0};

  bool begin_tick(const RawHead& head, Place place) {
    if (num_periods_ > 0 && !end_tick()) return false;
    if (num_periods_ == 0 || head.period != tick_.period) {
      if (head.tick != 0 || !first_of_period_.emplace(head.period, place).second) return false;
      ++num_periods_;
      learning_ = true;
      num_seats_ = 0;
      advertisers_.clear();
      identities_.clear();
    } else if (head.tick != tick_.tick + 1) {
      return false;
    }
    tick_.period = head.period;
    tick_.tick = head.tick;
    tick_.first_row = place_text(files_, place);
    tick_.num_pv = 0;
    tick_.num_missing = 0;
    tick_.heads.assign(num_seats_, RawHead{});
    have_head_.assign(num_seats_, false);
    tick_.pv.clear();
    tick_.least_winning_cost.clear();
    ticks_of_period_[head.period] = head.tick + 1;
    last_head_.fill(kNoHead);
    pv_ = -1;
    seat_ = learning_ ? 0 : num_seats_;
    return true;
  }

  bool end_tick() {
    if (seat_ != num_seats_) return false;
    learning_ = false;
    const auto count = to_size(tick_.num_pv) * num_seats_;
    for (std::vector<double>* values : {&tick_.pvalue, &tick_.sigma, &tick_.bid, &tick_.cost}) values->resize(count);
    tick_.flags.resize(count);
    tick_.slot.resize(count);
    room_ = count;
    sink_(tick_);
    return true;
  }

  // The first impression of a period tells its advertisers.
  bool learn(const RawHead& head) {
    if (!advertisers_.empty() && head.advertiser <= advertisers_.back()) return false;
    if (advertisers_.size() == kMaxRawSeats) return false;
    advertisers_.push_back(head.advertiser);
    identities_.push_back(head);
    tick_.heads.push_back(head);
    have_head_.push_back(false);
    num_seats_ = advertisers_.size();
    return true;
  }

  void begin_impression(const RawRow& row) {
    base_ = to_size(tick_.num_pv) * num_seats_;
    if (learning_) base_ = 0;
    ++tick_.num_pv;
    seat_ = 0;
    pv_ = row.pv;
    tick_.pv.push_back(row.pv);
    tick_.least_winning_cost.push_back(row.least_winning_cost);
  }

  bool take_head(size_t seat, const RawHead& head) {
    if (!same_identity(head, identities_[seat])) return false;
    RawHead& known = tick_.heads[seat];
    if (!have_head_[seat]) {
      known = head;
      have_head_[seat] = true;
      return true;
    }
    if (!same_tick_state(head, known)) return false;
    if (std::isnan(known.remaining_budget)) known.remaining_budget = head.remaining_budget;
    return true;
  }

  bool take_price(const RawRow& row) {
    double& price = tick_.least_winning_cost.back();
    if (price == row.least_winning_cost || std::isnan(row.least_winning_cost)) return true;
    if (!std::isnan(price)) return false;
    price = row.least_winning_cost;
    return true;
  }

  void grow() {
    room_ = std::max<size_t>(2 * room_, size_t{1} << 16);
    for (std::vector<double>* values : {&tick_.pvalue, &tick_.sigma, &tick_.bid, &tick_.cost}) values->resize(room_);
    tick_.flags.resize(room_);
    tick_.slot.resize(room_);
  }

 private:
  const std::vector<std::string>& files_;
  const std::function<void(RawTick&)>& sink_;
  RawTick tick_;
  size_t room_ = 0;  // entries of the tick's arrays
  std::map<int64_t, Place> first_of_period_;
  std::map<int64_t, int> ticks_of_period_;
  int64_t num_periods_ = 0;
  int64_t num_rows_ = 0;

  bool learning_ = false;
  size_t num_seats_ = 0;
  std::vector<int64_t> advertisers_;
  std::vector<RawHead> identities_;
  std::vector<bool> have_head_;
  std::array<uint32_t, kMaxRawSeats> last_head_ = {};  // of the current block, by seat
  size_t seat_ = 0;                                    // of the next row; num_seats_: a new impression
  size_t base_ = 0;
  int64_t pv_ = -1;
};

OrderedRows::OrderedRows(const std::vector<std::string>& files, const std::function<void(RawTick&)>& sink)
    : state_(std::make_unique<State>(files, sink)) {}
OrderedRows::~OrderedRows() = default;

bool OrderedRows::add(size_t file, const RawRows& rows) { return state_->add(file, rows); }
bool OrderedRows::finish(int num_ticks, RawReadResult& result) { return state_->finish(num_ticks, result); }

}  // namespace genbid::data
