#pragma once

#include <cstdint>
#include <vector>

#include "perbid/agent_play.h"
#include "perbid/drlb.h"
#include "train/objective.h"

namespace genbid::perbid {

// Episodes of DRLB on prepared days, as an objective of the trainer: every `steps_a_round` steps it plays drawn days,
// exploring. The best return of an episode is kept for each prepared day, time of day, alpha and choice (the paper's
// dictionary of states and choices; this one is counted through, so nothing need be forgotten); the reward network
// learns these, and Q learns from what the reward network says. A return is Res, no worse than -1.
class DrlbEpisodes : public train::Objective {
 public:
  // Everything must outlive it. Error where the memory has no room for a round.
  DrlbEpisodes(const Field& field, Drlb& agent, const DrlbConfig& config, int64_t batch_size, int64_t seed,
               Threads& threads);

  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& place_1) override;
  at::Tensor weight(size_t /*part*/) const override { return at::Tensor(); }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return c10::Device(c10::kCPU); }
  policy::NamedTensors state() const override;

  double epsilon(int64_t round) const;
  // The best return known, by prepared day and cell; -1 where no episode was ever there.
  const at::Tensor& best_NK() const { return best_NK_; }
  // Cells: times of day, each with octaves of alpha around the start, each with the choices.
  static constexpr int64_t kTimes = 12;
  static constexpr int64_t kOctaves = 8;
  static constexpr int64_t kCells = kTimes * kOctaves * Drlb::kNumChoices;
  // i64, of states that an agent was in.
  static at::Tensor cells_B(const at::Tensor& status_BS, const at::Tensor& start_B, const at::Tensor& choice_B);

 private:
  void play_round(int64_t round);

  Field field_;
  Drlb& agent_;
  DrlbConfig config_;
  int64_t batch_size_;
  int64_t seed_;
  Threads& threads_;
  at::Tensor start_N_;  // the alphas that days begin with
  at::Tensor best_NK_;
  // The memory, a ring of C slots.
  at::Tensor status_CS_;
  at::Tensor next_CS_;   // the status before the slot behind it; 0 behind the last one
  at::Tensor choice_C_;  // i64
  at::Tensor place_C2_;  // i64: prepared day and slot
  at::Tensor filled_1_;  // i64: slots that were ever put into it
  at::Tensor drawn_KB_;  // i64: places in the memory, of the steps drawn
  // What the current step learns from.
  AgentStates states_;
  AgentStates next_;
  at::Tensor choice_MB1_;
  at::Tensor best_MB1_;
  at::Tensor is_last_MB1_;
};

}  // namespace genbid::perbid
