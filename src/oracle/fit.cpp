#include "oracle/fit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::oracle {
namespace {

// A mean of so many units is rounded by less than 0.05 %, even if all prices or values were the same.
constexpr double kFineUnits = 1024.0;
// Bounds are sums of other terms than scores, so the two may differ by rounding.
constexpr double kRounding = 1.0 + 1e-9;
// One alpha an octave from 2^-100 to 2^92, which is below the sentinels of response_lanes.
constexpr AlphaGrid kAllOctaves{0x1p-100F, 192, 0};
constexpr int kFirstOctave = -100;
// Grids of more octaves have fewer alphas in each, for memory's sake.
constexpr int kManyOctaves = 32;
constexpr int kCoarseBits = 6;

double unit_of(float most) { return 0x1p-30 * as_double(most); }
float power_above(float value) { return std::ldexp(1.0F, std::ilogb(value) + 1); }

// What a slot of an impression adds on average, where `total` is what a seat gets at any alpha.
Point mean_step(const Responses& responses, const Point& total) {
  const auto steps = as_double(std::max<int64_t>(1, responses.seen().impressions * responses.auction().rule.num_slots));
  return {total.value / steps, total.cost / steps};
}

Point plus(const Point& a, const Point& b) { return {a.value + b.value, a.cost + b.cost}; }

// What costs more than a budget is rightly left out: nobody who has that budget can buy it. So a few prices out of all
// proportion do not make units coarse; a budget out of all proportion does not make them too fine.
float max_price_for(const Responses& responses, double budget) {
  const double least = 0x1p-8 * as_double(responses.auction().max_price);
  const double most = std::clamp(budget, least, 1e30);
  // Where no bid reaches the reserve, the reserve is the price.
  const float highest = std::max(responses.seen().price, as_float(responses.auction().rule.highest_reserve()));
  return power_above(std::min(highest, as_float(most)));
}

// A reserve of many units makes every price one of many units.
bool prices_too_coarse(const Responses& responses, const Judged& judged, const Point& total) {
  const Auction& auction = responses.auction();
  const double unit = unit_of(auction.max_price);
  if (auction.rule.reserve >= kFineUnits * unit || responses.seen().price == 0.0F) return false;
  return mean_step(responses, total).cost < kFineUnits * unit &&
         max_price_for(responses, judged.limits.budget) < auction.max_price;
}

// Values differ from impression to impression, so their roundings cancel out, and a sixteenth of the units will do.
bool values_too_coarse(const Responses& responses, const Point& total) {
  const Auction& auction = responses.auction();
  if (responses.seen().value == 0.0F || power_above(responses.seen().value) >= auction.max_value) return false;
  const double mean = mean_step(responses, total).value;
  return mean > 0.0 && mean < kFineUnits / 16.0 * unit_of(auction.max_value);
}

bool prices_too_high(const Responses& responses, const Judged& judged) {
  const bool payable = as_double(responses.auction().max_price) <= judged.limits.budget;
  return payable && responses.left_out(judged.seat) > 0.0;
}

std::string shortfall_of_units(const Responses& responses, const Judged& judged, const Point& total) {
  if (!(judged.limits.budget > 0.0)) return {};
  const auto found = [&](const char* what, float value, float limit) {
    char text[160];
    std::snprintf(text, sizeof text, "%s of up to %g where the units are made for up to %g", what, as_double(value),
                  as_double(limit));
    return std::string(text);
  };
  const Responses::Seen seen = responses.seen();
  const Auction& auction = responses.auction();
  if (prices_too_high(responses, judged) || prices_too_coarse(responses, judged, total)) {
    return found("prices", seen.price, auction.max_price);
  }
  if (values_too_coarse(responses, total)) return found("values", seen.value, auction.max_value);
  return {};
}

// What lies beyond the ends of a grid. Below its first alpha, `beginning`, there is `first`, which is bought in one go.
// Above its last alpha, `end`, where the curve is at `last`, there is `more` value, which costs at least `end` a unit.
struct Ends {
  Point first;
  double beginning = 0.0;
  Point last;
  double end = 0.0;
  double more = 0.0;
};

std::string shortfall_of_ends(const Ends& ends, const Limits& limits, double score) {
  if (!(limits.budget > 0.0)) return {};
  const auto can_beat = [&](const Curve& line) { return best_on_curve(line, limits).score > score * kRounding; };
  const auto said = [](const char* where, double alpha) {
    return "prices of value " + std::string(where) + " " + std::to_string(alpha) + ", which could raise the optimum";
  };
  const double free_value = std::max(0.0, ends.first.value - ends.first.cost / ends.beginning);
  if (ends.first.cost > limits.budget && can_beat({{free_value, 0.0}, ends.first})) {
    return said("below", ends.beginning);
  }
  if (ends.more <= 0.0 || ends.last.cost >= limits.budget) return {};
  if (can_beat({ends.last, {ends.last.value + ends.more, ends.last.cost + ends.more * ends.end}})) {
    return said("above", ends.end);
  }
  return {};
}

Ends ends_of(std::span<const Point> curve, const AlphaGrid& grid, double more) {
  return {curve[1], as_double(grid.alpha(1)), curve.back(), as_double(grid.alpha(grid.num_points() - 1)), more};
}

// The alphas from 2^first to 2^last.
struct Window {
  int first = 0;
  int last = 0;
};

// Widens the window to where a curve over all octaves can be best: the octaves whose tangents reach the best score that
// the curve has.
void widen(Window& window, bool& empty, const Curve& curve, const AlphaGrid& grid, const Limits& limits) {
  const double score = best_on_curve(curve, limits).score;
  if (score <= 0.0) return;
  const Curve bound = tangent_bound(curve, grid);
  for (size_t p = 0; p + 1 < curve.size(); ++p) {
    if (best_on_curve(std::span(bound).subspan(2 * p, 3), limits).score * kRounding < score) continue;
    const int above = kFirstOctave + to_int(p);  // the octave ends there
    window.first = empty ? above - 1 : std::min(window.first, above - 1);
    window.last = empty ? above : std::max(window.last, above);
    empty = false;
  }
}

AlphaGrid grid_from(int first, int octaves, int bits) { return {std::ldexp(1.0F, first), octaves, bits}; }

std::vector<AlphaGrid> grids_for(const Responses& all_octaves, const AlphaGrid& usual, std::span<const Judged> judged,
                                 int margin) {
  const int usual_first = std::ilogb(usual.lowest);
  std::vector<Window> windows(to_size(all_octaves.num_seats()), {usual_first, usual_first + 1});
  int octaves = 1;
  for (const Judged& one : judged) {
    const AlphaGrid& grid = all_octaves.grid(one.seat);
    const DayPlan plan(all_octaves, one.seat);
    Window window{usual_first, usual_first + usual.octaves};
    bool empty = true;
    const std::span<const Point> frontier = plan.frontier(0);
    widen(window, empty, {frontier.begin(), frontier.end()}, grid, one.limits);
    widen(window, empty, all_octaves.bid_curve(one.seat), grid, one.limits);
    if (all_octaves.has_slots()) widen(window, empty, all_octaves.slot_curve(one.seat), grid, one.limits);
    window.first = std::max(window.first - margin, kFirstOctave);
    window.last = std::min(window.last + margin, kFirstOctave + kAllOctaves.octaves);
    octaves = std::max(octaves, window.last - window.first);
    at(windows, one.seat) = window;
  }
  std::vector<AlphaGrid> grids;
  for (const Window& window : windows) {
    const int first = std::min(window.first, kFirstOctave + kAllOctaves.octaves - octaves);
    grids.push_back(grid_from(first, octaves, octaves > kManyOctaves ? kCoarseBits : usual.bits));
  }
  return grids;
}

// Units for what was seen: the usual ones where they will do.
Auction units_for(const Responses& first, std::span<const Judged> judged) {
  Auction auction = first.auction();
  bool prices = false;
  bool values = false;
  double richest = 0.0;
  for (const Judged& one : judged) {
    if (!(one.limits.budget > 0.0)) continue;
    const Point total = plus(first.bid_curve(one.seat).back(), first.beyond(one.seat));
    prices = prices || prices_too_high(first, one) || prices_too_coarse(first, one, total);
    values = values || values_too_coarse(first, total);
    richest = std::max(richest, one.limits.budget);
  }
  if (prices) auction.max_price = max_price_for(first, richest);
  if (values) auction.max_value = power_above(first.seen().value);
  return auction;
}

}  // namespace

