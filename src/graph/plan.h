#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "graph/graph.h"
#include "graph/kernels/kernels.h"
#include "graph/program.h"

// A program's work, in order, and the tensors between its steps.

namespace genbid::graph {

struct Tensor {
  enum class Kind { kInput, kConstant, kComputed };
  Kind kind = Kind::kComputed;
  Type type = Type::kFloat;
  int64_t numbers = 0;  // times the call's rows with `rows`
  bool rows = false;
  bool kept = false;                 // until the next call: an output lies in it
  bool by_row = false;               // of a moving carry: holds a pointer for each row, to floats
  const std::byte* bytes = nullptr;  // of a constant
};

// What steps and tensors point at. Nothing in it moves.
class Store {
 public:
  template <typename T>
  const T* keep(const T& detail) {
    const auto held = std::make_shared<T>(detail);
    details_.push_back(held);
    return held.get();
  }
  // Zeros, and the slack behind them.
  float* floats(int64_t count);
  std::byte* bytes(int64_t count);

 private:
  std::vector<std::shared_ptr<const void>> details_;
  std::deque<AlignedVector<std::byte>> blocks_;
};

struct Program::Plan {
  Graph graph;
  std::string target;
  std::vector<Tensor> tensors;
  std::vector<int32_t> input_tensors;  // by input
  std::vector<Operand> outputs;        // by output, in C order
  std::vector<MovingCarry> moving;
  std::vector<Step> steps;
  int64_t scratch = 0;  // floats
  Store store;
};

// All carries of the graph, as far as they can be seen to move; none where one does not.
std::vector<MovingCarry> moving_carries(const Graph& graph);

// Fills all of the plan but graph and target, which are there already.
void lower(Program::Plan& plan, const Kernels& kernels, Carries carries);

}  // namespace genbid::graph
