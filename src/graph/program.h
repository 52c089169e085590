#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

// Runs a graph on the CPU, one thread a call. What does not depend on the caller (packed weights, the order of work,
// where each value lies) is a Program, which any number of threads share; a Workspace is one caller's memory.

namespace genbid::graph {

// Instruction sets that the kernels are compiled for, lowest first: "sse2", "avx2" (with FMA), "avx512".
const std::vector<std::string>& target_names();
// The best that this processor has. GENBID_TARGET in the environment names a lower one, for tests.
std::string best_target();

class Program {
 public:
  // Error for a target that the processor lacks, and for a graph without outputs.
  explicit Program(Graph graph, const std::string& target = best_target());
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const Graph& graph() const;
  const std::string& target() const;

  struct Plan;
  const Plan& plan() const { return *plan_; }

 private:
  std::unique_ptr<Plan> plan_;
};

// Memory for calls of up to `max_rows` rows: one allocation, here, and none in run(). A row's result does not depend on
// its batch mates, but for the last bits: products of other shapes add up in another order.
class Workspace {
 public:
  Workspace(std::shared_ptr<const Program> program, int64_t max_rows);
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;

  const Program& program() const { return *program_; }
  int64_t max_rows() const { return max_rows_; }
  int64_t bytes() const;  // of the allocation

  // Where the caller writes the inputs of the next run, in C order for as many rows as that has, and reads the outputs
  // of the last one. `index` counts graph().inputs() and outputs(). Inputs keep what was written. Error where the type
  // is another.
  std::span<float> float_input(size_t index);
  std::span<int64_t> int_input(size_t index);
  std::span<const float> output(size_t index) const;
  std::span<const std::byte> output_bytes(size_t index) const;  // of any type

  void run(int64_t num_rows);  // 1 .. max_rows

 private:
  struct State;
  State& state() const;
  std::byte* input(size_t index, Type type, size_t& count) const;

  std::shared_ptr<const Program> program_;
  int64_t max_rows_ = 0;
  std::unique_ptr<std::byte, void (*)(std::byte*)> memory_;
};

// Runs a graph once whose values do not depend on inputs: what a constant expression comes to. For folding.
std::vector<std::byte> value_of(const Graph& graph, ValueId value);

}  // namespace genbid::graph
