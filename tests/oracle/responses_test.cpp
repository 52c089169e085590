#include "oracle/responses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/threads.h"
#include "small_day.h"

namespace genbid::oracle {
namespace {

// Sums are rounded to 2^-30 (value) and 2^-24 (cost) an impression and step.
constexpr double kValueUnit = 0x1p-30;
constexpr double kCostUnit = 0x1p-24;

// The auction of one impression as auctionnet.md tells it, without a grid.
Point win(const SmallImpression& impression, int seat, double bid, const Auction& auction) {
  const auto price = impression.prices(seat, auction.rule);
  for (size_t k = 0; k < static_cast<size_t>(auction.rule.num_slots); ++k) {
    if (bid <= price[k]) continue;
    const auto shown = auction.rule.exposure(static_cast<int>(k));
    return {shown * static_cast<double>(impression.values[static_cast<size_t>(seat)]), shown * price[k]};
  }
  return {};
}

Auction with_slots(int num_slots) {
  Auction auction;
  auction.rule.num_slots = num_slots;
  return auction;
}

class ResponsesOfSlots : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Auctions, ResponsesOfSlots, testing::Values(1, 2, 3));

void expect_the_auction_played(const Auction& auction) {
  const auto day = random_day(5, 3, 70, 1);
  const Responses responses = respond(day, 5, auction);
  const AlphaGrid& grid = responses.grid(0);
  for (int seat = 0; seat < 5; ++seat) {
    for (int tick = 0; tick < 3; ++tick) {
      const Curve curve = responses.bid_curve(seat, tick);
      for (size_t p = 0; p < grid.num_points(); p += 7) {
        Point expected;
        for (const SmallImpression& one : day[static_cast<size_t>(tick)]) {
          const double value = static_cast<double>(one.values[static_cast<size_t>(seat)]);
          const Point got = win(one, seat, static_cast<double>(grid.alpha(p)) * value, auction);
          expected.value += got.value;
          expected.cost += got.cost;
        }
        ASSERT_NEAR(curve[p].value, expected.value, 210 * kValueUnit) << "seat " << seat << " point " << p;
        ASSERT_NEAR(curve[p].cost, expected.cost, 210 * kCostUnit) << "seat " << seat << " point " << p;
      }
    }
  }
}

// At a price of value, the slot with the largest value - cost / price.
void expect_the_best_slots(const Auction& auction) {
  const auto day = random_day(4, 2, 60, 2);
  const Responses responses = respond(day, 4, auction);
  const AlphaGrid& grid = responses.grid(0);
  for (int seat = 0; seat < 4; ++seat) {
    const Curve curve = responses.slot_curve(seat);
    for (size_t p = 1; p + 1 < grid.num_points(); p += 5) {
      const double price = static_cast<double>(grid.alpha(p));
      double expected = 0.0;
      for (const SmallTick& tick : day) {
        for (const SmallImpression& one : tick) {
          const auto prices = one.prices(seat, auction.rule);
          double best = 0.0;
          for (size_t k = 0; k < static_cast<size_t>(auction.rule.num_slots); ++k) {
            const double gain = static_cast<double>(one.values[static_cast<size_t>(seat)]) - prices[k] / price;
            best = std::max(best, auction.rule.exposure(static_cast<int>(k)) * gain);
          }
          expected += best;
        }
      }
      ASSERT_NEAR(curve[p].value - curve[p].cost / price, expected, 360 * (kValueUnit + kCostUnit / price));
    }
  }
}

TEST_P(ResponsesOfSlots, AreTheAuctionPlayedAtEveryAlpha) { expect_the_auction_played(with_slots(GetParam())); }
TEST_P(ResponsesOfSlots, ChooseTheBestSlotAtEveryPrice) { expect_the_best_slots(with_slots(GetParam())); }

// A slot that is shown as often as the one below it, or never, has no marginal price of value.
TEST_P(ResponsesOfSlots, OfAnyExposuresAreTheAuctionPlayedAndTheBestSlots) {
  const std::array<double, 3> exposures[] = {{1, 1, 1},   {1, 1, 0.5}, {1, 0.5, 1},
                                             {1, 0.7, 0}, {1, 0, 0},   {1, 0.1, 0.9}};
  for (const std::array<double, 3>& one : exposures) {
    for (const double reserve : {0.0001, 0.05, 3.0}) {
      SCOPED_TRACE(testing::PrintToString(one) + " " + std::to_string(reserve));
      Auction auction = with_slots(GetParam());
      auction.rule.shown_after_previous = one;
      auction.rule.reserve = reserve;
      expect_the_auction_played(auction);
      expect_the_best_slots(auction);
    }
  }
}

// A day with a cap that about a third of the bids reach, some of them of seats below and some above the one that looks
// at them. Some values are 2^-10, so that an alpha of 64 bids exactly the cap.
struct CappedDay {
  static constexpr float kCap = 0x1p-4F;

