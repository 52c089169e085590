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
constexpr double kVolumesPerOctave = 4.0;
// Losses of a strict one, in budgets / CPA limit: 0.0125, 0.025, ... 12.8.
constexpr double kLeastLoss = 0.0125;
constexpr int kLossOctaves = 10;

class Planner : public Bidder {
 public:
  Planner(std::shared_ptr<const PlannerKnowledge> knowledge, const PlannerOptions& options)
      : knowledge_(std::move(knowledge)), options_(options) {}

  void reset(std::span<const SeatView> rows) override {
    rows_.assign(rows.size(), {});
    constexpr size_t kMostKept = 1024;
    if (values_.size() > kMostKept) values_.clear();
    if (rows.empty() || (forecast_ && forecast_->num_ticks() == rows[0].num_ticks)) return;
    values_.clear();
    forecast_.emplace(*knowledge_, rows[0].num_ticks, options_.futures, options_.seed, options_.price_level);
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].may_bid) bids[i] = {.value = alpha(rows[i], rows_[i])};
      rows_[i].num_pv += as_double(rows[i].now.num_pv);
    }
  }

  void restrain(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    if (options_.attitude != "strict") return Bidder::restrain(rows, bids);
    for (size_t i = 0; i < rows.size(); ++i) {
      const double pvalue = rows[i].now.mean_pvalue;
      const double asked = bids[i].value + bids[i].value_squared * pvalue;
      if (rows[i].may_bid && asked > 0.0) {
        const double share = std::min(1.0, allowed_alpha(rows[i], rows_[i], asked) / asked);
        bids[i] = {share * bids[i].value, share * bids[i].value_squared};
      }
      rows_[i].num_pv += as_double(rows[i].now.num_pv);
    }
  }

 private:
  // Means over futures by place on the grid of alphas: the tick and the rest of its stage are bid at that alpha.
  using ByAlpha = std::array<float, kAlphas>;
  // A seat's day so far.
  struct Row {
    double num_pv = 0.0;
    double loss = -1.0;  // of a day beyond the CPA limit, in budgets / CPA limit; below 0: not known yet
  };
  // What the bid of a tick is decided by.
  struct Stand {
    const PlannerValues& values;
    size_t next_stage;
    double lowest;  // alpha of the grid
  };

  static bool hopeless(const SeatView& view) {
    const Advertiser& seat = *view.advertiser;
    return !(seat.cpa_limit > 0.0) || !(seat.budget > 0.0) || !(view.now.remaining_budget > 0.0);
  }
  static double alpha_at(const Stand& stand, double place) {
    return stand.lowest * std::exp2(place / PlannerForecast::kPerOctave);
  }

  double alpha(const SeatView& view, Row& row) {
    if (hopeless(view)) return 0.0;
    const Stand stand = look_ahead(view, row);
    return alpha_at(stand, best_place(view, stand));
  }

  // The highest alpha up to `asked` with which the chance to end beyond the CPA limit is no more than allowed; where it
  // is more with every alpha, the planner's own.
  double allowed_alpha(const SeatView& view, Row& row, double asked) {
    if (hopeless(view)) return 0.0;
    const Stand stand = look_ahead(view, row);
    const double place = std::log2(asked / stand.lowest) * PlannerForecast::kPerOctave;
    if (place <= 0.0) return asked;
    const ByAlpha beyond = mean_over_futures(
        view, [&](float value, float cost) { return stand.values.beyond(stand.next_stage, value, cost); });
    const auto most = as_float(1.0 - options_.confidence);
    const double top = std::min(place, as_double(kAlphas - 1));
    const auto below = std::min(static_cast<size_t>(top), kAlphas - 2);
    const double between = top - as_double(below);
    if ((1.0 - between) * as_double(beyond[below]) + between * as_double(beyond[below + 1]) <= as_double(most)) {
      return asked;
    }
    for (size_t j = below + 1; j-- > 0;) {
      if (beyond[j] > most) continue;
      return alpha_at(stand, as_double(j) + as_double((most - beyond[j]) / (beyond[j + 1] - beyond[j])));
    }
    return std::min(asked, alpha_at(stand, best_place(view, stand)));
  }

  Stand look_ahead(const SeatView& view, Row& row) {
    const Advertiser& seat = *view.advertiser;
    const PlannerForecast::Seen seen{
        .tick = view.now.tick,
        .num_pv = as_double(view.now.num_pv),
        .mean_pvalue = view.now.mean_pvalue,
        .num_pv_before = row.num_pv,
        .last_price = view.history->num_ticks() > 0 ? view.history->last(0).least_winning_cost : 0.0};
    const std::vector<size_t>& stages = forecast_->stages();
    const auto after = std::upper_bound(stages.begin(), stages.end(), to_size(seen.tick));
    const double lowest = PlannerForecast::lowest_alpha(seat.cpa_limit);
    forecast_->now(seen, lowest, now_);
    forecast_->later(seen, *after, lowest, later_);
    const int volume = volume_of(seen);
    if (row.loss < 0.0) row.loss = loss_for(seat, volume);
    return {values(seat, volume, row.loss), to_size(after - stages.begin()), lowest};
  }

  // The day's impressions against those of the forecast's days, in quarters of an octave.
  int volume_of(const PlannerForecast::Seen& seen) const {
    return static_cast<int>(std::lround(kVolumesPerOctave * std::log2(forecast_->volume(seen))));
  }

  // What positions are worth to a seat, on a day of about these impressions. `loss`: in budgets / CPA limit.
  const PlannerValues& values(const Advertiser& seat, int volume, double loss) {
    const std::tuple key(seat.budget, seat.cpa_limit, volume, loss);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    const DayWorth worth = options_.attitude == "strict" ? DayWorth(seat.cpa_limit, loss * seat.budget / seat.cpa_limit)
                                                         : DayWorth(seat.cpa_limit);
    PlannerValues made(*forecast_, worth, seat.budget, std::exp2(volume / kVolumesPerOctave));
    return values_.emplace(key, std::move(made)).first->second;
  }

  // The least that makes the chance to end beyond the limit small enough, as the day begins; found by halving, as the
  // chance falls with the loss.
  double loss_for(const Advertiser& seat, int volume) {
    if (options_.attitude == "score") return 0.0;
    const auto loss = [](int octave) { return kLeastLoss * std::exp2(octave); };
    int enough = kLossOctaves;
    for (int too_little = -1; enough - too_little > 1;) {
      const int middle = (enough + too_little) / 2;
      const bool kept = values(seat, volume, loss(middle)).beyond() <= 1.0 - options_.confidence;
      (kept ? enough : too_little) = middle;
    }
    return loss(enough);
  }

  // The mean over futures of what a position is worth, or of another function of value and cost so far.
  template <class Function>
  ByAlpha mean_over_futures(const SeatView& view, const Function& of) const {
    const auto value = as_float(view.history->expected_conversions());
    const auto cost = as_float(view.history->cost());
    const auto left = as_float(view.now.remaining_budget);
    ByAlpha sum{};
    for (size_t f = 0; f < forecast_->num_futures(); ++f) {
      const float* const later_value = &later_.value[f * kAlphas];
      const float* const later_cost = &later_.cost[f * kAlphas];
      for (size_t j = 0; j < kAlphas; ++j) {
        const float more_cost = now_.cost[j] + later_cost[j];
        const float share = more_cost > left ? left / more_cost : 1.0F;
        sum[j] += of(value + share * (now_.value[j] + later_value[j]), cost + share * more_cost);
      }
    }
    for (float& one : sum) one /= as_float(forecast_->num_futures());
    return sum;
  }

  // The place of the best alpha on the grid, also between its points.
  double best_place(const SeatView& view, const Stand& stand) const {
    const ByAlpha worth = mean_over_futures(
        view, [&](float value, float cost) { return stand.values.worth(stand.next_stage, value, cost); });
    const auto best = to_size(std::max_element(worth.begin(), worth.end()) - worth.begin());
    if (best == 0 || best + 1 == kAlphas) return as_double(best);
    // The top of the parabola through the best alpha and its neighbours.
    const double below = as_double(worth[best]) - as_double(worth[best - 1]);
    const double above = as_double(worth[best]) - as_double(worth[best + 1]);
    return as_double(best) + (below + above > 0.0 ? 0.5 * (below - above) / (below + above) : 0.0);
  }

  std::shared_ptr<const PlannerKnowledge> knowledge_;
  PlannerOptions options_;
  std::optional<PlannerForecast> forecast_;
  std::map<std::tuple<double, double, int, double>, PlannerValues> values_;
  std::vector<Row> rows_;
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

// The shipped knowledge was fitted on these periods, and chosen on the last. Other knowledge says itself what it was
// fitted on.
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