std::string shortfall(const Responses& responses, const Judged& judged, const DayPlan& plan, const SeatOptima& optima) {
  const Point beyond = responses.beyond(judged.seat);
  const Point total = plus(plan.frontier(0).back(), beyond);
  if (std::string units = shortfall_of_units(responses, judged, total); !units.empty()) return units;
  const AlphaGrid& grid = responses.grid(judged.seat);
  std::string ends =
      shortfall_of_ends(ends_of(plan.frontier(0), grid, beyond.value), judged.limits, optima.per_tick.score);
  if (ends.empty()) {
    const Curve constant = responses.bid_curve(judged.seat);
    ends = shortfall_of_ends(ends_of(constant, grid, beyond.value), judged.limits, optima.constant.score);
  }
  return ends.empty() && responses.has_slots() ? shortfall_of_slots(responses, judged, optima.slots) : ends;
}

std::string shortfall_of_slots(const Responses& responses, const Judged& judged, const Optimum& slots) {
  const Curve curve = responses.slot_curve(judged.seat);
  if (std::string units = shortfall_of_units(responses, judged, curve.back()); !units.empty()) return units;
  const AlphaGrid& grid = responses.grid(judged.seat);
  // The last point stands for any price: the grid ends before it.
  const size_t last = curve.size() - 2;
  const Ends ends{curve[1], as_double(grid.alpha(1)), curve[last], as_double(grid.alpha(last)),
                  curve.back().value - curve[last].value};
  return shortfall_of_ends(ends, judged.limits, slots.score);
}

