#include "graph/program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/aligned.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "graph/memory_plan.h"
#include "graph/plan.h"

namespace genbid::graph {
namespace {

bool has(const std::string& target) {
  if (target == "avx512") {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && has("avx2");
  }
  return target != "avx2" || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}

std::string best_of_processor() {
  for (auto name = target_names().rbegin(); name != target_names().rend(); ++name) {
    if (has(*name)) return *name;
  }
  return target_names().front();
}

void check_target(const std::string& target, const std::string& where) {
  const std::vector<std::string>& names = target_names();
  if (std::find(names.begin(), names.end(), target) == names.end()) {
    throw Error(where + ": found '" + shown(target) + "', expected one of " + listed(names));
  }
  if (!has(target)) {
    throw Error(where + ": found " + target + ", which this processor lacks, expected at most " + best_of_processor());
  }
}

const Kernels& kernels_of(const std::string& target) {
  return target == "avx512" ? kernels_avx512() : target == "avx2" ? kernels_avx2() : kernels_sse2();
}

}  // namespace

float* Store::floats(int64_t count) {
  return reinterpret_cast<float*>(bytes(count * static_cast<int64_t>(sizeof(float))));
}

std::byte* Store::bytes(int64_t count) {
  blocks_.emplace_back(to_size(count + kSlack));
  return blocks_.back().data();
}

const std::vector<std::string>& target_names() {
  static const std::vector<std::string> names = {"sse2", "avx2", "avx512"};
  return names;
}

std::string best_target() {
  const char* const wanted = std::getenv("GENBID_TARGET");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (wanted == nullptr || *wanted == 0) return best_of_processor();
  check_target(wanted, "GENBID_TARGET");
  return wanted;
}

Program::Program(Graph graph, const std::string& target, Carries carries) : plan_(std::make_unique<Plan>()) {
  check_target(target, "target");
  if (graph.outputs().empty()) throw Error("graph: found no outputs, expected one at least");
  plan_->graph = std::move(graph);
  plan_->target = target;
  lower(*plan_, kernels_of(target), carries);
}

Program::~Program() = default;

const Graph& Program::graph() const { return plan_->graph; }
const std::string& Program::target() const { return plan_->target; }
const std::vector<MovingCarry>& Program::moving_carries() const { return plan_->moving; }
bool Program::moves_input(size_t index) const {
  return std::any_of(plan_->moving.begin(), plan_->moving.end(), [=](const auto& one) { return one.input == index; });
}
bool Program::moves_output(size_t index) const {
  return std::any_of(plan_->moving.begin(), plan_->moving.end(), [=](const auto& one) { return one.output == index; });
}

// What lies at the beginning of the memory; places of tensors follow, then the tensors and the scratch.
struct Workspace::State {
  Frame frame;
  int64_t bytes = 0;
};

namespace {

int64_t tensors_at(const Program::Plan& plan, size_t state) {
  return in_lines(to_signed(state + sizeof(std::byte*) * plan.tensors.size()));
}

}  // namespace

int64_t Workspace::bytes_for(const Program& program, int64_t max_rows) {
  return tensors_at(program.plan(), sizeof(State)) + plan_memory(program.plan(), max_rows).bytes;
}

Workspace::Workspace(std::shared_ptr<const Program> program, int64_t max_rows)
    : program_(std::move(program)), max_rows_(max_rows), memory_(nullptr, nullptr) {
  if (max_rows < 1) throw Error("rows of a workspace: found " + std::to_string(max_rows) + ", expected 1 or more");
  const Program::Plan& plan = program_->plan();
  const MemoryPlan memory = plan_memory(plan, max_rows);
  const int64_t first = tensors_at(plan, sizeof(State));
  const int64_t bytes = first + memory.bytes;
  memory_ = {static_cast<std::byte*>(allocate_aligned(to_size(bytes))), [](std::byte* p) { free_aligned(p); }};
  std::memset(memory_.get(), 0, to_size(bytes));
  State* const state = new (memory_.get()) State;
  auto** const places = reinterpret_cast<std::byte**>(memory_.get() + sizeof(State));
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const Tensor& tensor = plan.tensors[i];
    // A constant is only read.
    places[i] = tensor.kind == Tensor::Kind::kConstant ? const_cast<std::byte*>(tensor.bytes)  // NOLINT
                                                       : memory_.get() + first + memory.offsets[i];
  }
  state->frame.places = places;
  state->frame.scratch = reinterpret_cast<float*>(memory_.get() + first + memory.scratch);
  state->bytes = bytes;
}

Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;

Workspace::State& Workspace::state() const { return *reinterpret_cast<State*>(memory_.get()); }

int64_t Workspace::bytes() const { return state().bytes; }

std::span<float*> Workspace::windows(size_t index) const {
  const size_t input = at(program_->plan().moving, index).input;
  std::byte* const bytes = state().frame.places[at(program_->plan().input_tensors, input)];
  return {reinterpret_cast<float**>(bytes), to_size(max_rows_)};
}

