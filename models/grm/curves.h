#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

// ... any leading dimensions, Y = 2 things that an impression brings: money spent and conversions won.

namespace genbid::models::grm {

inline constexpr int64_t kBrought = 2;       // Y
inline constexpr int64_t kCurveNumbers = 6;  // that a network says of a pair of curves
inline constexpr double kLeastLevel = 1e-3;  // e

// What impressions bring by the level of the bid, in units of the caller: for each of the two, with the logistic
// function s, u = log(level + e) and u_0 = log(e),
//
//   brought = height (s(slope u + shift) - s(slope u_0 + shift)) / (1 - s(slope u_0 + shift)),
//
// so that a bid of zero brings nothing, a higher one never less, and none more than the height (GRM, arXiv 2605.27811).
struct Curves {
  at::Tensor height;  // ... Y, > 0
  at::Tensor slope;   // ... Y, > 0
  at::Tensor shift;   // ... Y
};

Curves curves_of(const at::Tensor& said);                           // ... kCurveNumbers
at::Tensor brought(const Curves& curves, const at::Tensor& level);  // level ... 1 or ... Y, >= 0; to ... Y
// d brought / d log(level).
at::Tensor brought_more(const Curves& curves, const at::Tensor& level);

}  // namespace genbid::models::grm
