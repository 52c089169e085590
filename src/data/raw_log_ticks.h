#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/raw_log_reader.h"
#include "data/trajectory_builder.h"

// Two ways from rows of raw logs to whole ticks. Private to the reader of raw logs.

namespace genbid::data {

// Puts together ticks of rows in AuctionNet's order: periods one after another, ticks from 0 on, impressions by
// pvIndex, the same advertisers by number in each. Gives up on any other row; what is wrong with it is told by
// SortedRows.
class OrderedRows {
 public:
  OrderedRows(const std::vector<std::string>& files, const std::function<void(RawTick&)>& sink);
  ~OrderedRows();

  // Both false: not in order.
  bool add(size_t file, const RawRows& rows);
  bool finish(int num_ticks, RawReadResult& result);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Puts together ticks of rows in any order: rows go to a spool for each tick, which is sorted in the end. Throws what
// is wrong with them.
class SortedRows {
 public:
  SortedRows(const std::vector<std::string>& files, const LogColumnNames& columns, const std::string& scratch_folder);
  ~SortedRows();

  void add(size_t file, const RawRows& rows);
  void finish(int num_ticks, RawReadResult& result, const std::function<void(RawTick&)>& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Shared by both.
std::string place_text(const std::vector<std::string>& files, Place place);
// The message for a tick that a period lacks; `where` is one of the period's rows.
std::string tick_missing(const std::string& where, int64_t period, int tick, size_t found, int last);
// Rows of one advertiser must agree: in a period, and in a tick (a remaining budget may be missing).
bool same_identity(const RawHead& a, const RawHead& b);
bool same_tick_state(const RawHead& a, const RawHead& b);

}  // namespace genbid::data
