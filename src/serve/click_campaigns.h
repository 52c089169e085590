#pragma once

#include <genbid_click.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "campaigns/episode.h"
#include "campaigns/slot_profile.h"
#include "graph/program.h"
#include "serve/click_bundle.h"
#include "serve/places.h"

// Campaigns of one caller that pay by the click, and what their agents see of each. They are handed the numbers that
// played days hand them (campaigns/episode.h, perbid/agent_play.h), made by the same code.

namespace genbid::serve {

class ClickCampaigns {
 public:
  static constexpr int64_t kBlockRows = 48;  // that a network is asked for at once

  // Takes all memory.
  ClickCampaigns(std::shared_ptr<const ClickBundle> bundle, int64_t max_campaigns);

  // Each call checks all that it is handed before it changes anything, and is Refused where something is wrong.
  uint64_t open(const genbid_click_campaign& campaign);
  void close(uint64_t id);
  void ask(size_t count, const uint64_t* ids, genbid_click_bid* bids, size_t room);
  void push(size_t count, const uint64_t* ids, const genbid_click_outcome* outcomes);
  std::vector<std::byte> save(uint64_t id);
  uint64_t restore(std::span<const std::byte> bytes);

  // Memory that a campaign takes, without what all campaigns share.
  static int64_t bytes_of_campaign(const ClickBundle& bundle);

 private:
  struct Slot {
    campaigns::ClickLimits limits;
    campaigns::DaySoFar day;
    campaigns::ClickBid asked;  // of the slot that is next, once it was asked for
    double start_alpha = 1.0;
    int64_t campaign = 0;
    int64_t number_of_day = 0;
    int32_t agent = 0;
    bool has_asked = false;
    uint8_t now = 0;  // which of the two carries, and of what agents read, the last slot left
  };
  // A network with its memory for kBlockRows rows, and where its inputs and outputs are.
  struct Network {
    struct Carried {
      size_t input = 0;
      size_t output = 0;
      size_t place = 0;  // in what is carried
      size_t size = 0;
    };
    explicit Network(const std::shared_ptr<const graph::Program>& program, int64_t rows);
    // Numbers of a row of an input, which the network may not read: nothing then.
    std::span<float> row(const char* name, size_t row, size_t size);

    graph::Workspace workspace;
    std::vector<Carried> carried;
    size_t bid = 0;  // of an agent: index of the output
  };
  // A campaign's numbers: read | read | usual traffic | carry | carry. Of what agents read, as of what is carried, one
  // is what the last slot left, and the other what the next one will.
  std::span<float> read_of(size_t place, bool next);
  std::span<float> traffic_of(size_t place);
  std::span<float> carry_of(size_t place, bool next);

  void require_room() const;
  void check(const genbid_click_campaign& campaign) const;
  void check_outcome(size_t place, uint64_t id, const genbid_click_outcome& outcome) const;
  void ask_block(std::span<const size_t> places, Network& agent);
  // The network of profiles takes in one more slot of each, which is known or not.
  void read_block(std::span<const size_t> places, std::span<const campaigns::SlotProfile> slots, bool known);
  void read_yesterday(size_t place, std::span<const campaigns::SlotProfile> slots);

  std::shared_ptr<const ClickBundle> bundle_;
  size_t read_size_;
  size_t carry_size_;
  size_t row_size_;
  int64_t rows_;  // of a block; asked of the memory that there is before any is taken
  std::vector<Network> agents_;
  std::vector<Network> profile_;  // one, or none
  Places places_;
  AlignedVector<Slot> slots_;
  AlignedVector<float> numbers_;
  std::vector<size_t> order_;  // of a call: places, those of one agent together
  std::vector<campaigns::SlotProfile> block_slots_;
};

}  // namespace genbid::serve
