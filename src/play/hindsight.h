#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/threads.h"
#include "market/market.h"
#include "oracle/responses.h"

namespace genbid {

// Plays one period and records what every seat would have got against the others' final bids, under either rule set:
// the input of the hindsight optimum (oracle/optima.h). The market is left at the period's end, keeping no impressions.
// Empty if a stop was asked for.
std::optional<oracle::Responses> record_responses(Market& market, Cell cell, std::span<Bidder* const> bidders,
                                                  std::span<const int> seat_bidder, Threads& threads,
                                                  const oracle::AlphaGrid& grid = {});

}  // namespace genbid
