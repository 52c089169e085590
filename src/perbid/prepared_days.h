#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "base/threads.h"
#include "campaigns/click_optimum.h"
#include "campaigns/samples.h"
#include "perbid/outcomes.h"

// N days, T slots.

namespace genbid::perbid {

// A day that is trained on or judged: a sample's own, or one before it.
struct DayPlace {
  int64_t sample = 0;
  int64_t back = 0;
};

// Days of the samples [begin, end), up to `each`: a sample's own, and those before it whose day before is known too.
std::vector<DayPlace> places_of(const campaigns::Samples& samples, int64_t begin, int64_t end, int64_t each = 1);

// What is known of many days beforehand, in the order of `places`. A day's impressions are not kept: they are made
// or read again whenever the day is played.
struct PreparedDays {
  std::vector<DayPlace> places;
  std::vector<campaigns::ClickLimits> limits;
  std::vector<campaigns::ClickOptimum> optima;  // of the day itself
  std::vector<campaigns::ClickBid> before;      // the optimum of the day before; alpha 0 and beta 1 where none is known
  at::Tensor known_N;                           // f32, 1 where the day before is known
  at::Tensor slots_NTP;                         // f32, slot profiles of the day (campaigns/slot_profile.h)
  at::Tensor before_NTP;                        // and of the day before; 0 where none is known
  at::Tensor shares_NT;  // share of the impressions of the day before by slot; the same in each where none is known

  int64_t count() const { return std::ssize(places); }
  bool known(int64_t day) const { return known_N.const_data_ptr<float>()[day] > 0.0F; }
};

// `done` is told how many are ready, from one thread at a time.
PreparedDays prepare_days(const campaigns::Samples& samples, std::vector<DayPlace> places, Threads& threads,
                          const std::function<void(int64_t)>& done = {});

// The alpha that is best on the middle one of days whose optimum is worth something; 1 where none is. Error where it
// is none that agents know.
double middle_alpha(const PreparedDays& days);

// What one of the days came to.
Outcome outcome_of(const campaigns::Samples& samples, const PreparedDays& days, int64_t i,
                   const campaigns::ClickSums& sums);

// What kept bids bring on days: `per_day` for each, alpha e^(-1..1) times the day's best and beta 0..1, by `seed`.
struct KeptBids {
  at::Tensor bids_NJ2;  // f32
  at::Tensor res_NJ;    // f32
};
KeptBids try_kept_bids(const campaigns::Samples& samples, const PreparedDays& days, int64_t per_day, int64_t seed,
                       Threads& threads);

}  // namespace genbid::perbid
