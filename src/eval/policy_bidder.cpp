#include "eval/policy_bidder.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/utils.h>

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "policy/staging.h"

// B rows of a block, T ticks of the window, S features, A action coefficients.

namespace genbid::eval {
namespace {

bool anybody_bids(std::span<const SeatView> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const SeatView& seat) { return seat.may_bid; });
}

}  // namespace

PolicyBidder::PolicyBidder(std::shared_ptr<policy::Policy> policy, const PolicyBidderOptions& options, Threads& threads)
    : policy_(std::move(policy)),
      options_(options),
      noise_(options.seed),
      wishes_BO_(at::zeros({kBlockRows, kNumOutcomes})),
      threads_(threads),
      observation_(options.seen, policy_->window()) {
  policy_->eval();
  // What the policy does not read may hold anything.
  Wishes wishes = policy_->wishes();
  for (const auto& [outcome, value] : options.wishes) wishes[outcome] = value;
  for (const auto& [outcome, value] : wishes) {
    wishes_BO_.select(1, to_signed(index_of(outcome))).fill_(value);
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
  const auto num_blocks = (rows.size() + kBlockRows - 1) / to_size(kBlockRows);
  observation_.reset(to_signed(num_blocks) * kBlockRows, num_ticks);
  carry_.clear();
  const torch::NoGradGuard no_grad;  // LibTorch may record what act() makes of it
  if (!options_.device.is_cpu()) {
    const int64_t all = to_signed(num_blocks) * kBlockRows;
    wishes_BO_ = wishes_BO_.slice(0, 0, 1).expand({all, -1}).contiguous().to(options_.device);
    carry_.push_back(policy_->initial_carry(all));
    return;
  }
  for (size_t block = 0; block < num_blocks; ++block) carry_.push_back(policy_->initial_carry(kBlockRows));
}

void PolicyBidder::bid(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  const int64_t num_rows = std::ssize(rows);
  const int64_t num_blocks = (num_rows + kBlockRows - 1) / kBlockRows;
  const int64_t noise_size = policy_->noise_size();
  const at::Tensor noise_BN = at::zeros({num_blocks * kBlockRows, noise_size});
  auto* const noise = noise_BN.mutable_data_ptr<float>();
  const bool here = options_.device.is_cpu();
  threads_.parallel_for(num_blocks, 1, [&](int64_t first, int64_t last) {
    const c10::InferenceMode inference(!policy_->act_needs_gradients());
    for (int64_t block = first; block < last; ++block) {
      const int64_t begin = block * kBlockRows;
      const int64_t end = std::min(begin + kBlockRows, num_rows);
      const auto of_block = rows.subspan(to_size(begin), to_size(end - begin));
      observation_.observe(begin, tick_, of_block);
      if (!anybody_bids(of_block)) continue;
      for (int64_t row = begin; row < end; ++row) {
        const SeatView& seat = rows[to_size(row)];
        noise_.numbers(seat.period, seat.seat, tick_, {noise + row * noise_size, to_size(noise_size)});
      }
      if (here)
        act(noise_BN.slice(0, begin, begin + kBlockRows), bids.subspan(to_size(begin), to_size(end - begin)), block);
    }
  });
  if (!here && anybody_bids(rows)) act_there(noise_BN, bids);
  ++tick_;
}

void PolicyBidder::write(const at::Tensor& coefficients_BA, std::span<BidFormula> bids) {
  const at::Tensor all_BA = coefficients_BA.contiguous();
  const int64_t count = all_BA.size(1);
  const auto* one = all_BA.const_data_ptr<float>();
  for (BidFormula& bid : bids) {
    bid = {as_double(one[0]), count > 1 ? as_double(one[1]) : 0.0};
    one += count;
  }
}

// Always a whole block: matrix products of one shape add up in one order.
void PolicyBidder::act(const at::Tensor& noise_BN, std::span<BidFormula> bids, int64_t block) {
  std::vector<at::Tensor>& carry = carry_[to_size(block)];
  policy::Action action =
      policy_->act(observation_.history(block * kBlockRows, kBlockRows, tick_), wishes_BO_, noise_BN, carry);
  carry = std::move(action.carry);
  write(action.coefficients_BA, bids);
}

void PolicyBidder::act_there(const at::Tensor& noise_BN, std::span<BidFormula> bids) {
  const at::AutoGradMode gradients(policy_->act_needs_gradients());
  const policy::StagedTick tick =
      policy::staged(observation_.history(0, noise_BN.size(0), tick_), noise_BN, options_.device);
  policy::Action action = policy_->act(tick.history, wishes_BO_, tick.noise_BN, carry_.front());
  carry_.front() = std::move(action.carry);
  write(action.coefficients_BA.to(at::kCPU), bids);
}

}  // namespace genbid::eval
