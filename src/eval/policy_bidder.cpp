#include "eval/policy_bidder.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "base/error.h"
#include "bidding/score.h"
#include "base/random/lanes.h"

// B rows of a block, T ticks of the window, S features, A action coefficients.

namespace genbid::eval {
namespace {

size_t at_index(int64_t i) { return static_cast<size_t>(i); }

}  // namespace

PolicyBidder::PolicyBidder(std::shared_ptr<policy::Policy> policy, const PolicyBidderOptions& options, Threads& threads)
    : policy_(std::move(policy)),
      options_(options),
      noise_(static_cast<uint64_t>(options.seed), "evaluate.noise"),
      wishes_(policy_->default_wishes()),
      threads_(threads),
      num_features_(static_cast<int64_t>(feature_names(options.feature_set).size())),
      window_(policy_->window()) {
  policy_->eval();
  if (options.target_return) wishes_.target_return = options.target_return;
  if (options.target_cpa) wishes_.target_cpa = options.target_cpa;
}

void normal_numbers(const RandomStream& stream, int64_t period, int seat, int64_t tick, int64_t count, float* out) {
  const auto place = static_cast<uint32_t>(tick) << 16 | static_cast<uint32_t>(seat);
  for (int64_t i = 0; i < count; i += 4) {
    const auto bits = stream.bits(static_cast<uint32_t>(i / 4), place, static_cast<uint32_t>(period),
                                  static_cast<uint32_t>(period >> 32));
    const NormalPair first = normal_pair(bits[0], bits[1]);
    const NormalPair second = normal_pair(bits[2], bits[3]);
    const float normals[4] = {first.first, first.second, second.first, second.second};
    std::copy_n(normals, std::min<int64_t>(4, count - i), out + i);
  }
}

void PolicyBidder::reset(std::span<const SeatView> rows) {
  tick_ = 0;
  const int64_t num_ticks = rows.empty() ? 0 : rows.front().num_ticks;
  if (!rows.empty() && num_ticks != options_.num_ticks) {
    throw Error((options_.checkpoint.empty() ? "policy" : options_.checkpoint) + ": found a day of " +
                std::to_string(num_ticks) + " ticks, expected " + std::to_string(options_.num_ticks) +
                ", the days that this policy was trained on");
  }
  const auto num_blocks = (rows.size() + kBlockRows - 1) / at_index(kBlockRows);
  places_ = num_ticks + window_;
  const size_t num_places = num_blocks * at_index(kBlockRows * places_);
  states_.assign(num_places * at_index(num_features_), 0.0F);
  actions_.assign(num_places, 0.0F);
  earned_.assign(num_places, 0.0F);
  carry_.clear();
  const c10::InferenceMode inference;
  for (size_t block = 0; block < num_blocks; ++block) carry_.push_back(policy_->initial_carry(kBlockRows));
}

void PolicyBidder::bid(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  const auto num_rows = static_cast<int64_t>(rows.size());
  const int64_t num_blocks = (num_rows + kBlockRows - 1) / kBlockRows;
  threads_.parallel_for(num_blocks, 1, [&](int64_t first, int64_t last) {
    const c10::InferenceMode inference;
    for (int64_t block = first; block < last; ++block) {
      const int64_t begin = block * kBlockRows;
      const int64_t end = std::min(begin + kBlockRows, num_rows);
      observe(rows, begin, end);
      act(rows, bids, begin, end);
    }
  });
  ++tick_;
}

// Writes this tick's state and what the last tick became.
void PolicyBidder::observe(std::span<const SeatView> rows, int64_t begin, int64_t end) {
  std::vector<double> features(at_index(num_features_));
  for (int64_t row = begin; row < end; ++row) {
    const SeatView& seat = rows[at_index(row)];
    const TickHistory& history = *seat.history;
    const int64_t place = row * places_ + tick_;
    if (seat.last != nullptr) actions_[at_index(place - 1)] = static_cast<float>(effective_alpha(*seat.last));
    state_features(options_.feature_set, *seat.advertiser, history, seat.now, features, seat.num_ticks);
    std::transform(features.begin(), features.end(), states_.begin() + place * num_features_,
                   [](double value) { return static_cast<float>(value); });
    const double won = options_.realised_reward ? history.conversions() : history.expected_conversions();
    const double par = seat.advertiser->budget / seat.advertiser->cpa_limit;
    earned_[at_index(place)] = static_cast<float>(score(won, history.cost(), seat.advertiser->cpa_limit) / par);
  }
}

void PolicyBidder::act(std::span<const SeatView> rows, std::span<BidFormula> bids, int64_t begin, int64_t end) {
  const bool anybody =
      std::any_of(rows.begin() + begin, rows.begin() + end, [](const SeatView& seat) { return seat.asked; });
  if (!anybody) return;

  // Always a whole block: matrix products of one shape add up in one order.
  const int64_t count = std::min(tick_ + 1, window_);
  const int64_t first_tick = tick_ + 1 - count;
  const int64_t first_place = begin * places_ + first_tick;
  const at::Tensor states_BTS =
      at::from_blob(states_.data() + first_place * num_features_, {kBlockRows, window_, num_features_},
                    {places_ * num_features_, num_features_, 1}, at::kFloat);
  const at::Tensor actions_BTA =
      at::from_blob(actions_.data() + first_place, {kBlockRows, window_, 1}, {places_, 1, 1}, at::kFloat);
  const at::Tensor earned_BT =
      at::from_blob(earned_.data() + first_place, {kBlockRows, window_}, {places_, 1}, at::kFloat);
  const at::Tensor ticks_BT = at::zeros({kBlockRows, window_}, at::kLong);
  const at::Tensor mask_BT = at::zeros({kBlockRows, window_});
  const at::Tensor constraint_BC = at::ones({kBlockRows, 2});
  const int64_t noise_size = policy_->noise_size();
  const at::Tensor noise_BN = at::zeros({kBlockRows, noise_size});
  auto* constraint = constraint_BC.mutable_data_ptr<float>();
  for (int64_t row = begin; row < end; ++row) {
    const int64_t b = row - begin;
    const SeatView& seat = rows[at_index(row)];
    normal_numbers(noise_, seat.period, seat.seat, tick_, noise_size,
                   noise_BN.mutable_data_ptr<float>() + b * noise_size);
    constraint[2 * b] = static_cast<float>(seat.advertiser->budget);
    constraint[2 * b + 1] = static_cast<float>(seat.advertiser->cpa_limit);
  }
  mask_BT.slice(1, 0, count).fill_(1.0);
  ticks_BT.slice(1, 0, count).copy_(at::arange(first_tick, tick_ + 1));

  // What the policy does not read may hold anything.
  const policy::Condition condition = {at::full({kBlockRows, 1}, wishes_.target_return.value_or(0.0)),
                                       at::full({kBlockRows, 1}, wishes_.target_cpa.value_or(0.0)), constraint_BC};
  std::vector<at::Tensor>& carry = carry_[at_index(begin / kBlockRows)];
  policy::Action action =
      policy_->act({states_BTS, actions_BTA, earned_BT, ticks_BT, mask_BT}, condition, noise_BN, carry);
  carry = std::move(action.carry);
  const at::Tensor coefficients_BA = action.coefficients_BA.contiguous();
  const auto* coefficients = coefficients_BA.const_data_ptr<float>();
  for (int64_t row = begin; row < end; ++row) {
    bids[at_index(row)] = {static_cast<double>(coefficients[(row - begin) * coefficients_BA.size(1)]), 0.0};
  }
}

}  // namespace genbid::eval
