#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/threads.h"
#include "data/raw_log_file.h"

namespace genbid::data {

// A whole tick of a raw log: its impressions by pvIndex, in each the period's advertisers by number.
struct RawTick {
  int64_t period = 0;
  int tick = 0;
  int64_t num_pv = 0;
  int64_t num_missing = 0;                       // values that are missing in its rows
  std::string first_row;                         // "FILE:LINE" of one of its first rows, for messages
  std::vector<RawHead> heads;                    // by seat
  std::vector<int64_t> pv;                       // pvIndex, increasing
  std::vector<double> least_winning_cost;        // by impression; NaN if missing in all of its rows
  std::vector<double> pvalue, sigma, bid, cost;  // num_pv x seats; NaN where missing
  std::vector<uint8_t> flags, slot;              // num_pv x seats; RawFlag
  // num_pv x seats: which row of its period, counted from 0 in the order of the files, each was; empty if the rows
  // of the period came by tick, impression and advertiser.
  std::vector<int64_t> source_row;

  int num_seats() const { return to_int(heads.size()); }
};

struct RawReadOptions {
  LogColumnNames columns;
  int num_ticks = 0;  // 0: the highest tick found, plus 1; the same for all periods
  int64_t block_bytes = CsvFile::kBlockBytes;
  std::string scratch_folder = ".";  // for rows that come in another order than AuctionNet's
  std::function<void(int64_t done, int64_t total)> progress;
};

struct RawReadResult {
  int num_ticks = 0;
  int64_t num_rows = 0;
  int64_t bytes_read = 0;
  bool in_order = true;  // rows came by tick, impression and advertiser
  bool stopped = false;  // by a signal; then nothing else is good
  std::vector<CsvSource> sources;
};

// Reads raw logs and hands out their ticks, whole and checked, period by period and in each from tick 0 on. It calls
// `restart` when all ticks handed out so far are void and will come again, because rows that came in AuctionNet's order
// at first did not go on so. Memory holds a few blocks of text and the largest tick; rows in another order also need a
// scratch file of about half the size of their text. Error, with file and line: a row that cannot be read; a key
// (period, tick, pvIndex, advertiser) that comes twice or is missing; a tick that is missing; rows of one tick or
// period that contradict each other.
RawReadResult read_raw_logs(const std::vector<std::string>& paths, const RawReadOptions& options, Threads& threads,
                            const std::function<void(RawTick&)>& sink, const std::function<void()>& restart);

}  // namespace genbid::data
