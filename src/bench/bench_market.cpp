#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "base/convert.h"
#include "bench/bench.h"
#include "base/error.h"
#include "base/threads.h"
#include "bidders/pid.h"
#include "eval/evaluation.h"
#include "market/corrected/cell_tick.h"
#include "market/traffic/traffic_cache.h"
#include "oracle/optima.h"
#include "oracle/tape.h"
#include "play/hindsight.h"
#include "play/simulate.h"
#include "play/tape_maker.h"

// The market under the rules `corrected`.

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kImpressions = 500'000;
constexpr int64_t kPeriod = 0;

// A hash of all outcomes, by which two runs can be compared bit by bit.
struct Outcomes : market::PeriodSink {
  void on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> seats) override {
    num_clearings += seats[0].num_clearings;
    for (const market::SeatTick& seat : seats) {
      const TickOutcome& outcome = seat.outcome;
      for (const double value : {outcome.cost, outcome.sum_pvalue_exposed, outcome.sum_bid_exposed, outcome.sum_bid}) {
        add(std::bit_cast<uint64_t>(value));
      }
      add(static_cast<uint64_t>(outcome.num_conversions));
      add(static_cast<uint64_t>(outcome.num_wins));
    }
  }
  void add(uint64_t bits) { hash = (hash ^ bits) * 0x100000001b3ULL; }

  uint64_t hash = 0xcbf29ce484222325ULL;
  int64_t num_clearings = 0;
};

// Somebody's day, ready to be played again and again.
class PeriodPlay {
 public:
  PeriodPlay(const std::string& population, int64_t cache_megabytes, int num_threads)
      : threads_(num_threads),
        population_(play::load_population(population)),
        seated_(population_, BiddingRules::kCorrected) {
    config_.cache_megabytes = cache_megabytes;
    market_ = market::make_market(config_, threads_);
  }
  void play(market::PeriodSink& sink) { market::play(*market_, {cell()}, seated_.bidders, seated_.seat_bidder, sink); }
  Outcomes play() {
    Outcomes outcomes;
    play(outcomes);
    return outcomes;
  }
  market::Cell cell() const { return play::make_cell(population_, kPeriod, config_); }
  market::Market& market() { return *market_; }
  Threads& threads() { return threads_; }

 private:
  market::MarketConfig config_;
  Threads threads_;
  play::Population population_;
  play::SeatedPopulation seated_;
  std::unique_ptr<market::Market> market_;
};

// All auctions of a period in which everybody bids a constant alpha around 90 and nobody is short of money.
void bench_clear_period(int num_threads) {
  Threads threads(num_threads);
  const market::Traffic traffic(1, kImpressions);
  const int64_t period = kPeriod;
  market::TrafficCache cache(traffic.period_bytes());
  market::PeriodTraffic& day = *cache.take(traffic, {&period, 1}).front();
  const market::PeriodFactors& factors = day.factors;
  for (int t = 0; t < kTicksPerPeriod; ++t) {
    market::TickTraffic& tick = day.at(t);
    traffic.begin_tick(factors, t, tick);
    for (int64_t chunk = 0; chunk < tick.num_chunks; ++chunk) traffic.fill_chunk(factors, chunk, tick);
    traffic.end_tick(tick);
  }
  market::SeatBids bids;
  for (int seat = 0; seat < kNumSeats; ++seat) bids.add(seat, {.value = 78.0 + 0.5 * seat});
  const std::vector<market::WideSum> money(kNumSeats, std::numeric_limits<int64_t>::max());
  market::CellTick auction(1);
  int64_t num_pv = 0;
  for (const market::TickTraffic& tick : day.ticks) {
    const market::TickContext context{traffic, factors, tick};
    auction.play(context, bids, money, &threads);
    market::TickSums expected;
    for (int64_t pv = 0; pv < tick.num_pv; ++pv)
      market::tally(context, bids, pv, market::clear_one(tick, pv, bids, 0), 1, expected);
    for (size_t seat = 0; seat < kNumSeats; ++seat) {
      if (auction.sums().seats[seat].cost == expected.seats[seat].cost &&
          auction.sums().seats[seat].conversions == expected.seats[seat].conversions) {
        continue;
      }
      throw Error("bench market.clear_period: tick " + std::to_string(tick.tick) + ", seat " + std::to_string(seat) +
                  ": blocks and single impressions disagree");
    }
    num_pv += tick.num_pv;
  }
  const double seconds = median_seconds([&] {
    for (const market::TickTraffic& tick : day.ticks) auction.play({traffic, factors, tick}, bids, money, &threads);
  });
  print_figure("market.clear_period", 1e3 * seconds, "ms",
               {{"impressions", num_pv},
                {"seats", kNumSeats},
                {"instructions", market::simd_targets().front()},
                {"threads", threads.count()}});
}

