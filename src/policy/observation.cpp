#include "policy/observation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "bidding/score.h"

// B rows, T ticks of the window, S features, A action coefficients.

namespace genbid::policy {
namespace {

size_t at_index(int64_t i) { return static_cast<size_t>(i); }

}  // namespace

Observation::Observation(FeatureSet features, bool realised, int64_t window)
    : feature_set_(features),
      realised_(realised),
      num_features_(static_cast<int64_t>(feature_names(features).size())),
      window_(window) {}

void Observation::reset(int64_t num_rows, int64_t num_ticks) {
  places_ = num_ticks + window_;
  const size_t num_places = at_index(num_rows * places_);
  states_.assign(num_places * at_index(num_features_), 0.0F);
  actions_.assign(num_places, 0.0F);
  earned_.assign(num_places, 0.0F);
}

void Observation::observe(int64_t first_row, int64_t tick, std::span<const SeatView> seats) {
  std::vector<double> features(at_index(num_features_));
  int64_t place = first_row * places_ + tick;
  for (const SeatView& seat : seats) {
    const TickHistory& history = *seat.history;
    if (seat.last != nullptr) actions_[at_index(place - 1)] = static_cast<float>(effective_alpha(*seat.last));
    state_features(feature_set_, *seat.advertiser, history, seat.now, features, seat.num_ticks);
    std::transform(features.begin(), features.end(), states_.begin() + place * num_features_,
                   [](double value) { return static_cast<float>(value); });
    const double won = realised_ ? history.conversions() : history.expected_conversions();
    const double par = seat.advertiser->budget / seat.advertiser->cpa_limit;
    earned_[at_index(place)] =
        static_cast<float>(earned_score(won, realised_, history.cost(), seat.advertiser->cpa_limit) / par);
    place += places_;
  }
}

History Observation::history(int64_t first, int64_t count, int64_t tick) {
  const int64_t known = std::min(tick + 1, window_);
  const int64_t first_tick = tick + 1 - known;
  const int64_t place = first * places_ + first_tick;
  History history;
  history.states_BTS = at::from_blob(states_.data() + place * num_features_, {count, window_, num_features_},
                                     {places_ * num_features_, num_features_, 1}, at::kFloat);
  history.actions_BTA = at::from_blob(actions_.data() + place, {count, window_, 1}, {places_, 1, 1}, at::kFloat);
  history.earned_BT = at::from_blob(earned_.data() + place, {count, window_}, {places_, 1}, at::kFloat);
  history.ticks_BT = at::zeros({count, window_}, at::kLong);
  history.ticks_BT.slice(1, 0, known).copy_(at::arange(first_tick, tick + 1));
  history.mask_BT = at::zeros({count, window_});
  history.mask_BT.slice(1, 0, known).fill_(1.0);
  return history;
}

}  // namespace genbid::policy
