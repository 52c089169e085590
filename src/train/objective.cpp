#include "train/objective.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::train {

void check_window(const policy::Policy& policy, const Dataset& dataset) {
  if (!policy.whole_period() || dataset.ticks() <= policy.window()) return;
  throw Error("data: found periods of " + std::to_string(dataset.ticks()) + " ticks, expected at most " +
              std::to_string(policy.window()) + ", the whole period that this model plans (model.ticks)");
}

int64_t training_ticks(const policy::Policy& policy, const Dataset& dataset) {
  return policy.trains_on_days() && !policy.whole_period() ? dataset.ticks() : policy.window();
}

LoggedWindows::LoggedWindows(const Dataset& dataset, const policy::Policy& policy, int64_t batch_size, int64_t parts,
                             int64_t seed)
    : dataset_(dataset),
      sampler_(dataset, training_ticks(policy, dataset), policy.trains_on_days(), seed),
      window_(training_ticks(policy, dataset)),
      batch_size_(batch_size),
      parts_(std::clamp<int64_t>(parts, 1, batch_size)) {
  check_window(policy, dataset);
}

std::vector<double> LoggedWindows::draw(int64_t step) {
  batches_.clear();
  std::vector<double> ticks;
  double all_ticks = 0.0;
  for (int64_t part = 0; part < parts_; ++part) {
    std::vector<Window> windows;
    double sum = 0.0;
    for (int64_t slot = part * batch_size_ / parts_; slot < (part + 1) * batch_size_ / parts_; ++slot) {
      windows.push_back(sampler_.window(step, slot));
      sum += as_double(windows.back().count);
    }
    batches_.push_back(dataset_.batch(windows, window_));
    ticks.push_back(sum);
    all_ticks += sum;
  }
  // Losses are means over ticks, so a part weighs as many ticks as it has.
  for (double& one : ticks) one /= all_ticks;
  return ticks;
}

std::vector<policy::LossPart> LoggedWindows::losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                                    size_t part) {
  return policy.losses(step, group, batches_[part]);
}

}  // namespace genbid::train
