#include "eval/bundle_bidder.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::eval {
namespace {

void require_ok(genbid_status status) {
  if (status != GENBID_OK) throw Error(genbid_last_error());
}

genbid_tick_outcome outcome_of(const SeatView& seat) {
  const TickOutcome& last = *seat.last;
  genbid_tick_outcome outcome = GENBID_TICK_OUTCOME_INIT;
  outcome.tick = seat.now.tick - 1;
  outcome.sum_pvalue = last.sum_pvalue;
  outcome.sum_bid = last.sum_bid;
  outcome.mean_least_winning_cost = last.mean_least_winning_cost;
  outcome.num_wins = last.num_wins;
  outcome.num_exposed = last.num_exposed;
  outcome.num_conversions = last.num_conversions;
  outcome.sum_pvalue_exposed = last.sum_pvalue_exposed;
  outcome.cost = last.cost;
  return outcome;
}

genbid_tick_start start_of(const SeatView& seat) {
  genbid_tick_start start = GENBID_TICK_START_INIT;
  start.tick = seat.now.tick;
  start.num_impressions = seat.now.num_pv;
  start.mean_pvalue = seat.now.mean_pvalue;
  start.remaining_budget = std::max(seat.now.remaining_budget, 0.0);
  return start;
}

}  // namespace

BundleBidder::BundleBidder(const BundleBidderOptions& options, Threads& threads)
    : options_(options), threads_(threads) {
  genbid_bundle* bundle = nullptr;
  require_ok(genbid_bundle_load(options.path.c_str(), &bundle));
  bundle_.reset(bundle);
  genbid_bundle_info info = GENBID_BUNDLE_INFO_INIT;
  require_ok(genbid_bundle_describe(bundle, &info));
  num_coefficients_ = info.num_coefficients;
  for (const auto& [outcome, value] : options_.wishes) wishes_.push_back({outcome_name(outcome).c_str(), value});
}

void BundleBidder::reset(std::span<const SeatView> rows) {
  blocks_.clear();
  for (size_t begin = 0; begin < rows.size(); begin += to_size(kBlockRows)) {
    blocks_.push_back(open_block(rows.subspan(begin, std::min(rows.size() - begin, to_size(kBlockRows)))));
  }
}

BundleBidder::Block BundleBidder::open_block(std::span<const SeatView> rows) const {
  Block block;
  genbid_session* session = nullptr;
  require_ok(genbid_session_open(bundle_.get(), std::ssize(rows), &session));
  block.session.reset(session);
  for (const SeatView& seat : rows) {
    genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
    campaign.budget = seat.advertiser->budget;
    campaign.cpa_limit = seat.advertiser->cpa_limit;
    campaign.category = seat.advertiser->category;
    campaign.ticks = seat.num_ticks;
    campaign.wishes = wishes_.data();
    campaign.num_wishes = wishes_.size();
    campaign.noise_seed = static_cast<uint64_t>(options_.seed);
    campaign.noise_period = seat.period;
    campaign.noise_seat = seat.seat;
    require_ok(genbid_campaign_open(session, &campaign, &block.ids.emplace_back()));
  }
  return block;
}

void BundleBidder::ask(const Block& block, std::span<const SeatView> rows, std::span<BidFormula> bids) const {
  const bool first_tick = rows.front().last == nullptr;
  std::vector<genbid_tick_outcome> outcomes;
  std::vector<genbid_tick_start> starts;
  for (const SeatView& seat : rows) {
    if (!first_tick) outcomes.push_back(outcome_of(seat));
    starts.push_back(start_of(seat));
  }
  if (!first_tick) {
    require_ok(genbid_push(block.session.get(), block.ids.size(), block.ids.data(), outcomes.data()));
  }
  std::vector<double> coefficients(rows.size() * to_size(num_coefficients_));
  require_ok(genbid_act(block.session.get(), block.ids.size(), block.ids.data(), starts.data(), coefficients.data(),
                        coefficients.size()));
  const double* one = coefficients.data();
  for (BidFormula& bid : bids) {
    bid = {one[0], num_coefficients_ > 1 ? one[1] : 0.0};
    one += num_coefficients_;
  }
}

void BundleBidder::bid(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  threads_.parallel_for(std::ssize(blocks_), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Block& block = blocks_[to_size(i)];
      const auto begin = to_size(i * kBlockRows);
      ask(block, rows.subspan(begin, block.ids.size()), bids.subspan(begin, block.ids.size()));
    }
  });
}

}  // namespace genbid::eval
