#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

#include "data/tape_store.h"

// M days of seats, T ticks, B cells (a day of a seat under some budget and CPA limit).

namespace genbid::softmarket {

// What a tick has on offer, whatever is bid: columns of B1, f32.
struct Offered {
  at::Tensor num_pv_B1;       // impressions
  at::Tensor mean_pvalue_B1;  // over all of them
  at::Tensor price_B1;        // mean least winning cost, money
};

// What a bid gets in a tick, were there money enough: columns of B1, f32.
struct Bought {
  at::Tensor value_B1;  // p-values of exposed impressions
  at::Tensor cost_B1;   // money
  at::Tensor slots_B1;  // won, exposed or not
};

// Response tapes (data/tape_store.h) as tensors on a device. Copies share them.
class Tapes {
 public:
  // Takes the columns over, without a copy where the device is the CPU.
  Tapes(data::TapeColumns columns, c10::Device device);

  int64_t num_days() const { return num_days_; }
  int64_t ticks() const { return ticks_; }
  c10::Device device() const { return knots_.device(); }

  double knots_per_octave() const { return knots_per_octave_; }
  at::Tensor lowest_B1(const at::Tensor& day_B) const;  // alpha of the first knot
  at::Tensor values_and_costs_MTK2() const;             // at the knots; a view

  // `day_B`: i64, which of the M. The tick is the same for all.
  Offered offered(const at::Tensor& day_B, int64_t tick) const;
  // Differentiable in alpha, with the slopes of the curves: constant beyond the last knot.
  Bought bought(const at::Tensor& day_B, int64_t tick, const at::Tensor& alpha_B1) const;

 private:
  int64_t num_days_;
  int64_t ticks_;
  int64_t num_knots_;
  double knots_per_octave_;
  at::Tensor traffic_;  // M T x 3: num_pv, mean_pvalue, price
  at::Tensor lowest_;   // M x 1, alpha of the first knot
  at::Tensor knots_;    // M T K x 6
};

}  // namespace genbid::softmarket
