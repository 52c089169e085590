#include "perbid/rules.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/random/random.h"
#include "campaigns/click_play.h"

namespace genbid::perbid {
namespace {

using campaigns::ClickBid;
using campaigns::ClickDay;
using campaigns::ClickLimits;
using campaigns::ClickSums;
using campaigns::MPidConfig;

constexpr int64_t kGrain = 4;

ClickBid kept_bid(const PreparedDays& days, int64_t i, const Rule& rule) {
  const bool known = days.known(i);
  return known && rule.name == "yesterday" ? at(days.before, i) : ClickBid{0.0, 1.0};
}

ClickSums play_m_pid(const ClickDay& day, const PreparedDays& days, int64_t i, const MPidConfig& config,
                     const ClickBid& start) {
  const ClickLimits& limits = at(days.limits, i);
  const bool known = days.known(i) && at(days.before, i).alpha > 0.0;
  const std::span shares(days.shares_NT.data_ptr<float>() + i * day.num_slots(), to_size(day.num_slots()));
  campaigns::MPid controller(config, limits, known ? at(days.before, i) : start, shares);
  ClickSums sums;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    const auto outcome =
        campaigns::play_slots(day, slot, slot + 1, controller.next(sums), limits.ppc, limits.budget - sums.cost);
    sums += outcome.sums;
    if (outcome.out_of_money) break;
  }
  return sums;
}

// A factor from e^-spread to e^spread.
double factor(uint32_t bits, double spread) { return std::exp(spread * (2.0 * uniform_double(bits) - 1.0)); }

MPidConfig drawn(const RandomStream& stream, int64_t which) {
  MPidConfig config;
  if (which == 0) return config;
  constexpr double kSpread = 2.0;
  const auto a = stream.bits(low_word(which), 0);
  const auto b = stream.bits(low_word(which), 1);
  const auto c = stream.bits(low_word(which), 2);
  config.budget_kp *= factor(a[0], kSpread);
  config.budget_ki *= factor(a[1], kSpread);
  config.budget_kd *= factor(a[2], kSpread);
  config.ppc_kp *= factor(a[3], kSpread);
  config.ppc_ki *= factor(b[0], kSpread);
  config.ppc_kd *= factor(b[1], kSpread);
  config.budget_mix = 0.5 + 0.5 * uniform_double(b[2]);
  config.ppc_mix = 0.5 + 0.5 * uniform_double(b[3]);
  config.least_share = 0.02 * std::pow(15.0, uniform_double(c[0]));
  config.every = int64_t{1} << (c[1] % 4);
  return config;
}

}  // namespace

const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names = {"yesterday", "limit", "m_pid"};
  return names;
}

std::vector<Outcome> play_rule(const campaigns::Samples& samples, const PreparedDays& days, const Rule& rule,
                               Threads& threads) {
  std::vector<Outcome> outcomes(days.places.size());
  threads.parallel_for(days.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const DayPlace& place = at(days.places, i);
      const ClickDay day = samples.day(place.sample, place.back);
      const ClickLimits& limits = at(days.limits, i);
      ClickSums sums;
      if (rule.name == "m_pid") {
        sums = play_m_pid(day, days, i, rule.m_pid, rule.start);
      } else {
        const ClickBid bid = kept_bid(days, i, rule);
        sums = campaigns::play_slots(day, 0, day.num_slots(), bid, limits.ppc, limits.budget).sums;
      }
      at(outcomes, i) = outcome_of(samples, days, i, sums);
    }
  });
  return outcomes;
}

MPidConfig tune_m_pid(const campaigns::Samples& samples, const PreparedDays& days, const ClickBid& start, int64_t tries,
                      int64_t seed, Threads& threads) {
  const RandomStream stream(static_cast<uint64_t>(seed), "settings of M-PID");
  std::vector<double> res(to_size(days.count() * tries));
  threads.parallel_for(days.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const ClickDay day = samples.day(at(days.places, i).sample, at(days.places, i).back);
      for (int64_t which = 0; which < tries; ++which) {
        const ClickSums sums = play_m_pid(day, days, i, drawn(stream, which), start);
        at(res, which * days.count() + i) = outcome_of(samples, days, i, sums).res;
      }
    }
  });
  int64_t best = 0;
  double highest = -1e300;
  for (int64_t which = 0; which < tries; ++which) {
    double sum = 0.0;
    for (int64_t i = 0; i < days.count(); ++i) sum += at(res, which * days.count() + i);
    if (sum <= highest) continue;
    best = which;
    highest = sum;
  }
  return drawn(stream, best);
}

}  // namespace genbid::perbid
