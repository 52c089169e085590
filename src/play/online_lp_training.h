#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/raw_log_file.h"
#include "bidders/online_lp.h"

namespace genbid::play {

// The OnlineLP table that AuctionNet's training makes of a period's log (auctionnet.md 5.9), bit for bit: numbers as
// pandas reads them, rows in the order of the file, NumPy's legacy stream of seed 1. `files`: raw logs, or a market log
// that holds float64. About 24 bytes a row (576 MB for a period of 500,000 impressions). Rows
// whose p-value or price is missing are left out, as pandas does. Empty if a stop was asked for. Error for a log of
// several periods, or one that does not tell its advertisers' categories.
struct TrainedOnlineLp {
  bidders::OnlineLpTable table;
  int64_t period = 0;  // of the log
};
// `num_ticks`: of the day; 0: as many as the log tells. Error for a day of another length.
std::optional<TrainedOnlineLp> train_online_lp(const std::vector<std::string>& files,
                                               const data::LogColumnNames& columns, Threads& threads,
                                               int num_ticks = 0);

}  // namespace genbid::play
