#include "bidders/planner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <tuple>

#include "base/convert.h"
#include "bidders/planner_forecast.h"
#include "bidders/planner_values.h"

namespace genbid::bidders {
namespace {

constexpr size_t kAlphas = PlannerForecast::kAlphas;

class Planner : public Bidder {
 public:
  Planner(std::shared_ptr<const PlannerKnowledge> knowledge, const PlannerOptions& options)
      : knowledge_(std::move(knowledge)), options_(options) {}

  void reset(std::span<const SeatView> rows) override {
    num_pv_.assign(rows.size(), 0.0);
    constexpr size_t kMostKept = 1024;
    if (values_.size() > kMostKept) values_.clear();
    if (rows.empty() || (forecast_ && forecast_->num_ticks() == rows[0].num_ticks)) return;
    values_.clear();
    forecast_.emplace(*knowledge_, rows[0].num_ticks, options_.futures, options_.seed, options_.price_level);
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].may_bid) bids[i] = {.value = alpha(rows[i], num_pv_[i])};
      num_pv_[i] += as_double(rows[i].now.num_pv);
    }
  }

 private:
  double alpha(const SeatView& view, double num_pv_before) {
    const Advertiser& seat = *view.advertiser;
    if (!(seat.cpa_limit > 0.0) || !(seat.budget > 0.0) || !(view.now.remaining_budget > 0.0)) return 0.0;
    const PlannerForecast::Seen seen{
        .tick = view.now.tick,
        .num_pv = as_double(view.now.num_pv),
        .mean_pvalue = view.now.mean_pvalue,
        .num_pv_before = num_pv_before,
        .last_price = view.history->num_ticks() > 0 ? view.history->last(0).least_winning_cost : 0.0};
    const std::vector<size_t>& stages = forecast_->stages();
    const auto after = std::upper_bound(stages.begin(), stages.end(), to_size(seen.tick));
    const double lowest = PlannerForecast::lowest_alpha(seat.cpa_limit);
    forecast_->now(seen, lowest, now_);
    forecast_->later(seen, *after, lowest, later_);
    const double best = best_place(view, values(seat, seen), static_cast<size_t>(after - stages.begin()));
    return lowest * std::exp2(best / PlannerForecast::kPerOctave);
  }

  // What positions are worth to a seat, on a day of about these impressions.
  const PlannerValues& values(const Advertiser& seat, const PlannerForecast::Seen& seen) {
    constexpr double kVolumesPerOctave = 4.0;
    const auto volume = static_cast<int>(std::lround(kVolumesPerOctave * std::log2(forecast_->volume(seen))));
    const std::tuple key(seat.budget, seat.cpa_limit, volume);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    return values_.emplace(key, make_values(seat, std::exp2(volume / kVolumesPerOctave))).first->second;
  }

  PlannerValues make_values(const Advertiser& seat, double volume) const {
    if (options_.attitude == "score") return {*forecast_, DayWorth(seat.cpa_limit), seat.budget, volume};
    const double par = seat.budget / seat.cpa_limit;
    for (double loss = 0.1;; loss *= 2.0) {
      PlannerValues made(*forecast_, DayWorth(seat.cpa_limit, loss * par), seat.budget, volume);
      if (made.beyond() <= 1.0 - options_.confidence || loss > 6.0) return made;
    }
  }

  // On the grid of alphas, between its points.
  double best_place(const SeatView& view, const PlannerValues& values, size_t next_stage) const {
    const auto value = as_float(view.history->expected_conversions());
    const auto cost = as_float(view.history->cost());
    const auto left = as_float(view.now.remaining_budget);
    std::array<float, kAlphas> worth{};
    for (size_t f = 0; f < forecast_->num_futures(); ++f) {
      const float* const later_value = &later_.value[f * kAlphas];
      const float* const later_cost = &later_.cost[f * kAlphas];
      for (size_t j = 0; j < kAlphas; ++j) {
        const float more_cost = now_.cost[j] + later_cost[j];
        const float share = more_cost > left ? left / more_cost : 1.0F;
        worth[j] +=
            values.worth(next_stage, value + share * (now_.value[j] + later_value[j]), cost + share * more_cost);
      }
    }
    const auto best = static_cast<size_t>(std::max_element(worth.begin(), worth.end()) - worth.begin());
    if (best == 0 || best + 1 == kAlphas) return as_double(best);
    // The top of the parabola through the best alpha and its neighbours.
    const double below = as_double(worth[best]) - as_double(worth[best - 1]);
    const double above = as_double(worth[best]) - as_double(worth[best + 1]);
    return as_double(best) + (below + above > 0.0 ? 0.5 * (below - above) / (below + above) : 0.0);
  }

  std::shared_ptr<const PlannerKnowledge> knowledge_;
  PlannerOptions options_;
  std::optional<PlannerForecast> forecast_;
  std::map<std::tuple<double, double, int>, PlannerValues> values_;
  std::vector<double> num_pv_;  // so far, by row
  PlannerForecast::Curves now_, later_;
};

}  // namespace

void PlannerOptions::fields(ConfigVisitor& v) {
  v.path("knowledge", knowledge);
  v.field("futures", futures, {0, 4096});
  v.field("attitude", attitude, {"score", "strict"});
  v.field("confidence", confidence, {0.0, 1.0});
  v.field("price_level", price_level, {1e-12, 1e12});
  v.field("seed", seed, {0});
}

std::string PlannerOptions::label() const {
  const PlannerOptions usual;
  std::string text = "planner";
  const auto add = [&](const char* name, const std::string& value, bool changed) {
    if (changed) text += std::string(" ") + name + " " + value;
  };
  add("knowledge", knowledge, knowledge != usual.knowledge);
  add("futures", std::to_string(futures), futures != usual.futures);
  if (attitude != usual.attitude) text += " " + attitude;
  add("confidence", shortest(confidence), confidence != usual.confidence);
  add("price_level", shortest(price_level), price_level != usual.price_level);
  add("seed", std::to_string(seed), seed != usual.seed);
  return text;
}

// The shipped knowledge was fitted on these periods. What others were fitted on only those know who chose them.
std::vector<int64_t> PlannerOptions::tuned_on() const {
  std::vector<int64_t> periods;
  for (int64_t period = 7; knowledge == PlannerOptions().knowledge && period <= 21; ++period) periods.push_back(period);
  return periods;
}

std::unique_ptr<Bidder> PlannerOptions::make(const BidderSetting& setting) const {
  return make_planner(setting.assets.planner_knowledge(knowledge), *this);
}

std::unique_ptr<Bidder> make_planner(std::shared_ptr<const PlannerKnowledge> knowledge, const PlannerOptions& options) {
  return std::make_unique<Planner>(std::move(knowledge), options);
}

}  // namespace genbid::bidders