void check_same(const std::string& name, const Outcomes& found, const Outcomes& expected) {
  if (found.hash == expected.hash) return;
  throw Error("bench " + name + ": the period does not come out as with one thread and traffic made anew");
}

// AuctionNet's simulator, one core: 13.2 s for 48 PID bidders, 0.9 s of them for the traffic.
void bench_play(const std::string& name, int64_t cache_megabytes, double official_seconds, int num_threads) {
  const Outcomes expected = PeriodPlay("pid48", 0, 1).play();
  for (const char* population : {"pid48", "official"}) {
    PeriodPlay period(population, cache_megabytes, num_threads);
    if (population == std::string("pid48")) {
      check_same(name, period.play(), expected);
      check_same(name, period.play(), expected);
    }
    Outcomes last;
    const double seconds = median_seconds([&] { last = period.play(); });
    Json settings = {{"population", population},
                     {"impressions", kImpressions},
                     {"traffic", cache_megabytes > 0 ? "cached" : "generated"},
                     {"clearings", last.num_clearings},
                     {"threads", period.threads().count()},
                     {"peak_memory_bytes", peak_memory()}};
    if (population == std::string("pid48")) settings["times_faster_than_auctionnet"] = official_seconds / seconds;
    print_figure(name, 1e3 * seconds, "ms", settings);
  }
}

// The published protocol: a rule against the official population, in each of the 48 seats of four periods.
void bench_cells_192(int num_threads) {
  Threads threads(num_threads);
  eval::EvaluationPlan plan;
  plan.population = play::load_population("official");
  plan.periods = {0, 1, 2, 3};
  for (int seat = 0; seat < kNumSeats; ++seat) plan.seats.push_back(seat);
  const auto pid = bidders::make_pid(BiddingRules::kCorrected);
  const std::vector<eval::Candidate> candidates = {{"pid", "rule", pid.get(), {}}};
  // Where the population has PID already, putting PID there changes nothing.
  struct SeatZero : market::PeriodSink {
    void on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> seats) override {
      cost += seats[0].outcome.cost;
    }
    double cost = 0.0;
  } alone;
  PeriodPlay("official", 0, num_threads).play(alone);
  std::vector<eval::Evaluation> evaluations;
  const double seconds = median_seconds([&] { evaluations = eval::evaluate_in_market(plan, candidates, threads); }, 3);
  if (evaluations.empty() || std::abs(evaluations[0].cells[0].cost - alone.cost) > 1e-9 * alone.cost) {
    throw Error("bench market.cells_192: seat 0, replaced by its own kind, does not spend what it spent");
  }
  print_figure("market.cells_192", seconds, "s",
               {{"population", "official"},
                {"candidate", "pid"},
                {"impressions", kImpressions},
                {"traffic", "generated"},
                {"threads", threads.count()},
                {"peak_memory_bytes", peak_memory()}});
}

// Keeps a period's ladders.
struct Ladders : market::PeriodSink {
  void on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> /*seats*/) override {}
  void on_ladder(int64_t /*cell*/, int /*tick*/, const market::TickLadder& ladder) override {
    market::TickLadder& copy = ticks.emplace_back();
    copy.tops = ladder.tops;
    copy.blocks = ladder.blocks;
    for (size_t b = 0; b < copy.blocks.size(); ++b) copy.blocks[b].top = &copy.tops[b];
  }
  std::vector<market::TickLadder> ticks;
};

// The hindsight optima of all 48 seats of a period against the official population, whose bids are known.
void bench_oracle(int num_threads) {
  PeriodPlay period("official", 256, num_threads);  // kept, so that the ladders' values stay where they are
  Threads& threads = period.threads();
  const market::Cell cell = period.cell();
  Ladders ladders;
  period.market().keep_ladders(true);
  period.play(ladders);

  double largest_gap = 0.0;
  double mean_optimum = 0.0;
  const auto find_optima = [&] {
    oracle::Responses responses = play::responses_for(period.market(), cell);
    std::vector<std::vector<oracle::ImpressionBlock>> blocks;
    for (const market::TickLadder& tick : ladders.ticks) play::add_blocks(tick, blocks.emplace_back());
    std::array<oracle::SeatOptima, kNumSeats> optima;
    threads.parallel_for(kNumSeats, 1, [&](int64_t begin, int64_t end) {
      for (size_t tick = 0; tick < blocks.size(); ++tick) {
        responses.add(to_int(tick), blocks[tick], to_int(begin), to_int(end));
      }
      for (auto seat = to_size(begin); seat < to_size(end); ++seat) {
        const oracle::DayPlan plan(responses, to_int(seat));
        optima[seat] = oracle::seat_optima(responses, to_int(seat), plan, cell.advertisers[seat]);
      }
    });
    largest_gap = mean_optimum = 0.0;
    for (const oracle::SeatOptima& best : optima) {
      largest_gap = std::max({largest_gap, best.per_tick.gap(), best.slots.gap()});
      mean_optimum += best.per_tick.score / kNumSeats;
    }
  };
  find_optima();
  if (largest_gap > 1e-4) {
    throw Error("bench oracle.48_seats: found a duality gap of " + std::to_string(largest_gap) + ", expected 1e-4");
  }
  const double seconds = median_seconds(find_optima);
  print_figure("oracle.48_seats", seconds, "s",
               {{"population", "official"},
                {"impressions", kImpressions},
                {"optima", 4 * kNumSeats},
                {"mean_optimum", mean_optimum},
                {"largest_gap", largest_gap},
                {"threads", threads.count()},
                {"peak_memory_bytes", peak_memory()}});
}

