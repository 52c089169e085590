#include "play/hindsight.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "data/market_log.h"
#include "market/impressions.h"

namespace genbid {
namespace {

constexpr size_t kWidth = oracle::ImpressionBlock::kWidth;

// A tick's impressions in blocks. A market that keeps them so can be read without this.
struct TickBlocks {
  std::vector<float> values;      // [block][seat][lane]
  std::vector<float> top_bid;     // [block][4][lane]
  std::vector<uint8_t> top_seat;  // [block][4][lane]
  std::vector<oracle::ImpressionBlock> blocks;

  void fill(const TickImpressions& impressions, Threads& threads) {
    std::vector<float> bid;
    std::vector<uint8_t> seat;
    top_bids(impressions.bid, kNumSeats, bid, seat);
    const auto num_pv = static_cast<size_t>(impressions.num_pv);
    const size_t num_blocks = (num_pv + kWidth - 1) / kWidth;
    values.assign(num_blocks * kNumSeats * kWidth, 0.0F);
    top_bid.assign(num_blocks * 4 * kWidth, 0.0F);
    top_seat.assign(num_blocks * 4 * kWidth, kNoSeat);
    blocks.resize(num_blocks);
    threads.parallel_for(static_cast<int64_t>(num_blocks), 16, [&](int64_t begin, int64_t end) {
      for (auto b = static_cast<size_t>(begin); b < static_cast<size_t>(end); ++b) {
        const size_t lanes = std::min(kWidth, num_pv - b * kWidth);
        float* const block_values = values.data() + b * kNumSeats * kWidth;
        for (size_t i = 0; i < lanes; ++i) {
          const size_t pv = b * kWidth + i;
          for (size_t s = 0; s < kNumSeats; ++s) {
            block_values[s * kWidth + i] = static_cast<float>(impressions.pvalue[pv * kNumSeats + s]);
          }
          for (size_t k = 0; k < 4; ++k) {
            top_bid[(b * 4 + k) * kWidth + i] = bid[pv * 4 + k];
            top_seat[(b * 4 + k) * kWidth + i] = seat[pv * 4 + k];
          }
        }
        blocks[b] = {block_values, top_bid.data() + b * 4 * kWidth, top_seat.data() + b * 4 * kWidth,
                     static_cast<int>(lanes)};
      }
    });
  }
};

class ResponseSink : public PeriodSink {
 public:
  ResponseSink(oracle::Responses& responses, Threads& threads) : responses_(responses), threads_(threads) {}

  void on_tick(int64_t, int, std::span<const SeatTick>) override {}
  void on_impressions(int64_t, int tick, std::span<const SeatTick>, const TickImpressions& impressions) override {
    blocks_.fill(impressions, threads_);
    threads_.parallel_for(kNumSeats, 4, [&](int64_t begin, int64_t end) {
      responses_.add(tick, blocks_.blocks, static_cast<int>(begin), static_cast<int>(end));
    });
  }

 private:
  oracle::Responses& responses_;
  Threads& threads_;
  TickBlocks blocks_;
};

}  // namespace

std::optional<oracle::Responses> record_responses(Market& market, Cell cell, std::span<Bidder* const> bidders,
                                                  std::span<const int> seat_bidder, Threads& threads,
                                                  const oracle::AlphaGrid& grid) {
  assert(seat_bidder.size() == kNumSeats);
  oracle::Responses responses(kNumSeats, kTicksPerPeriod, {}, grid);
  ResponseSink sink(responses, threads);
  std::vector<Cell> cells;
  cells.push_back(std::move(cell));
  market.keep_impressions(true);
  const bool finished = play(market, std::move(cells), bidders, seat_bidder, sink);
  market.keep_impressions(false);
  if (!finished) return std::nullopt;
  return responses;
}

}  // namespace genbid
