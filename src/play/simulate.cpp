#include "play/simulate.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/convert.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "base/threads.h"
#include "bidders/bidder_config.h"
#include "market/rule_sets.h"
#include "play/category_reserves.h"
#include "play/labels.h"
#include "play/run_identity.h"
#include "play/sharded_simulate.h"
#include "play/tape_maker.h"

namespace genbid::play {
namespace {

// Who plays which seat in which period.
class Seating {
 public:
  Seating(const SimulateConfig& config, const Population& population) : population_(population) {
    const market::MarketShape shape = config.market.shape();
    if (config.explore.on()) {
      exploration_.emplace(config.explore);
      owned_.push_back(exploration_->make_bidder(population, shape.ticks));
    } else {
      owned_ = make_bidders(population, config.market.bidder_rules(), shape.ticks);
    }
    for (const auto& bidder : owned_) bidders_.push_back(bidder.get());
  }

  std::span<Bidder* const> bidders() const { return bidders_; }

  Population populate(int64_t period) const {
    return exploration_ ? exploration_->populate(population_, period) : population_;
  }

  // Which bidder plays each seat of so many cells.
  std::vector<int> seat_bidder(size_t num_cells) const {
    std::vector<int> all;
    for (size_t cell = 0; cell < num_cells; ++cell) {
      for (size_t seat = 0; seat < population_.seats.size(); ++seat) {
        all.push_back(exploration_ ? 0 : to_int(seat));
      }
    }
    return all;
  }

 private:
  const Population& population_;
  std::optional<Exploration> exploration_;
  std::vector<std::unique_ptr<Bidder>> owned_;
  std::vector<Bidder*> bidders_;
};

// Makes labels and tape of a cell, which tell what other bids would have got; one cell at a time.
struct OfLadders {
  std::optional<LabelMaker> labels;
  std::optional<TapeMaker> tape;

  OfLadders(const OutputConfig& output, market::Market& market) {
    if (output.labels) labels.emplace(market);
    if (output.tape) tape.emplace(market);
  }
  void start(const market::Cell& cell) {
    if (labels) labels->start(cell);
    if (tape) tape->start(cell);
  }
  // False if a stop was asked for.
  bool finish(const oracle::Record& again, RunOutputs& outputs) {
    if (labels) {
      auto found = labels->finish(again);
      if (!found) return false;
      outputs.label(std::move(*found));
    }
    if (tape) {
      auto found = tape->finish(again);
      if (!found) return false;
      outputs.tape(std::move(*found));
    }
    return true;
  }
};

// Hands everything on, to labels and tape too where there are any, and calls `after_tick` when a tick of the first cell
// is played.
class ToldAfterTicks : public market::PeriodSink {
 public:
  ToldAfterTicks(market::PeriodSink& sink, OfLadders* of_ladders, const std::function<void(int)>& after_tick)
      : sink_(sink), after_tick_(after_tick) {
    if (of_ladders == nullptr) return;
    if (of_ladders->labels) ladder_sinks_.push_back(&*of_ladders->labels);
    if (of_ladders->tape) ladder_sinks_.push_back(&*of_ladders->tape);
  }

  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override {
    sink_.on_tick(cell, tick, seats);
    for (market::PeriodSink* sink : ladder_sinks_) sink->on_tick(cell, tick, seats);
    if (cell == 0 && after_tick_) after_tick_(tick);
  }
  void on_impressions(int64_t cell, int tick, std::span<const market::SeatTick> seats,
                      const market::TickImpressions& impressions) override {
    sink_.on_impressions(cell, tick, seats, impressions);
  }
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override {
    for (market::PeriodSink* sink : ladder_sinks_) sink->on_ladder(cell, tick, ladder);
  }

