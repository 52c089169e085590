#include "graph/memory_plan.h"

#include <map>
#include <string>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::graph {
namespace {

// Free pieces of one stretch of memory that grows as needed: the smallest that is large enough is taken, and what is
// given back joins its neighbours.
class Pieces {
 public:
  int64_t take(int64_t bytes) {
    auto best = free_.end();
    for (auto piece = free_.begin(); piece != free_.end(); ++piece) {
      if (piece->second >= bytes && (best == free_.end() || piece->second < best->second)) best = piece;
    }
    if (best == free_.end()) return grow(bytes);
    const int64_t offset = best->first;
    const int64_t left = best->second - bytes;
    free_.erase(best);
    if (left > 0) free_[offset + bytes] = left;
    return offset;
  }

  void give_back(int64_t offset, int64_t bytes) {
    auto next = free_.lower_bound(offset);
    if (next != free_.end() && next->first == offset + bytes) {
      bytes += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += bytes;
        return;
      }
    }
    free_[offset] = bytes;
  }

  // Takes new memory behind everything, or goes on from a free piece at the end.
  int64_t grow(int64_t bytes) {
    int64_t offset = end_;
    if (!free_.empty() && free_.rbegin()->first + free_.rbegin()->second == end_) {
      offset = free_.rbegin()->first;
      free_.erase(offset);
    }
    end_ = offset + bytes;
    return offset;
  }
  int64_t end() const { return end_; }

 private:
  std::map<int64_t, int64_t> free_;
  int64_t end_ = 0;
};

// Most bytes of all tensors together: with less than this no sum in this file overflows.
constexpr double kMostBytes = 0x1p46;

void check_rows(const Program::Plan& plan, int64_t max_rows) {
  double bytes = as_double(plan.scratch) * sizeof(float);
  for (const Tensor& tensor : plan.tensors) {
    bytes += as_double(tensor.numbers) * (tensor.rows ? as_double(max_rows) : 1.0) * as_double(size_of(tensor.type));
  }
  if (bytes <= kMostBytes) return;
  throw Error("rows of a workspace: found " + std::to_string(max_rows) +
              ", expected fewer: its tensors would take more than 64 TiB");
}

int64_t bytes_of(const Tensor& tensor, int64_t max_rows) {
  const int64_t numbers = tensor.numbers * (tensor.rows ? max_rows : 1);
  return in_lines(numbers * static_cast<int64_t>(size_of(tensor.type)) + kSlack);
}

// Calls what(tensor) for each that a step reads or writes.
template <typename F>
void for_tensors(const Step& step, F what) {
  what(step.out.place);
  for (const Operand& in : step.in) {
    if (in.place >= 0) what(in.place);
  }
}

}  // namespace

int64_t in_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

MemoryPlan plan_memory(const Program::Plan& plan, int64_t max_rows) {
  check_rows(plan, max_rows);
  MemoryPlan memory;
  memory.offsets.assign(plan.tensors.size(), -1);
  std::vector<size_t> last(plan.tensors.size(), 0);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for_tensors(plan.steps[i], [&](int32_t tensor) { at(last, tensor) = i; });
  }
  Pieces pieces;
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const Tensor& tensor = plan.tensors[i];
    if (tensor.kind == Tensor::Kind::kInput || tensor.kept) memory.offsets[i] = pieces.grow(bytes_of(tensor, max_rows));
  }
  memory.scratch = pieces.grow(in_lines(plan.scratch * static_cast<int64_t>(sizeof(float)) + kSlack));
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    int64_t& out = at(memory.offsets, plan.steps[i].out.place);
    if (out < 0) out = pieces.take(bytes_of(at(plan.tensors, plan.steps[i].out.place), max_rows));
    for_tensors(plan.steps[i], [&](int32_t place) {
      const Tensor& tensor = at(plan.tensors, place);
      if (tensor.kind != Tensor::Kind::kComputed || tensor.kept || at(last, place) != i) return;
      pieces.give_back(at(memory.offsets, place), bytes_of(tensor, max_rows));
      at(last, place) = plan.steps.size();  // once, where a step reads it twice
    });
  }
  memory.bytes = pieces.end();
  return memory;
}

}  // namespace genbid::graph