  explicit CappedDay(unsigned seed) : ticks(random_day(5, 2, 60, seed)) {
    for (SmallTick& tick : ticks) {
      for (size_t i = 0; i < tick.size(); ++i) {
        if (i % 3 == 0) tick[i].values.assign(5, 0x1p-10F);
        size_t at_cap = 0;
        for (; at_cap < 4 && tick[i].bid[at_cap] >= kCap; ++at_cap) tick[i].bid[at_cap] = kCap;
        std::sort(tick[i].seat.begin(), tick[i].seat.begin() + static_cast<std::ptrdiff_t>(at_cap));
      }
    }
  }

  // Does a rival hold its slot against this bid?
  static bool holds(float rival, uint8_t rival_seat, float bid, int seat) {
    return bid < rival || (bid == rival && (bid < kCap || rival_seat < seat));
  }
  // The slots are offered to a seat from the best one on; `take` is told the rival and the slot.
  static void offer(const SmallImpression& one, int seat, const Auction& auction,
                    const std::function<bool(float bid, uint8_t rival, double shown)>& take) {
    int slot = 0;
    for (size_t k = 0; k < 4 && slot < auction.rule.num_slots; ++k) {
      if (one.seat[k] == seat) continue;
      if (take(std::max(one.bid[k], static_cast<float>(auction.rule.reserve)), one.seat[k],
               auction.rule.exposure(slot++))) {
        return;
      }
    }
  }
  static Auction auction(int num_slots) {
    Auction capped = with_slots(num_slots);
    capped.rule.highest_bid = static_cast<double>(kCap);
    return capped;
  }

  std::vector<SmallTick> ticks;
};

TEST_P(ResponsesOfSlots, AtTheCapOfBidsAreTheAuctionPlayedAtEveryAlpha) {
  const CappedDay day(7);
  const Auction auction = CappedDay::auction(GetParam());
  const Responses responses = respond(day.ticks, 5, auction);
  const AlphaGrid& grid = responses.grid(0);
  for (int seat = 0; seat < 5; ++seat) {
    const Curve curve = responses.bid_curve(seat);
    for (size_t p = 0; p < grid.num_points(); ++p) {
      Point expected;
      for (const SmallTick& tick : day.ticks) {
        for (const SmallImpression& one : tick) {
          const float value = one.values[static_cast<size_t>(seat)];
          const float bid = std::min(grid.alpha(p) * value, CappedDay::kCap);
          CappedDay::offer(one, seat, auction, [&](float rival, uint8_t rival_seat, double shown) {
            if (CappedDay::holds(rival, rival_seat, bid, seat)) return false;
            expected.value += shown * static_cast<double>(value);
            expected.cost += shown * static_cast<double>(rival);
            return true;
          });
        }
      }
      ASSERT_NEAR(curve[p].value, expected.value, 360 * kValueUnit) << "seat " << seat << " point " << p;
      ASSERT_NEAR(curve[p].cost, expected.cost, 360 * kCostUnit) << "seat " << seat << " point " << p;
    }
    EXPECT_EQ(responses.left_out(seat), 0.0);
  }
}

// Of the slots that some bid wins.
TEST_P(ResponsesOfSlots, AtTheCapOfBidsChooseTheBestSlotAtEveryPrice) {
  const CappedDay day(8);
  const Auction auction = CappedDay::auction(GetParam());
  const Responses responses = respond(day.ticks, 5, auction);
  const AlphaGrid& grid = responses.grid(0);
  for (int seat = 0; seat < 5; ++seat) {
    const Curve curve = responses.slot_curve(seat);
    for (size_t p = 1; p + 1 < grid.num_points(); ++p) {
      const double price = static_cast<double>(grid.alpha(p));
      double expected = 0.0;
      for (const SmallTick& tick : day.ticks) {
        for (const SmallImpression& one : tick) {
          double best = 0.0;
          CappedDay::offer(one, seat, auction, [&](float rival, uint8_t rival_seat, double shown) {
            if (CappedDay::holds(rival, rival_seat, CappedDay::kCap, seat)) return false;
            const auto value = static_cast<double>(one.values[static_cast<size_t>(seat)]);
            best = std::max(best, shown * (value - static_cast<double>(rival) / price));
            return false;
          });
          expected += best;
        }
      }
      ASSERT_NEAR(curve[p].value - curve[p].cost / price, expected, 360 * (kValueUnit + kCostUnit / price));
    }
  }
}

TEST(Responses, OfSeatsAtTheCapTheLowerOneHoldsTheSlot) {
  // A bid of the cap is at alpha 64. Seat 1 looks at the cap of seat 0, then of seat 2.
  Auction auction;
  auction.rule.highest_bid = 0x1p-4;
  const auto curve_of = [&](uint8_t rival) {
    const SmallTick tick{{{0x1p-10F, 0x1p-10F, 0x1p-10F}, {0x1p-4F, 0x1p-5F}, {rival, 3, kNoSeat, kNoSeat}}};
    return respond({tick}, 3, auction).bid_curve(1);
  };
  const auto at_64 = static_cast<size_t>(AlphaGrid().first_point_above(64.0F)) - 1;
  const Curve lower = curve_of(0), higher = curve_of(2);
  EXPECT_NEAR(lower.back().value, 0.8 * 0x1p-10, 3 * kValueUnit);
  EXPECT_NEAR(lower.back().cost, 0.8 * 0x1p-5, 3 * kCostUnit);
  EXPECT_NEAR(higher[at_64 - 1].value, 0.8 * 0x1p-10, 3 * kValueUnit);
  EXPECT_NEAR(higher[at_64].value, 0x1p-10, 3 * kValueUnit);
  EXPECT_NEAR(higher[at_64].cost, 0x1p-4, 3 * kCostUnit);
}

TEST_P(ResponsesOfSlots, RiseWithAlpha) {
  const Responses responses = respond(random_day(3, 2, 200, 3), 3, with_slots(GetParam()));
  for (int seat = 0; seat < 3; ++seat) {
    for (const Curve& curve : {responses.bid_curve(seat, 1), responses.bid_curve(seat), responses.slot_curve(seat)}) {
      EXPECT_EQ(curve[0].cost, 0.0);
      EXPECT_GT(curve.back().value, 0.0);
      for (size_t p = 1; p < curve.size(); ++p) {
        ASSERT_GE(curve[p].value, curve[p - 1].value);
        ASSERT_GE(curve[p].cost, curve[p - 1].cost);
      }
    }
  }
}

TEST(Responses, AreTheSameForAnyNumberOfThreadsAndOrderOfTicks) {
  const auto day = random_day(6, 12, 100, 4);
  const Responses one = respond(day, 6);
  for (const int count : {1, 2, 4}) {
    Threads threads(count);
    Responses many(6, 12);
    threads.parallel_for(12, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto tick = static_cast<size_t>(11 - i);
        const SmallBlocks blocks(day[tick], 6);
        many.add(static_cast<int>(tick), blocks.blocks(), 3, 6);
        many.add(static_cast<int>(tick), std::span(blocks.blocks()).first(1), 0, 3);
        many.add(static_cast<int>(tick), std::span(blocks.blocks()).subspan(1), 0, 3);
      }
    });
    for (int seat = 0; seat < 6; ++seat) {
      const Curve a = one.slot_curve(seat), b = many.slot_curve(seat);
      const Curve c = one.bid_curve(seat), d = many.bid_curve(seat);
      for (size_t p = 0; p < a.size(); ++p) {
        ASSERT_EQ(a[p].value, b[p].value);
        ASSERT_EQ(a[p].cost, b[p].cost);
        ASSERT_EQ(c[p].value, d[p].value);
        ASSERT_EQ(c[p].cost, d[p].cost);
      }
    }
  }
}

