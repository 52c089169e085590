#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "policy/policy.h"
#include "softmarket/soft_day.h"
#include "softmarket/teacher.h"

namespace genbid::softmarket {

// Who plays days of tapes without having learned anything: policies that no training can train.
class Player : public policy::Policy {
 public:
  void fit(const policy::TrainingColumns& /*columns*/) override {}
  int64_t window() const override { return 1; }
  std::vector<policy::LossPart> losses(const policy::Step& /*step*/, size_t /*group*/,
                                       const policy::Batch& /*batch*/) override {
    return {};
  }
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& /*batch*/, at::Generator& /*noise*/) override {
    return {};
  }
};

// Bids a constant alpha, a factor times the CPA limit, which is a row's own.
class ConstantBids : public Player {
 public:
  explicit ConstantBids(at::Tensor factor_B1) : factor_B1_(std::move(factor_B1)) {}
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;

 private:
  at::Tensor factor_B1_;
};

// Bids what the teacher says at every tick it comes to: the best constant alpha of the rest of the day, and the highest
// one where none brings what is asked. It plays these cells, whose returns must count expected conversions
// (DayOptions).
class TeacherBids : public Player {
 public:
  TeacherBids(const Teacher& teacher, Cells cells) : teacher_(teacher), cells_(std::move(cells)) {}
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override;

 private:
  const Teacher& teacher_;
  Cells cells_;
};

}  // namespace genbid::softmarket
