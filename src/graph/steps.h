#pragma once

#include <vector>

#include "graph/operators.h"
#include "graph/plan.h"
#include "graph/view.h"

namespace genbid::graph {

// A graph becomes steps. Values are views of tensors, so that most operators that move numbers take no step; where a
// kernel needs its numbers in some order and they stand in another, they are copied, once. Convolutions and their norms
// work on [R, L, C], and what works number by number takes the order of its inputs: between them nothing is copied.
class StepMaker {
 public:
  StepMaker(Program::Plan& plan, const Kernels& kernels);
  // False where a carry of plan.moving does not move: the plan is of no use then.
  bool run();

 private:
  const Value& value(ValueId id) const;
  const Shape& shape_of(ValueId id) const;
  int32_t add_tensor(Type type, const Shape& shape);
  View computed(ValueId id, const Order& order);  // in a new tensor
  View computed(ValueId id);
  void define(ValueId id, const View& view);
  const View& view_of(ValueId id);
  View dense(ValueId id, const Order& order);  // in that order without gaps, copied if need be
  View dense(ValueId id);
  View with_last_together(ValueId id);  // numbers of the last extent stand one behind the other

  Operand operand(const View& view) const;
  void add_step(Kernel kernel, const View& out, const std::vector<View>& in, const void* detail);
  void copy(const View& from, const View& to);
  // moving_carries.cpp
  bool moves(const View& view) const;
  const MovingCarry& carry_of(const View& view) const;
  View window(const MovingCarry& carry, const Shape& shape);
  bool append(const Node& node);
  bool stand_together(const Node& node);
  bool mark_appended(const View& view);
  void copy_rows(const View& from, const View& to);
  bool is_moved_on(const MovingCarry& carry);
  bool only_rows_kernels() const;
  Order order_for(const Node& node);

  void add_output(size_t index);
  void add_node(const Node& node);
  void elementwise(const Node& node);
  void concat(const Node& node);
  void pad(const Node& node);
  void pick(const Node& node);
  void gather(const Node& node);
  void take(const Node& node);
  void reshape(const Node& node);
  // product_steps.cpp
  void linear(const Node& node);
  void matmul(const Node& node);
  View conv_input(const Node& node, Conv& how);
  void add_conv(const Node& node, Conv& how, const View& x);
  void conv(const Node& node);
  void conv_transpose(const Node& node);
  void attention(const Node& node);
  void norm(const Node& node);
  void group_norm(const Node& node);
  void sum(const Node& node);
  const float* kept_constant(ValueId id);  // with slack

  Program::Plan& plan_;
  const Kernels& kernels_;
  std::vector<std::vector<View>> views_;  // by value
  bool moving_fails_ = false;
  std::vector<std::vector<bool>> appended_;  // by moving carry: numbers of a row's buffer
};

}  // namespace genbid::graph
