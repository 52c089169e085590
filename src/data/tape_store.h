#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/convert.h"

// The tape store (.h5): what seats of played days would have got for any bid, their own bids left out and all others'
// as they were. It is what a policy learns from when it learns in the market. Layout and meaning of every part:
// data/README.md.

namespace genbid::data {

// M days of a seat, T ticks of a day, K knots of a curve.
//
// A tick has three curves over alpha (bid = alpha x p-value): the expected value (p-values of exposed impressions), the
// expected cost (money), and the slots won, exposed or not. Knot k is at alpha = lowest x 2^(k / knots_per_octave).
// With u the distance from knot k in knots, 0 to 1, a curve between knots k and k + 1 is the cubic that has the values
// and slopes (per knot) of both; below the first knot it is proportional to alpha, beyond the last one constant.
struct TapeColumns {
  static constexpr int64_t kNumbers = 6;  // of a knot: value, its slope, cost, its slope, slots, their slope

  int64_t ticks = 0;             // T
  int64_t octaves = 0;           // of each day's grid
  int64_t knots_per_octave = 4;  // K = octaves x knots_per_octave + 1
  // These have one entry for each day of a seat.
  std::vector<int64_t> period;
  std::vector<int64_t> seat;
  std::vector<double> budget;     // money, of who sat there
  std::vector<double> cpa_limit;  // money per conversion
  std::vector<float> lowest;      // alpha of the first knot
  // [M][T]
  std::vector<float> num_pv;       // impressions
  std::vector<float> mean_pvalue;  // over all of them
  std::vector<float> price;        // mean least winning cost, money, as it was played
  // [M][T][K][kNumbers]
  std::vector<float> knots;

  int64_t num_days() const { return std::ssize(period); }
  int64_t num_knots() const { return octaves * knots_per_octave + 1; }
};

struct TapeInfo {
  int64_t ticks = 0;  // of a period
  int64_t seats = 0;  // of a period
  int64_t octaves = 0;
  int64_t knots_per_octave = 4;
  std::string config;  // YAML of the run, without paths and thread counts, as trajectory stores have it; may be empty

  int64_t num_knots() const { return octaves * knots_per_octave + 1; }
};

// It writes under a temporary name, so that the store is there whole after finish() and not at all before. A writer
// that goes away without finish() leaves nothing.
class TapeStoreWriter {
 public:
  static constexpr int64_t kVersion = 1;

  // Opens the temporary file, so that a place that cannot be written is found out before the work.
  explicit TapeStoreWriter(const std::string& path);
  ~TapeStoreWriter();

  // It is called once, before append(). Days are those of seats: `info.seats` a period.
  void begin(const TapeInfo& info, int64_t num_days);
  // The next days: whole periods, with seats in order.
  void append(const TapeColumns& part);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class TapeStore {
 public:
  // Checks form and version. Every Error names the file, what was found and what was expected.
  explicit TapeStore(const std::string& path);
  ~TapeStore();
  TapeStore(TapeStore&&) noexcept;

  const TapeInfo& info() const;
  int64_t num_days() const;
  int64_t num_periods() const;
  // Their numbers, in the order of the store.
  const std::vector<int64_t>& periods() const;

  // All columns, checked: the days of a period lie together, seats 0, 1, 2, ... in order; money and curves are finite,
  // budgets and CPA limits above 0, the rest 0 or more; curves do not fall, neither from one knot to the next nor
  // between.
  TapeColumns read() const;
  // Reads the given periods alone, in the given order. Error for a period that is not there.
  TapeColumns read(std::span<const int64_t> periods) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