SmallImpression impression(float value, std::array<float, 4> bids, std::array<uint8_t, 4> seats) {
  return {{value, 0.0F}, bids, seats};
}

TEST(Responses, WithoutRivalsEverySlotCostsTheReserve) {
  const SmallTick tick{impression(0.001F, {0.5F, 0.0F, 0.0F, 0.0F}, {0, kNoSeat, kNoSeat, kNoSeat})};
  const Curve curve = respond({tick}, 2).bid_curve(0, 0);
  EXPECT_EQ(curve[0].value, 0.0);
  EXPECT_NEAR(curve[1].value, 0.001, 3 * kValueUnit);  // alpha 16 bids 0.016, above the reserve
  EXPECT_NEAR(curve[1].cost, 0.0001, 3 * kCostUnit);
}

TEST(Responses, AnEqualBidDoesNotWin) {
  // 2^-4 / 2^-10 = alpha 64, a point of the grid.
  const SmallTick tick{impression(0x1p-10F, {0x1p-4F, 0x1p-4F, 0x1p-4F, 0x1p-4F}, {1, 2, 3, 4})};
  const Responses responses = respond({tick}, 2);
  const Curve curve = responses.bid_curve(0, 0);
  const auto at_64 = static_cast<size_t>(responses.grid(0).first_point_above(64.0F)) - 1;
  ASSERT_EQ(responses.grid(0).alpha(at_64), 64.0F);
  EXPECT_EQ(curve[at_64].value, 0.0);
  EXPECT_NEAR(curve[at_64 + 1].value, 0x1p-10, 3 * kValueUnit);  // all three slots at once: the best one
  EXPECT_NEAR(curve[at_64 + 1].cost, 0x1p-4, 3 * kCostUnit);
}

TEST(Responses, ValuesOfZeroAndEmptyTicksBringNothing) {
  const SmallTick tick{impression(0.001F, {0.05F, 0.04F, 0.03F, 0.02F}, {2, 3, 4, 5})};
  const Responses responses = respond({{}, tick}, 2);
  EXPECT_EQ(responses.bid_curve(1).back().value, 0.0);
  EXPECT_EQ(responses.bid_curve(1).back().cost, 0.0);
  EXPECT_EQ(responses.slot_curve(1).back().cost, 0.0);
  EXPECT_EQ(responses.bid_curve(0, 0).back().value, 0.0);
  EXPECT_GT(responses.bid_curve(0, 1).back().value, 0.0);
}

}  // namespace
}  // namespace genbid::oracle
