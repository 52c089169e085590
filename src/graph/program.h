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

// A carry is an input and an output of one name and shape: what a call leaves is read by the next one. Copied ones are
// tensors as any other. A moving one is a window [outer, places, inner] that each call moves on by a step: it drops the
// oldest places and writes new ones behind. Then each row's window lies in a buffer of the caller's,
// [outer, capacity, inner], and nothing but the new places is written:
//
//     | dropped before |      window of this call      | new |   free   |
//                      |  step  |   window of the next call |
enum class Carries { kCopied, kMoving };

struct MovingCarry {
  size_t input = 0, output = 0;  // of the graph
  size_t dimension = 1;          // of places, the rows' counted
  int64_t outer = 1, places = 1, inner = 1;
  int64_t step = 1;
  int64_t capacity = 3;  // above places + step

  int64_t size() const { return outer * places * inner; }  // numbers of a window
  int64_t buffer_size() const { return outer * capacity * inner; }
  int64_t most_moves() const { return (capacity - places) / step - 1; }  // before it must be brought back
};
// Takes a window that begins at `place` to the beginning of its buffer.
void bring_back(const MovingCarry& carry, float* buffer, int64_t place);

class Program {
 public:
  // Error for a target that the processor lacks, and for a graph without outputs. With kMoving, carries move where all
  // of the graph's do, and are copied where one does not.
  explicit Program(Graph graph, const std::string& target = best_target(), Carries carries = Carries::kCopied);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const Graph& graph() const;
  const std::string& target() const;
  const std::vector<MovingCarry>& moving_carries() const;
  // Whether this input or output of the graph is a carry that moves.
  bool moves_input(size_t index) const;
  bool moves_output(size_t index) const;

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
  static int64_t bytes_for(const Program& program, int64_t max_rows);

  // Where the caller writes the inputs of the next run, in C order for as many rows as that has, and reads the outputs
  // of the last one. `index` counts graph().inputs() and outputs(). Inputs keep what was written. Error where the type
  // is another.
  std::span<float> float_input(size_t index);
  std::span<int64_t> int_input(size_t index);
  std::span<const float> output(size_t index) const;
  std::span<const std::byte> output_bytes(size_t index) const;  // of any type
  // Of moving_carries()[index]: where the window of a row begins, in a buffer with kSlack bytes behind it.
  void set_carry(size_t index, int64_t row, float* window);

  void run(int64_t num_rows);  // 1 .. max_rows

 private:
  struct State;
  State& state() const;
  std::byte* input(size_t index, Type type, size_t& count) const;
  std::span<float*> windows(size_t index) const;

  std::shared_ptr<const Program> program_;
  int64_t max_rows_ = 0;
  std::unique_ptr<std::byte, void (*)(std::byte*)> memory_;
};

// Runs a graph once whose values do not depend on inputs: what a constant expression comes to. For folding.
std::vector<std::byte> value_of(const Graph& graph, ValueId value);

}  // namespace genbid::graph
