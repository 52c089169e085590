#include "train/objective.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

// K steps that are drawn ahead, P numbers that tell a window's place, B windows.

namespace genbid::train {
namespace {

constexpr int64_t kMostStepsAhead = 64;
constexpr int64_t kMostBytesAhead = int64_t{1} << 24;

}  // namespace

void check_window(const policy::Policy& policy, const Dataset& dataset) {
  if (!policy.whole_period() || dataset.ticks() <= policy.window()) return;
  throw Error("data: found periods of " + std::to_string(dataset.ticks()) + " ticks, expected at most " +
              std::to_string(policy.window()) + ", the whole period that this model plans (model.ticks)");
}

int64_t training_ticks(const policy::Policy& policy, int64_t ticks_of_day) {
  return policy.trains_on_days() && !policy.whole_period() ? ticks_of_day : policy.training_window();
}

LoggedWindows::LoggedWindows(const Dataset& dataset, const policy::Policy& policy, int64_t batch_size, int64_t parts,
                             int64_t seed, Starts starts)
    : dataset_(dataset),
      sampler_(dataset, training_ticks(policy, dataset.ticks()), policy.trains_on_days(), seed, starts),
      window_(training_ticks(policy, dataset.ticks())),
      batch_size_(batch_size),
      parts_(std::clamp<int64_t>(parts, 1, batch_size)) {
  check_window(policy, dataset);
  const int64_t bytes = Dataset::kPlaces * batch_size * to_signed(sizeof(int64_t));
  const int64_t steps = std::clamp<int64_t>(kMostBytesAhead / bytes, 1, kMostStepsAhead);
  ahead_KPB_ = at::zeros({steps, Dataset::kPlaces, batch_size}, at::TensorOptions(at::kLong).device(device()));
}

int64_t LoggedWindows::draw(int64_t first, int64_t most) {
  const int64_t steps = std::min(most, ahead_KPB_.size(0));
  // A copy from pageable memory would be waited for. LibTorch gives pinned memory back only after the copy.
  const at::Tensor here_KPB =
      at::empty({steps, Dataset::kPlaces, batch_size_}, at::TensorOptions(at::kLong).pinned_memory(!device().is_cpu()));
  std::vector<Window> windows(to_size(batch_size_));
  for (int64_t k = 0; k < steps; ++k) {
    for (int64_t slot = 0; slot < batch_size_; ++slot) windows[to_size(slot)] = sampler_.window(first + k, slot);
    dataset_.write_places(windows, here_KPB[k].mutable_data_ptr<int64_t>());
  }
  ahead_KPB_.slice(0, 0, steps).copy_(here_KPB, /*non_blocking=*/true);
  return steps;
}

void LoggedWindows::gather(const at::Tensor& place_1) {
  batches_.clear();
  weights_.clear();
  const at::Tensor places_PB = ahead_KPB_.index_select(0, place_1).squeeze(0);
  for (int64_t part = 0; part < parts_; ++part) {
    const at::Tensor of_part_PB = places_PB.slice(1, part * batch_size_ / parts_, (part + 1) * batch_size_ / parts_);
    batches_.push_back(is_mine(to_size(part)) ? dataset_.batch_at(of_part_PB, window_) : policy::Batch());
    if (parts_ == 1) return;
    // Losses are means over ticks by the weights of their trajectories, so a part weighs the sum of these.
    const at::Tensor weight_B = dataset_.weights(of_part_PB).squeeze(1).to(at::kDouble);
    weights_.push_back((Dataset::counts(of_part_PB).to(at::kDouble) * weight_B).sum());
  }
  const at::Tensor all = at::stack(weights_).sum();
  for (at::Tensor& weight : weights_) weight = (weight / all).to(at::kFloat);
}

std::vector<policy::LossPart> LoggedWindows::losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                                    size_t part) {
  return policy.losses(step, group, batches_[part]);
}

}  // namespace genbid::train
