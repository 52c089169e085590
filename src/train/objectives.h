#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "train/objective.h"

namespace genbid::train {

// A weighted sum of objectives: their parts one behind the other, each with its own weight times its objective's. All
// are on one device and must outlive it.
class WeightedSum : public Objective {
 public:
  struct Term {
    Objective* objective = nullptr;
    double weight = 1.0;
  };
  explicit WeightedSum(std::vector<Term> terms);

  void take_share(const Share& share) override;
  bool is_mine(size_t part) const override;
  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& place_1) override;
  size_t num_parts() const override { return places_.size(); }
  at::Tensor weight(size_t part) const override;
  size_t noise_of(size_t part) const override { return places_[part].part; }
  bool is_of_all_groups() const override;
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return terms_.front().objective->device(); }
  std::optional<Kind> kind_of_step(int64_t step) const override;
  policy::NamedTensors state() const override;
  void collect_state(Ranks& ranks) override;

 private:
  struct Place {
    size_t term;
    size_t part;
  };
  std::vector<Term> terms_;
  std::vector<Place> places_;  // by part
};

}  // namespace genbid::train
