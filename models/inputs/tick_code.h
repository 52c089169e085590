#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

// B rows, T ticks.

namespace genbid::models {

// A tick's place in the day for a network: sines and cosines with periods from 4 to 4 * 2^7 ticks. Ticks of any day
// have one. AuctionNet draws its traffic anew every eight ticks, which a network cannot tell from the time left alone.
inline constexpr int64_t kTickCode = 16;
at::Tensor tick_code(const at::Tensor& ticks_BT);  // i64 to f32, B T kTickCode

}  // namespace genbid::models
