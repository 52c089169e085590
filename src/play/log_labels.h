#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

namespace genbid::play {

// The labels (play/labels.h) of trajectories that raw logs told, from the market log of the same files: every
// impression's p-values and four highest bids say what any bid of a seat would have got against the others'. Slots,
// their exposures and the reserve are AuctionNet's (bidding/auction_rule.h), which a log does not tell; `asked` is the
// action, which is what is left of an alpha where over-spending dropped wins.
//
// In the order of the trajectories; empty if a stop was asked for. `progress` is told the number of periods done. Error
// where the log lacks bids, a period, or an advertiser of it. Memory: the responses of one period, 25 KB a seat and
// tick, and one tick of the log; time: a third of a second for a period of 500,000 impressions, and reading it.
std::optional<std::vector<data::TrajectoryLabels>> labels_from_log(const std::string& market_log,
                                                                   std::span<const data::Trajectory> trajectories,
                                                                   Threads& threads,
                                                                   const std::function<void(int64_t)>& progress = {});

}  // namespace genbid::play