std::optional<Responses> refit(const Responses& first, std::span<const Judged> judged, int margin,
                               const Record& record) {
  const Auction auction = units_for(first, judged);
  Responses all_octaves(first.num_seats(), first.num_ticks(), auction, kAllOctaves, first.has_slots(),
                        first.has_wins());
  if (!record(all_octaves)) return std::nullopt;
  Responses fitted(first.num_ticks(), auction, grids_for(all_octaves, first.grid(0), judged, margin), first.has_slots(),
                   first.has_wins());
  if (!record(fitted)) return std::nullopt;
  return fitted;
}

std::optional<Responses> with_fitting_units(Responses first, std::span<const Judged> judged, const Record& record) {
  const Auction auction = units_for(first, judged);
  const Auction& now = first.auction();
  if (auction.max_price == now.max_price && auction.max_value == now.max_value) return first;
  Responses fitted(first.num_ticks(), auction, first.grids(), first.has_slots(), first.has_wins());
  if (!record(fitted)) return std::nullopt;
  return fitted;
}

bool judge_fitted(const Responses& first, std::span<const Judged> judged, const Record& record,
                  const std::function<std::string(const Responses&)>& judge, const std::string& where) {
  std::string lacks = judge(first);
  for (const int margin : {2, 12}) {
    if (lacks.empty()) return true;
    const std::optional<Responses> fitted = refit(first, judged, margin, record);
    if (!fitted) return false;
    lacks = judge(*fitted);
  }
  if (lacks.empty()) return true;
  throw Error(where + ": no optimum in hindsight: found " + lacks +
              "; expected money (prices, budgets and CPA limits) of one currency, below 1e18");
}

}  // namespace genbid::oracle
