#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/raw_log_file.h"
#include "bidders/online_lp.h"

namespace genbid::play {

// The OnlineLP table that AuctionNet's training makes of a period's log (auctionnet.md 5.9), bit for bit: numbers are
// as pandas reads them, rows in the order of the file, and draws come from NumPy's legacy stream of seed 1. `files` are
// raw logs, or a market log that holds float64. Rows whose p-value or price is missing are left out, as pandas does. It
// takes about 24 bytes a row, 576 MB for a period of 500,000 impressions. The result is empty if a stop was asked for.
// Throws an Error for a log of several periods, or one that does not tell its advertisers' categories.
struct TrainedOnlineLp {
  bidders::OnlineLpTable table;
  int64_t period = 0;  // of the log
};
// `num_ticks` is the length of the day; 0 stands for as many as the log tells. Throws an Error for a day of another
// length.
std::optional<TrainedOnlineLp> train_online_lp(const std::vector<std::string>& files,
                                               const data::LogColumnNames& columns, Threads& threads,
                                               int num_ticks = 0);

}  // namespace genbid::play
