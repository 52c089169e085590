#include "graph/carry_buffers.h"

#include "base/convert.h"
#include "graph/kernels/kernels.h"

namespace genbid::graph {

void append_window(const MovingCarry& carry, const float* window, std::vector<float>& to) {
  for (int64_t i = 0; i < carry.outer; ++i, window += carry.capacity * carry.inner) {
    to.insert(to.end(), window, window + carry.places * carry.inner);
  }
}

CarryBuffers::CarryBuffers(Workspace& workspace)
    : workspace_(workspace), carries_(workspace.program().moving_carries()), moves_(carries_.size(), 0) {
  const size_t slack = kSlack / sizeof(float);
  for (const MovingCarry& carry : carries_) {
    buffers_.emplace_back(to_size(workspace.max_rows() * carry.buffer_size()) + slack, 0.0F);
  }
  set_windows();
}

void CarryBuffers::set_windows() {
  for (size_t i = 0; i < carries_.size(); ++i) {
    float* const first = buffers_[i].data() + moves_[i] * carries_[i].step * carries_[i].inner;
    for (int64_t row = 0; row < workspace_.max_rows(); ++row) {
      workspace_.set_carry(i, row, first + row * carries_[i].buffer_size());
    }
  }
}

void CarryBuffers::move_on() {
  for (size_t i = 0; i < carries_.size(); ++i) {
    const MovingCarry& carry = carries_[i];
    if (++moves_[i] <= carry.most_moves()) continue;
    for (int64_t row = 0; row < workspace_.max_rows(); ++row) {
      bring_back(carry, buffers_[i].data() + row * carry.buffer_size(), moves_[i] * carry.step);
    }
    moves_[i] = 0;
  }
  set_windows();
}

std::vector<float> CarryBuffers::window(size_t carry, int64_t row) const {
  const MovingCarry& how = carries_[carry];
  std::vector<float> numbers;
  append_window(how, buffers_[carry].data() + row * how.buffer_size() + moves_[carry] * how.step * how.inner, numbers);
  return numbers;
}

}  // namespace genbid::graph