// How far interpolated days lie from the fine ones, at alphas of half to twice the CPA limit.
struct TapeError {
  double value = 0.0;  // the distances of all seats and alphas, as a share of all values
  double cost = 0.0;
  double worst = 0.0;  // of a seat's value or cost, as a share of that of its day at the CPA limit
};

TapeError tape_error(const oracle::Responses& day, const std::vector<float>& numbers, const market::Cell& cell) {
  const size_t num_knots = oracle::CurveThinner(day.grid(0)).num_knots();
  std::vector<oracle::Knot> knots(numbers.size() * sizeof(float) / sizeof(oracle::Knot));
  std::memcpy(static_cast<void*>(knots.data()), numbers.data(), numbers.size() * sizeof(float));
  TapeError error;
  oracle::Point all;
  constexpr int kAlphas = 33;
  for (int seat = 0; seat < day.num_seats(); ++seat) {
    const oracle::AlphaGrid& grid = day.grid(seat);
    const oracle::Curve fine = day.bid_curve(seat);
    const double limit = at(cell.advertisers, seat).cpa_limit;
    const oracle::Point& usual = fine[to_size(grid.first_point_above(as_float(limit)))];
    for (int i = 0; i < kAlphas; ++i) {
      const double asked = limit * std::exp2((i - 16) / 16.0);
      const auto point = to_size(grid.first_point_above(as_float(asked)));  // both curves are asked at the grid's alpha
      oracle::Point sum;
      for (int tick = 0; tick < day.num_ticks(); ++tick) {
        const auto first = to_size(seat * day.num_ticks() + tick) * num_knots;
        const auto one =
            oracle::interpolate(std::span(knots).subspan(first, num_knots), grid.lowest, as_double(grid.alpha(point)));
        sum.value += one.value;
        sum.cost += one.cost;
      }
      const double value = std::abs(sum.value - fine[point].value);
      const double cost = std::abs(sum.cost - fine[point].cost);
      error.value += value;
      error.cost += cost;
      error.worst = std::max({error.worst, value / usual.value, cost / usual.cost});
      all.value += fine[point].value;
      all.cost += fine[point].cost;
    }
  }
  error.value /= all.value;
  error.cost /= all.cost;
  return error;
}

// A period's fine curves, thinned to the knots of a tape.
void bench_tape(int num_threads) {
  PeriodPlay period("official", 256, num_threads);
  Threads& threads = period.threads();
  const market::Cell cell = period.cell();
  oracle::Responses day = play::tape_responses(period.market(), cell);
  period.market().keep_ladders(true);
  play::ResponseSink sink(day, threads);
  period.play(sink);
  std::vector<float> knots;
  const double seconds = median_seconds([&] { knots = play::tape_knots(day, threads); });
  const TapeError error = tape_error(day, knots, cell);
  if (!(std::max(error.value, error.cost) < 0.001)) {
    throw Error("bench oracle.tape: found days that are off by " + std::to_string(error.value) + " in value and " +
                std::to_string(error.cost) + " in cost, expected at most 0.001");
  }
  print_figure("oracle.tape", seconds, "s",
               {{"population", "official"},
                {"impressions", kImpressions},
                {"knots_per_octave", oracle::kKnotsPerOctave},
                {"bytes", knots.size() * sizeof(float)},
                {"error_of_value", error.value},
                {"error_of_cost", error.cost},
                {"worst_error", error.worst},
                {"threads", threads.count()}});
}

}  // namespace

std::vector<Benchmark> market_benchmarks() {
  return {{"market.clear_period", bench_clear_period},
          {"market.play_period", [](int threads) { bench_play("market.play_period", 256, 12.3, threads); }},
          {"market.play_period_with_traffic",
           [](int threads) { bench_play("market.play_period_with_traffic", 0, 13.2, threads); }},
          {"market.cells_192", bench_cells_192},
          {"oracle.48_seats", bench_oracle},
          {"oracle.tape", bench_tape}};
}

}  // namespace genbid::bench
