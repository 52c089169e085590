#include "softmarket/tapes.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <memory>
#include <utility>

#include "base/convert.h"

namespace genbid::softmarket {
namespace {

using data::TapeColumns;

// A tensor that owns the numbers of a column.
at::Tensor taken(std::vector<float> column, at::IntArrayRef shape, c10::Device device) {
  auto owner = std::make_shared<std::vector<float>>(std::move(column));
  return at::from_blob(
             owner->data(), shape, [owner](void*) {}, at::kFloat)
      .to(device);
}

// The curves of cells at their alphas, and their derivatives. `place_B` is the row of a cell's first knot.
class Interpolate : public torch::autograd::Function<Interpolate> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& alpha_B1,
                            const at::Tensor& knots, const at::Tensor& place_B, const at::Tensor& lowest_B1,
                            int64_t num_knots, double knots_per_octave) {
    const at::Tensor alpha = alpha_B1.detach();
    // In knots from the first one. Below it, where curves are proportional to alpha, the first knot is read.
    const at::Tensor ratio_B1 = alpha / lowest_B1;
    const at::Tensor distance_B1 =
        (at::log2(ratio_B1.clamp_min(1.0)) * knots_per_octave).clamp_max(as_double(num_knots - 1));
    const at::Tensor knot_B1 = distance_B1.floor().clamp_max(as_double(num_knots - 2));
    const at::Tensor s = distance_B1 - knot_B1;
    // An alpha that is not a number gets curves that are none either, which the caller finds.
    const at::Tensor row_B = place_B + knot_B1.squeeze(1).nan_to_num(0.0).to(at::kLong);
    const at::Tensor left_B32 = knots.index_select(0, row_B).view({-1, 3, 2});
    const at::Tensor right_B32 = knots.index_select(0, row_B + 1).view({-1, 3, 2});
    const at::Tensor y0 = left_B32.select(2, 0);
    const at::Tensor m0 = left_B32.select(2, 1);
    const at::Tensor y1 = right_B32.select(2, 0);
    const at::Tensor m1 = right_B32.select(2, 1);
    // The cubic with these values and slopes: y0 + s (m0 + s (b + s a)).
    const at::Tensor rise = y1 - y0;
    const at::Tensor a = m0 + m1 - 2.0 * rise;
    const at::Tensor b = 3.0 * rise - 2.0 * m0 - m1;
    const at::Tensor below_B1 = ratio_B1.clamp(0.0, 1.0);
    const at::Tensor curve_B3 = (y0 + s * (m0 + s * (b + s * a))) * below_B1;
    const at::Tensor per_knot_B3 = m0 + s * (2.0 * b + 3.0 * s * a);
    const at::Tensor inside_B1 = ratio_B1.ge(1.0).logical_and(distance_B1.lt(as_double(num_knots - 1)));
    const at::Tensor slope_B3 =
        at::where(inside_B1, per_knot_B3 * (knots_per_octave / std::log(2.0)) / alpha.clamp_min(1e-30),
                  y0 / lowest_B1 * ratio_B1.lt(1.0));
    context->save_for_backward({slope_B3});
    return curve_B3;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor slope_B3 = context->get_saved_variables()[0];
    const at::Tensor none;
    return {(gradients[0] * slope_B3).sum(1, true), none, none, none, none, none};
  }
};

}  // namespace

Tapes::Tapes(TapeColumns columns, c10::Device device)
    : num_days_(columns.num_days()),
      ticks_(columns.ticks),
      num_knots_(columns.num_knots()),
      knots_per_octave_(as_double(columns.knots_per_octave)) {
  const int64_t rows = num_days_ * ticks_;
  traffic_ = at::stack(
      {taken(std::move(columns.num_pv), {rows}, device), taken(std::move(columns.mean_pvalue), {rows}, device),
       taken(std::move(columns.price), {rows}, device)},
      1);
  lowest_ = taken(std::move(columns.lowest), {num_days_, 1}, device);
  knots_ = taken(std::move(columns.knots), {rows * num_knots_, TapeColumns::kNumbers}, device);
}

at::Tensor Tapes::lowest_B1(const at::Tensor& day_B) const { return lowest_.index_select(0, day_B); }

at::Tensor Tapes::values_and_costs_MTK2() const {
  return knots_.view({num_days_, ticks_, num_knots_, TapeColumns::kNumbers}).slice(3, 0, 4, 2);
}

Offered Tapes::offered(const at::Tensor& day_B, int64_t tick) const {
  const at::Tensor traffic_B3 = traffic_.index_select(0, day_B * ticks_ + tick);
  return {traffic_B3.slice(1, 0, 1), traffic_B3.slice(1, 1, 2), traffic_B3.slice(1, 2, 3)};
}

Bought Tapes::bought(const at::Tensor& day_B, int64_t tick, const at::Tensor& alpha_B1) const {
  const at::Tensor place_B = (day_B * ticks_ + tick) * num_knots_;
  const at::Tensor curve_B3 =
      Interpolate::apply(alpha_B1, knots_, place_B, lowest_B1(day_B), num_knots_, knots_per_octave_);
  return {curve_B3.slice(1, 0, 1), curve_B3.slice(1, 1, 2), curve_B3.slice(1, 2, 3)};
}

}  // namespace genbid::softmarket
