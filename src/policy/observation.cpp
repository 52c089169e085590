#include "policy/observation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/convert.h"

// B rows, T ticks of the window, S features, A action coefficients, O outcomes, C constraint values.

namespace genbid::policy {

Observation::Observation(const SeenOptions& options, int64_t window)
    : options_(options), num_features_(std::ssize(feature_names(options.feature_set))), window_(window) {}

void Observation::reset(int64_t num_rows, int64_t num_ticks) {
  places_ = num_ticks + window_;
  const size_t num_places = to_size(num_rows * places_);
  states_.assign(num_places * to_size(num_features_), 0.0F);
  actions_.assign(num_places, 0.0F);
  before_.assign(num_places * to_size(kNumOutcomes), 0.0F);
  constraint_.assign(to_size(2 * num_rows), 1.0F);
}

void Observation::observe(int64_t first_row, int64_t tick, std::span<const SeatView> seats) {
  std::vector<double> scratch(to_size(num_features_));
  const auto part = [](std::vector<float>& of, int64_t place, int64_t size) {
    return std::span<float>(of).subspan(to_size(place * size), to_size(size));
  };
  int64_t row = first_row;
  int64_t place = first_row * places_ + tick;
  for (const SeatView& seat : seats) {
    if (seat.last != nullptr) at(actions_, place - 1) = as_float(effective_alpha(*seat.last));
    see_tick(options_, seat, scratch,
             {part(states_, place, num_features_), part(before_, place, kNumOutcomes), part(constraint_, row, 2)});
    place += places_;
    ++row;
  }
}

Ticks Observation::history(int64_t first, int64_t count, int64_t tick) {
  const int64_t known = std::min(tick + 1, window_);
  const int64_t first_tick = tick + 1 - known;
  const int64_t place = first * places_ + first_tick;
  Ticks history;
  history.states_BTS = at::from_blob(states_.data() + place * num_features_, {count, window_, num_features_},
                                     {places_ * num_features_, num_features_, 1}, at::kFloat);
  history.actions_BTA = at::from_blob(actions_.data() + place, {count, window_, 1}, {places_, 1, 1}, at::kFloat);
  history.before_BTO = at::from_blob(before_.data() + place * kNumOutcomes, {count, window_, kNumOutcomes},
                                     {places_ * kNumOutcomes, kNumOutcomes, 1}, at::kFloat);
  history.constraint_BC = at::from_blob(constraint_.data() + 2 * first, {count, 2}, at::kFloat);
  history.ticks_BT = at::zeros({count, window_}, at::kLong);
  history.ticks_BT.slice(1, 0, known).copy_(at::arange(first_tick, tick + 1));
  history.mask_BT = at::zeros({count, window_});
  history.mask_BT.slice(1, 0, known).fill_(1.0);
  return history;
}

}  // namespace genbid::policy
