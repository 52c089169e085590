#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/raw_log_reader.h"
#include "data/trajectory_builder.h"

// Two ways from rows of raw logs to whole ticks: a fast one, and one that reads everything. Private to the reader of
// raw logs.

namespace genbid::data {

// Makes ticks of rows that come in AuctionNet's order: periods one after another, ticks from 0 on, impressions by
// pvIndex, and in each the same advertisers by number. It gives up at any other row without saying what is wrong with
// it; SortedRows finds that out.
class OrderedRows {
 public:
  OrderedRows(const std::vector<std::string>& files, const std::function<void(RawTick&)>& sink);
  ~OrderedRows();

  // Both return false where rows are not in order.
  bool add(size_t file, const RawRows& rows);
  bool finish(int num_ticks, RawReadResult& result);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Makes ticks of rows in any order: each tick has a spool that its rows go to, and that is sorted in the end. It throws
// what is wrong with the rows.
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