void Workspace::set_carry(size_t index, int64_t row, float* window) {
  if (index >= program_->plan().moving.size() || row < 0 || row >= max_rows_) {
    throw Error("moving carry " + std::to_string(index) + ", row " + std::to_string(row) + ": expected one of " +
                std::to_string(program_->plan().moving.size()) + " and of " + std::to_string(max_rows_) + " rows");
  }
  windows(index)[to_size(row)] = window;
}

std::byte* Workspace::input(size_t index, Type type, size_t& count) const {
  const std::vector<Named>& inputs = program_->graph().inputs();
  if (index >= inputs.size()) {
    throw Error("input " + std::to_string(index) + ": expected one of the graph's " + std::to_string(inputs.size()));
  }
  if (program_->moves_input(index)) throw Error("input " + shown(inputs[index].name) + ": found a carry that moves");
  const Value& value = program_->graph().value(inputs[index].value);
  if (value.type != type) {
    throw Error("input " + shown(inputs[index].name) + ": found " + type_name(value.type) + ", expected " +
                type_name(type));
  }
  count = to_size(value.shape.count(max_rows_));
  return state().frame.places[at(program_->plan().input_tensors, index)];
}

std::span<float> Workspace::float_input(size_t index) {
  size_t count = 0;
  std::byte* const bytes = input(index, Type::kFloat, count);
  return {reinterpret_cast<float*>(bytes), count};
}

std::span<int64_t> Workspace::int_input(size_t index) {
  size_t count = 0;
  std::byte* const bytes = input(index, Type::kInt, count);
  return {reinterpret_cast<int64_t*>(bytes), count};
}

std::span<const std::byte> Workspace::output_bytes(size_t index) const {
  const Graph& graph = program_->graph();
  if (index >= graph.outputs().size()) {
    throw Error("output " + std::to_string(index) + ": expected one of the graph's " +
                std::to_string(graph.outputs().size()));
  }
  if (program_->moves_output(index)) {
    throw Error("output " + shown(graph.outputs()[index].name) + ": found a carry that moves");
  }
  const Value& value = graph.value(graph.outputs()[index].value);
  const Frame& frame = state().frame;
  const Operand& operand = at(program_->plan().outputs, index);
  return {frame.places[operand.place] + operand.offset + operand.per_row * frame.rows,
          to_size(value.shape.count(frame.rows)) * size_of(value.type)};
}

std::span<const float> Workspace::output(size_t index) const {
  const std::span<const std::byte> bytes = output_bytes(index);
  const Named& output = program_->graph().outputs()[index];
  const Type type = program_->graph().value(output.value).type;
  if (type != Type::kFloat) {
    throw Error("output " + shown(output.name) + ": found " + type_name(type) + ", expected f32");
  }
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

void Workspace::run(int64_t num_rows) {
  if (num_rows < 1 || num_rows > max_rows_) {
    throw Error("rows: found " + std::to_string(num_rows) + ", expected 1 to " + std::to_string(max_rows_));
  }
  for (size_t i = 0; i < program_->plan().moving.size(); ++i) {
    for (const float* const window : windows(i).first(to_size(num_rows))) {
      if (window == nullptr) throw Error("moving carry " + std::to_string(i) + ": found a row without a window");
    }
  }
  Frame& frame = state().frame;
  frame.rows = num_rows;
  for (const Step& step : program_->plan().steps) step.run(step, frame);
}

std::vector<std::byte> value_of(const Graph& graph, ValueId value) {
  // The same graph with this output alone.
  Graph whole;
  for (ValueId id = 0; id <= value; ++id) {
    const Value& of = graph.value(id);
    const auto index = to_size(of.index);
    if (of.source == Value::Source::kInput) {
      whole.add_input(graph.inputs()[index].name, of.type, of.shape);
    } else if (of.source == Value::Source::kConstant) {
      const Constant& constant = graph.constants()[index];
      whole.add_constant(constant.name, of.type, of.shape.rest, constant.bytes);
    } else {
      const Node& node = graph.nodes()[index];
      whole.add(node.op, node.inputs, node.ints, node.reals);
    }
  }
  whole.add_output("value", value);
  Graph needed = without_unused(whole);
  for (const Node& node : needed.nodes()) {
    for (const ValueId input : node.inputs) {
      if (needed.value(input).source == Value::Source::kInput) {
        throw Error("value " + std::to_string(value) + ": found that it depends on an input, expected constants alone");
      }
    }
  }
  const ValueId found = needed.outputs()[0].value;
  if (needed.value(found).source == Value::Source::kInput) {
    throw Error("value " + std::to_string(value) + ": found an input, expected what constants come to");
  }
  Workspace workspace(std::make_shared<const Program>(std::move(needed)), 1);
  workspace.run(1);
  const std::span<const std::byte> bytes = workspace.output_bytes(0);
  return {bytes.begin(), bytes.end()};
}

}  // namespace genbid::graph