 private:
  market::PeriodSink& sink_;
  std::vector<market::PeriodSink*> ladder_sinks_;
  const std::function<void(int)>& after_tick_;
};

// Plays cells into the outputs, with labels and a tape where they are asked for. Returns false if a stop was asked for.
bool play_cells(market::Market& market, const std::vector<market::Cell>& cells, const Seating& seating,
                RunOutputs& outputs, OfLadders* of_ladders, const std::function<void(int)>& after_tick) {
  const std::vector<int> seat_bidder = seating.seat_bidder(cells.size());
  ToldAfterTicks told(outputs, of_ladders, after_tick);
  if (of_ladders == nullptr) return market::play(market, cells, seating.bidders(), seat_bidder, told);
  const market::Cell& cell = cells.front();
  const std::vector<double> before = memory_of(seating.bidders());
  of_ladders->start(cell);
  market.keep_ladders(true);
  if (!market::play(market, cells, seating.bidders(), seat_bidder, told)) return false;
  market.keep_ladders(false);
  const auto again = [&](oracle::Responses& day) {
    remember(seating.bidders(), before);  // a day that is recorded again is the same day
    return record_responses(market, cell, seating.bidders(), seat_bidder, day);
  };
  return of_ladders->finish(again, outputs);
}

}  // namespace

int64_t periods_together(const market::MarketConfig& market, std::span<Bidder* const> bidders, int num_threads) {
  if (market.rule_set().remembers_periods || keep_state_between_periods(bidders)) return 1;
  constexpr double kMaxBytes = 0.5e9;
  constexpr double kLargestTick = 3.6;  // in mean ticks: 0.075 of a day of 48
  const market::MarketShape shape = market.shape();
  const double bytes_per_impression = 4.0 * shape.seats + 16.0;
  const double largest_tick = std::min(1.0, kLargestTick / shape.ticks) * as_double(market.impressions);
  const double bytes = largest_tick * bytes_per_impression;
  const auto fitting = static_cast<int64_t>(kMaxBytes / bytes);
  return std::clamp<int64_t>(fitting, 1, std::max(8, 4 * num_threads));
}

void MarketRunConfig::fields(ConfigVisitor& v) {
  fields_but_periods(v);
  v.required("periods", periods);
  v.check(!periods.values.empty(), "periods", "at least one period");
}

void MarketRunConfig::fields_but_periods(ConfigVisitor& v) {
  market::MarketConfig::fields(v);
  v.path("population", population);
  v.check(population_exists(population), "population", expected_population());
  v.check(!auction.reserve_from.on() || population_exists(auction.reserve_from.population), "auction",
          "in reserve_from.population " + expected_population());
}

void SimulateConfig::fields(ConfigVisitor& v) {
  v.section("market", market);
  v.section("explore", explore);
  const bool apart = !market.rule_set().remembers_periods;  // a period does not depend on the one before
  v.check(apart || !explore.on(), "explore",
          "nothing under the " + market.rules + " rules, whose PID remembers who it was in the period before");
  v.section("output", output);
  v.check(!market.auction.reserve_from.on() || !output.needs_impressions(), "output",
          "raw_log and market_log: false beside market.auction.reserve_from, since a log has one price an impression");
  v.check(apart || !output.resumable, "output",
          "resumable: false under the " + market.rules + " rules, whose PID remembers the period before");
  v.check(apart || output.shard.empty(), "output",
          "no shard under the " + market.rules + " rules, whose PID remembers the period before");
  v.field("threads", threads, {0, 1024});
}

PeriodSummary SimulateSummary::mean() const {
  PeriodSummary mean;
  const auto n = as_double(periods.size());
  double clearings = 0.0;
  for (const PeriodSummary& p : periods) {
    mean.conversions += p.conversions / n;
    mean.mean_score += p.mean_score / n;
    mean.mean_expected_score += p.mean_expected_score / n;
    mean.budget_use += p.budget_use / n;
    mean.mean_least_winning_cost += p.mean_least_winning_cost / n;
    clearings += as_double(p.num_clearings) / n;
    mean.seconds += p.seconds / n;
  }
  mean.num_clearings = std::llround(clearings);
  return mean;
}

std::string SimulateSummary::text() const {
  TextTable table({{"period"},
                   {"conversions"},
                   {"mean score"},
                   {"expected score"},
                   {"budget use"},
                   {"least winning cost"},
                   {"clearings"},
                   {"seconds"}});
  const auto add = [&](const std::string& name, const PeriodSummary& p) {
    table.add({name, number_text("%.0f", p.conversions), number_text("%.3f", p.mean_score),
               number_text("%.3f", p.mean_expected_score), number_text("%.1f%%", 100.0 * p.budget_use),
               number_text("%.5f", p.mean_least_winning_cost), std::to_string(p.num_clearings),
               number_text("%.3f", p.seconds)});
  };
  constexpr size_t kMostLines = 40;
  for (size_t i = 0; periods.size() <= kMostLines && i < periods.size(); ++i) {
    add(std::to_string(periods[i].period), periods[i]);
  }
  if (periods.size() > kMostLines) add("mean", mean());
  return table.text(terminal::width(STDOUT_FILENO));
}

std::string SimulateSummary::json(const SimulateConfig& config) const {
  using Json = nlohmann::ordered_json;
  const auto numbers = [](const PeriodSummary& p) {
    return Json{{"conversions", p.conversions},
                {"score", p.mean_score},
                {"expected_score", p.mean_expected_score},
                {"budget_use", p.budget_use},
                {"mean_least_winning_cost", p.mean_least_winning_cost},
                {"num_clearings", p.num_clearings},
                {"seconds", p.seconds}};
  };
  Json json = {{"protocol", "market"},
               {"rules", config.market.rules_label()},
               {"population", config.market.population},
               {"drawn_bidders", !config.explore.bidders.empty()},
               {"impressions", config.market.impressions}};
  if (config.market.rule_set().seeded) json["seed"] = config.market.seed;
  json["num_played_before"] = num_played_before;
  if (shard) {
    json["shard"] = shard->text();
    json["missing_shards"] = missing_shards;
    json["merged"] = merged;
  }
  json["periods"] = Json::array();
  for (const PeriodSummary& p : periods) {
    Json one = {{"period", p.period}};
    one.update(numbers(p));
    json["periods"].push_back(one);
  }
  if (!periods.empty()) json["mean"] = numbers(mean());
  json["files"] = files;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

// Periods of a market whose reserves are made, in this order.
std::optional<SimulateSummary> play_periods(const SimulateConfig& config, const Population& population,
                                            const std::vector<int64_t>& periods, Threads& threads,
                                            const std::function<void(int64_t)>& progress,
                                            const std::function<void(int)>& after_tick) {
  const market::MarketShape shape = config.market.shape();
  const auto market = market::make_market(config.market, threads);
  const Seating seating(config, population);

  const auto outputs =
      make_outputs(config.output, shape, std::ssize(periods), run_identity(config, population), threads);
  SimulateSummary summary;
  summary.num_played_before = outputs->periods_done();
  market->keep_impressions(config.output.needs_impressions());
  std::optional<OfLadders> of_ladders;
  if (config.output.needs_ladders()) of_ladders.emplace(config.output, *market);
  const auto together = market->keeps_impressions() || of_ladders
                            ? size_t{1}
                            : to_size(periods_together(config.market, seating.bidders(), threads.count()));
  for (auto first = to_size(outputs->periods_done()); first < periods.size(); first += together) {
    const auto start = std::chrono::steady_clock::now();
    const size_t last = std::min(first + together, periods.size());
    std::vector<Population> populations;
    std::vector<market::Cell> cells;
    for (size_t i = first; i < last; ++i) {
      populations.push_back(seating.populate(periods[i]));
      cells.push_back(make_cell(populations.back(), periods[i], config.market));
    }
    outputs->start(populations, cells);
    if (!play_cells(*market, cells, seating, *outputs, of_ladders ? &*of_ladders : nullptr, after_tick))
      return std::nullopt;
    outputs->finish_cells();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    for (PeriodSummary& period : outputs->summaries()) {
      period.seconds = wall.count() / as_double(last - first);
      summary.periods.push_back(period);
    }
    if (progress) progress(to_signed(last));
  }
  summary.files = outputs->commit();
  return summary;
}

}  // namespace

std::optional<SimulateSummary> simulate(const SimulateConfig& asked, const std::function<void(int64_t)>& progress,
                                        const std::function<void(int)>& after_tick) {
  SimulateConfig config = asked;
  const Population population = load_population(config.market.population, config.market.shape().seats);
  std::vector<int64_t> periods = config.market.periods.values;
  // Where bidders remember the period before, the order is the user's. Elsewhere it changes nothing.
  if (!config.market.rule_set().remembers_periods) std::sort(periods.begin(), periods.end());

  Threads threads(to_int(config.threads));
  if (!make_reserves(config.market, threads)) return std::nullopt;
  if (config.output.shard.empty()) return play_periods(config, population, periods, threads, progress, after_tick);
  const auto play = [&](const SimulateConfig& part) {
    return play_periods(part, population, part.market.periods.values, threads, progress, after_tick);
  };
  return simulate_shard(config, population, periods, *parse_shard(config.output.shard), play, threads);
}

}  // namespace genbid::play
