#pragma once

#include <genbid.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "bidding/bidder.h"
#include "bidding/outcomes.h"

namespace genbid::eval {

struct BundleBidderOptions {
  std::string path;    // of the bundle
  Wishes wishes = {};  // where there is none: the policy's own
  int64_t seed = 0;    // of its noise, as PolicyBidder has it
};

// An exported policy as a bidder, through the serving library (genbid.h) as a bidding server would use it: it is told
// what became of each tick, and computes features and histories itself. In blocks of 48 rows, a session each, in
// parallel: actions do not depend on the number of threads.
class BundleBidder : public Bidder {
 public:
  static constexpr int64_t kBlockRows = 48;

  BundleBidder(const BundleBidderOptions& options, Threads& threads);

  void reset(std::span<const SeatView> rows) override;
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override;

 private:
  struct FreeBundle {
    void operator()(genbid_bundle* bundle) const { genbid_bundle_free(bundle); }
  };
  struct CloseSession {
    void operator()(genbid_session* session) const { genbid_session_close(session); }
  };
  struct Block {
    std::unique_ptr<genbid_session, CloseSession> session;
    std::vector<uint64_t> ids;
  };
  Block open_block(std::span<const SeatView> rows) const;
  void ask(const Block& block, std::span<const SeatView> rows, std::span<BidFormula> bids) const;

  BundleBidderOptions options_;
  Threads& threads_;
  std::unique_ptr<genbid_bundle, FreeBundle> bundle_;
  std::vector<genbid_wish> wishes_;  // names belong to the table of outcomes
  int32_t num_coefficients_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace genbid::eval
