#pragma once

#include <genbid.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "bidding/decision_noise.h"
#include "bidding/seen_tick.h"
#include "graph/program.h"
#include "serve/bundle.h"

// Campaigns of one caller, and what the policy sees of each. What it is handed are the numbers that live play hands it
// (policy/observation.h, eval/policy_bidder.h), made by the same code.

namespace genbid::serve {

// A campaign's numbers lie one behind the other, all of one campaign together:
//
//   states T S | actions T | before T 5 | constraint 2 | carry | carry
//
// T ticks of the window, as the graph reads them: those that are known first, then zeros. What has come before stays 0
// where the graph does not read it. One carry is what the last tick left, the other what the tick that was asked for
// will leave. Carries that move (graph/program.h) have their buffers there instead, one behind the other.
struct CampaignLayout {
  explicit CampaignLayout(const Bundle& bundle);

  size_t window = 0;
  size_t num_features = 0;
  size_t actions = 0;  // places
  size_t before = 0;
  size_t constraint = 0;
  size_t plain = 0;  // how many numbers stand before the carry
  size_t carry = 0;  // begins with a line of the cache
  size_t carry_size = 0;
  std::vector<size_t> buffers;  // places of the carries that move in their buffers
  size_t size = 0;

  // Of what is saved: the numbers before the carry, and both carries without room around them.
  size_t saved_bytes() const { return (plain + 2 * carry_size) * sizeof(float); }
};

class Campaigns {
 public:
  static constexpr int64_t kBlockRows = 48;  // that the network is asked for at once

  // Takes all memory.
  Campaigns(std::shared_ptr<const Bundle> bundle, int64_t max_campaigns);

  // Each call checks all that it is handed before it changes anything, and is Refused where something is wrong.
  uint64_t open(const genbid_campaign& campaign);
  void close(uint64_t id);
  void act(size_t count, const uint64_t* ids, const genbid_tick_start* starts, double* coefficients, size_t room);
  void push(size_t count, const uint64_t* ids, const genbid_tick_outcome* outcomes);
  std::vector<std::byte> save(uint64_t id);
  size_t saved_bytes() const;
  uint64_t restore(std::span<const std::byte> bytes);

  // Memory that a campaign takes, without what all campaigns share.
  static int64_t bytes_of_campaign(const Bundle& bundle);

 private:
  struct Slot {
    uint32_t generation = 0;  // of the campaign that it holds or will hold: the upper half of its id
    bool is_open = false;
    bool has_acted = false;  // whether it was asked for the tick that is next
    uint8_t carry_now = 0;   // which of the two carries the last tick left
    uint32_t moves = 0;      // how often its moving carries have moved since they were at the beginning
    uint64_t call = 0;       // number of the last call that named it
    Advertiser advertiser;
    TickHistory history;
    TickStart start;  // of the tick that is next, once it has acted
    uint64_t noise_seed = 0;
    int64_t noise_period = 0;
    int32_t noise_seat = 0;
    DecisionNoise noise{0};
    OutcomeValues wishes{};
  };
  // What stands in an input of the graph for each row.
  enum class Feed { kStates, kActions, kBefore, kTicks, kMask, kConstraint, kWishes, kNoise, kCarry };
  struct Input {
    Feed feed{};
    size_t size = 0;              // numbers of a row
    size_t place = 0;             // of a carry: in the campaign's carry
    std::span<float> floats;      // where the workspace reads it
    std::span<int64_t> integers;  // kTicks: likewise, since ticks are whole numbers
  };
  struct CarryOutput {
    size_t index = 0;
    size_t size = 0;
    size_t place = 0;
  };

  void plan_inputs();
  void plan_outputs();
  Slot& slot_of(uint64_t id);
  uint64_t id_of(const Slot& slot) const;
  Slot& free_slot();
  void name_once(Slot& slot, uint64_t id) const;
  // Campaigns lie anywhere in memory: asks for what a loop over them needs some rounds later.
  void fetch_head(std::span<const uint64_t> ids, size_t i) const;
  void fetch(std::span<const uint64_t> ids, size_t i) const;
  void check_count(size_t count) const;
  std::span<float> numbers_of(const Slot& slot);
  std::span<float> carry_of(const Slot& slot, bool next);
  bool moving() const { return !layout_.buffers.empty(); }
  float* window_of(const Slot& slot, size_t carry, int64_t moves);
  std::vector<float> saved_carry(const Slot& slot, bool next);
  void restore_carry(const Slot& slot, std::span<const float> now, std::span<const float> next);
  void check(const genbid_campaign& campaign) const;
  OutcomeValues wishes_of(const genbid_campaign& campaign) const;
  Slot& occupy(const genbid_campaign& campaign, const OutcomeValues& wishes);
  void check_start(const Slot& slot, uint64_t id, const genbid_tick_start& start) const;
  void check_outcome(const Slot& slot, uint64_t id, const genbid_tick_outcome& outcome) const;
  void see(Slot& slot, uint64_t id, const genbid_tick_start& start);
  void write_row(size_t row, const Slot& slot);
  void act_block(std::span<const uint64_t> ids, const genbid_tick_start* starts, size_t first, double* coefficients);
  void take_in(Slot& slot, const genbid_tick_outcome& given);

  std::shared_ptr<const Bundle> bundle_;
  CampaignLayout layout_;
  graph::Workspace workspace_;
  std::vector<Input> inputs_;
  std::vector<CarryOutput> carry_outputs_;
  size_t coefficients_output_ = 0;
  size_t num_coefficients_ = 0;
  bool reads_before_ = false;
  int64_t most_moves_ = 0;
  std::vector<double> scratch_;  // the features of one campaign
  AlignedVector<Slot> slots_;
  AlignedVector<float> numbers_;
  std::vector<uint32_t> free_;  // places of slots, the next one last
  uint64_t call_ = 0;
};

}  // namespace genbid::serve
