#include "perbid/prepared_days.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "base/convert.h"
#include "base/error.h"
#include "base/random/random.h"
#include "base/text_table.h"
#include "campaigns/click_play.h"
#include "campaigns/slot_profile.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kGrain = 4;

void put(const std::vector<campaigns::SlotProfile>& profiles, float* to) {
  for (const campaigns::SlotProfile& one : profiles) to = std::copy(one.begin(), one.end(), to);
}

}  // namespace

std::vector<DayPlace> places_of(const campaigns::Samples& samples, int64_t begin, int64_t end, int64_t each) {
  std::vector<DayPlace> places;
  for (int64_t sample = begin; sample < end; ++sample) {
    places.push_back({sample, 0});
    const int64_t last = std::min(each, at(samples.all(), sample).days_before);
    for (int64_t back = 1; back < last; ++back) places.push_back({sample, back});
  }
  return places;
}

PreparedDays prepare_days(const campaigns::Samples& samples, std::vector<DayPlace> places, Threads& threads,
                          const std::function<void(int64_t)>& done) {
  PreparedDays all;
  const int64_t count = std::ssize(places);
  const int64_t slots = samples.num_slots();
  const int64_t row = slots * campaigns::kSlotProfileSize;
  all.places = std::move(places);
  all.limits.resize(to_size(count));
  all.optima.resize(to_size(count));
  all.before.assign(to_size(count), {0.0, 1.0});
  all.known_N = at::zeros({count});
  all.slots_NTP = at::zeros({count, slots, campaigns::kSlotProfileSize});
  all.before_NTP = at::zeros({count, slots, campaigns::kSlotProfileSize});
  all.shares_NT = at::full({count, slots}, 1.0 / as_double(slots));
  auto* const known = all.known_N.data_ptr<float>();
  auto* const now = all.slots_NTP.data_ptr<float>();
  auto* const before = all.before_NTP.data_ptr<float>();
  auto* const shares = all.shares_NT.data_ptr<float>();
  std::mutex mutex;
  int64_t num_done = 0;
  threads.parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const DayPlace& place = at(all.places, i);
      const campaigns::Sample& sample = at(samples.all(), place.sample);
      at(all.limits, i) = sample.limits;
      const campaigns::ClickDay day = samples.day(place.sample, place.back);
      at(all.optima, i) = campaigns::click_optimum(day, sample.limits);
      put(campaigns::slot_profiles(day), now + i * row);
      if (place.back < sample.days_before) {
        const campaigns::ClickDay last = samples.day(place.sample, place.back + 1);
        at(all.before, i) = campaigns::click_optimum(last, sample.limits).bid;
        known[i] = 1.0F;
        const std::vector<campaigns::SlotProfile> of_last = campaigns::slot_profiles(last);
        put(of_last, before + i * row);
        const std::vector<float> traffic = campaigns::traffic_shares(of_last);
        std::copy(traffic.begin(), traffic.end(), shares + i * slots);
      }
      if (!done) continue;
      const std::lock_guard lock(mutex);
      done(++num_done);
    }
  });
  return all;
}

double middle_alpha(const PreparedDays& days) {
  std::vector<double> alphas;
  for (const campaigns::ClickOptimum& one : days.optima) {
    if (one.value > 0.0) alphas.push_back(one.bid.alpha);
  }
  if (alphas.empty()) return 1.0;
  const auto middle = alphas.begin() + std::ssize(alphas) / 2;
  std::nth_element(alphas.begin(), middle, alphas.end());
  if (*middle >= campaigns::kLeastAlpha && *middle <= campaigns::kMostAlpha) return *middle;
  throw Error("campaigns: found " + number_text("%.3g", *middle) +
              " as the best alpha of the middle day, expected 1e-6 to 1e6: count money, or values, in another unit");
}

Outcome outcome_of(const campaigns::Samples& samples, const PreparedDays& days, int64_t i,
                   const campaigns::ClickSums& sums) {
  const DayPlace& place = at(days.places, i);
  const campaigns::Sample& sample = at(samples.all(), place.sample);
  const double ppc = at(days.limits, i).ppc;
  Outcome outcome;
  outcome.campaign = sample.campaign;
  outcome.day = sample.day - place.back;
  outcome.type = at(days.optima, i).type;
  outcome.optimum = at(days.optima, i).value;
  outcome.sums = sums;
  outcome.ppc_ratio = campaigns::ppc_ratio(sums, ppc);
  outcome.res = campaigns::res(sums, outcome.optimum, ppc);
  return outcome;
}

KeptBids try_kept_bids(const campaigns::Samples& samples, const PreparedDays& days, int64_t per_day, int64_t seed,
                       Threads& threads) {
  const RandomStream stream(static_cast<uint64_t>(seed), "kept bids");
  KeptBids kept{at::zeros({days.count(), per_day, 2}), at::zeros({days.count(), per_day})};
  auto* const bids = kept.bids_NJ2.data_ptr<float>();
  auto* const res = kept.res_NJ.data_ptr<float>();
  threads.parallel_for(days.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const campaigns::ClickDay day = samples.day(at(days.places, i).sample, at(days.places, i).back);
      const campaigns::ClickOptimum& optimum = at(days.optima, i);
      const campaigns::ClickLimits& limits = at(days.limits, i);
      for (int64_t j = 0; j < per_day; ++j) {
        const auto bits = stream.bits(low_word(i), low_word(j));
        const campaigns::ClickBid bid{optimum.bid.alpha * std::exp(2.0 * uniform_double(bits[0]) - 1.0),
                                      uniform_double(bits[1])};
        const campaigns::ClickSums sums =
            campaigns::play_slots(day, 0, day.num_slots(), bid, limits.ppc, limits.budget).sums;
        const int64_t place = i * per_day + j;
        bids[2 * place] = as_float(bid.alpha);
        bids[2 * place + 1] = as_float(bid.beta);
        res[place] = as_float(campaigns::res(sums, optimum.value, limits.ppc));
      }
    }
  });
  return kept;
}

}  // namespace genbid::perbid
