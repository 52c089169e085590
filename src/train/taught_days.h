#pragma once

#include <cstdint>
#include <vector>

#include "softmarket/teacher.h"
#include "train/tape_days.h"

namespace genbid::train {

// Imitation where the student goes (DAgger): the policy plays days of tapes as it bids now, a teacher says at every
// tick it came to what would have been best (softmarket/teacher.h), and the policy's own losses learn that, as they
// learn labels of logged days. So every model can be taught so, and any budget and limit can be put on any day. Where
// days ask for outcomes (TapeDaysOptions) the teacher says what brings them, and the policy learns to do that when it
// is asked.
class TaughtDays : public TapeDays {
 public:
  TaughtDays(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days, std::vector<int64_t> chosen,
             const TapeDaysOptions& options, int64_t batch_size, int64_t parts, int64_t seed);

  void gather(const at::Tensor& place_1) override;
  bool is_of_all_groups() const override { return false; }
  // The first group that is asked plays the days, and the other groups learn from the same days.
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;

 protected:
  at::Tensor asked_alpha_B1(const softmarket::Cells& cells) const override;

 private:
  softmarket::Teacher teacher_;
  std::vector<policy::Batch> batches_;  // of the step, by part, as far as they are played
};

// A day that was played, as a logged one: states, bids and outcomes as they came, and these labels. Ticks that began
// without money are masked, and those without a label (not a number) do not count.
policy::Batch batch_of(const softmarket::Cells& cells, const softmarket::Day& day, const at::Tensor& labels_BT);
// The rows of whole days as the policy's losses read them: whole, padded to what it plans, or cut one behind the other
// into windows.
policy::Batch rows_for(const policy::Policy& policy, const policy::Batch& days);

}  // namespace genbid::train
