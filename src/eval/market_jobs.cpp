#include <algorithm>
#include <cassert>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/convert.h"
#include "base/files/content_hash.h"
#include "base/progress.h"
#include "bidding/score.h"
#include "bidding/seat_day.h"
#include "eval/candidate_bidder.h"
#include "eval/evaluation.h"
#include "eval/hindsight_pass.h"
#include "play/simulate.h"

namespace genbid::eval {
namespace {

// Adds up the judged seat of each cell, and keeps its day.
class JudgedSeats : public market::PeriodSink {
 public:
  JudgedSeats(std::vector<CellResult>& cells, std::vector<CellDay>& days, int num_ticks, Progress& progress,
              int64_t& ticks_done)
      : cells_(cells),
        days_(days),
        num_ticks_(num_ticks),
        sums_(cells.size()),
        progress_(progress),
        ticks_done_(ticks_done) {}

  void on_tick(int64_t number, int tick, std::span<const market::SeatTick> seats) override {
    const auto i = to_size(number);
    CellResult& cell = cells_[i];
    const market::SeatTick& seat = at(seats, cell.seat);
    SeatDay& sum = sums_[i];
    sum.add(seat.start, seat.outcome);
    days_[i].add(seat.may_bid ? &seat.bid : nullptr, seat.outcome);
    if (tick + 1 == num_ticks_) {
      cell.cost = sum.cost();
      cell.expected_conversions = sum.expected_conversions();
      cell.conversions = as_double(sum.num_conversions());
      cell.conversion_variance = sum.conversion_variance();
      cell.score = sum.score(cell.cpa_limit);
      cell.expected_score = sum.expected_score(cell.cpa_limit);
      cell.score_of_expectation = sum.score_of_expectation(cell.cpa_limit);
      cell.wins = sum.num_wins();
      cell.last_active_tick = sum.last_active_tick();
    }
    progress_.update(++ticks_done_);
  }

 private:
  std::vector<CellResult>& cells_;
  std::vector<CellDay>& days_;
  int num_ticks_;
  std::vector<SeatDay> sums_;
  Progress& progress_;
  int64_t& ticks_done_;
};

const oracle::Optimum& chosen(const oracle::SeatOptima& optima, HindsightChoice choice) {
  switch (choice) {
    case HindsightChoice::kConstant:
      return optima.constant;
    case HindsightChoice::kConstantKept:
      return optima.constant_kept;
    case HindsightChoice::kSlots:
      return optima.slots;
    case HindsightChoice::kPerTick:
      break;
  }
  return optima.per_tick;
}

// A candidate with the bidders that it meets, which no other candidate's cells may change.
struct Player {
  Player(const Candidate& candidate_to_play, const play::SeatedPopulation& seated)
      : candidate(candidate_to_play), bidder(candidate_to_play.name, *candidate_to_play.bidder) {
    bidders = seated.bidders;
    bidders.push_back(&bidder);
    is_chain = keep_state_between_periods(bidders);
  }

  const Candidate& candidate;
  CandidateBidder bidder;
  std::vector<Bidder*> bidders;  // the population's seats, then the candidate
  bool is_chain = false;         // each period depends on those before
};

// The jobs of one market seed: for each period hindsight, and a job for each candidate that is played.
class SeedJobs {
 public:
  SeedJobs(const EvaluationPlan& plan, const std::vector<Candidate>& candidates, Threads& threads)
      : plan_(plan),
        candidates_(candidates),
        market_(market::make_market(plan.market, threads)),
        hindsight_(plan_, *market_, wants_slots(candidates)),
        seated_(plan.population, plan.market.bidder_rules(), plan.market.shape().ticks),
        found_days_(plan.periods.size()),
        found_jobs_(candidates.size()) {
    for (const Candidate& candidate : candidates) {
      if (candidate.bidder == nullptr) {
        players_.push_back(nullptr);
        continue;
      }
      players_.push_back(std::make_unique<Player>(candidate, seated_));
      any_chain_ = any_chain_ || players_.back()->is_chain;
    }
    any_chain_ = any_chain_ || hindsight_.is_chain();
    find_jobs();
  }

  // Finding what was possible in a period takes about as long as playing some cells of it.
  int64_t cells_to_play() const {
    int64_t jobs = 0;
    for (size_t p = 0; p < plan_.periods.size(); ++p) jobs += wants_hindsight(p) ? 1 : 0;
    for (size_t c = 0; c < players_.size(); ++c) {
      for (size_t p = 0; p < plan_.periods.size(); ++p) jobs += is_to_be_played(c, p) ? 1 : 0;
    }
    return jobs * std::ssize(plan_.seats);
  }

  // False if a stop was asked for.
  bool play(Progress& progress, int64_t& ticks_done) {
    const size_t together = periods_together();
    for (size_t first = 0; first < plan_.periods.size(); first += together) {
      const size_t last = std::min(first + together, plan_.periods.size());
      if (plan_.book != nullptr) plan_.book->clear();
      for (size_t p = first; p < last; ++p) {
        if (!judge_period(p, progress, ticks_done)) return false;
      }
      for (size_t c = 0; c < players_.size(); ++c) {
        if (players_[c] != nullptr && !play_candidate(c, first, last, progress, ticks_done)) return false;
      }
    }
    return true;
  }

  // Adds the cells to the evaluations, and returns how many jobs are missing.
  int64_t add_to(std::vector<Evaluation>& evaluations) {
    if (plan_.store != nullptr && plan_.shard.count > 1) find_jobs();  // other shards may have played some meanwhile
    int64_t missing = std::count_if(found_days_.begin(), found_days_.end(), [](const auto& day) { return !day; });
    for (size_t c = 0; c < candidates_.size(); ++c) {
      for (size_t p = 0; p < plan_.periods.size(); ++p) {
        if (players_[c] != nullptr && !found_jobs_[c][p]) ++missing;
      }
    }
    if (missing > 0) return missing;
    for (size_t c = 0; c < candidates_.size(); ++c) {
      for (size_t p = 0; p < plan_.periods.size(); ++p) {
        std::vector<CellResult> cells = players_[c] != nullptr ? found_jobs_[c][p]->cells : empty_cells(c, p);
        for (size_t s = 0; s < cells.size(); ++s) {
          finish(candidates_[c], found_days_[p]->seats[s], cells[s]);
          evaluations[c].cells.push_back(cells[s]);
        }
      }
    }
    return 0;
  }

 private:
  static bool wants_slots(const std::vector<Candidate>& candidates) {
    return std::any_of(candidates.begin(), candidates.end(), [](const Candidate& one) {
      return one.bidder == nullptr && one.choice == HindsightChoice::kSlots;
    });
  }

  size_t periods_together() const {
    if (any_chain_) return 1;
    return to_size(std::min<int64_t>(4, play::periods_together(plan_.market, seated_.bidders, 1)));
  }

  std::vector<CellResult> empty_cells(size_t candidate, size_t period) const {
    std::vector<CellResult> cells;
    for (const int seat : plan_.seats) {
      const Advertiser advertiser = judged_campaign(plan_, seat);
      CellResult& cell = cells.emplace_back();
      cell.period = plan_.periods[period];
      cell.seat = seat;
      cell.budget = advertiser.budget;
      cell.cpa_limit = advertiser.cpa_limit;
      cell.market_seed = plan_.market.seed;
      cell.policy_seed = candidates_[candidate].policy_seed;
    }
    return cells;
  }

  static void finish(const Candidate& candidate, const oracle::SeatOptima& optima, CellResult& cell) {
    cell.optimum = optima.per_tick.score;
    if (candidate.bidder != nullptr) return;
    const oracle::Optimum& best = chosen(optima, candidate.choice);
    cell.drawn = false;
    cell.cost = best.cost;
    cell.expected_conversions = best.value;
    cell.expected_score = best.score;
    cell.score_of_expectation = score_of_expectation(best.value, best.cost, cell.cpa_limit);
  }

  // --- Which jobs there are, and which are this process's ---

  std::string where(bool is_chain, size_t period) const {
    std::string text = plan_.scenario + "\nseats";
    for (const int seat : plan_.seats) text += " " + std::to_string(seat);
    if (!is_chain) return text;
    text += "\nafter";
    for (size_t p = 0; p < period; ++p) text += " " + std::to_string(plan_.periods[p]);
    return text;
  }
  JobKey hindsight_key(size_t period) const {
    // Other seats are judged in a folder of their own, so that evaluations of some share one with those of all.
    std::string seats;
    for (const int seat : plan_.seats) seats += std::to_string(seat) + " ";
    const std::string folder = plan_.scenario.substr(0, 16) + "-" + content_hash(seats).substr(0, 8);
    return {folder, content_hash(where(hindsight_.is_chain(), period)), plan_.periods[period], plan_.market.seed, 1};
  }
  JobKey cells_key(size_t c, size_t period) const {
    const Candidate& candidate = candidates_[c];
    std::string text = where(players_[c]->is_chain, period) + "\ncandidate " + candidate.identity;
    if (candidate.reads_plans || candidate.kind == "hindsight") text += "\n" + where(hindsight_.is_chain(), period);
    return {candidate.folder, content_hash(text), plan_.periods[period], plan_.market.seed, candidate.policy_seed};
  }

  void find_jobs() {
    for (size_t p = 0; p < plan_.periods.size(); ++p) {
      if (plan_.store != nullptr && !found_days_[p]) found_days_[p] = plan_.store->find_hindsight(hindsight_key(p));
      if (found_days_[p] && hindsight_.with_slots() && !found_days_[p]->has_slots) found_days_[p].reset();
    }
    for (size_t c = 0; c < players_.size(); ++c) {
      found_jobs_[c].resize(plan_.periods.size());
      if (players_[c] == nullptr || plan_.store == nullptr) continue;
      for (size_t p = 0; p < plan_.periods.size(); ++p) {
        if (found_jobs_[c][p]) continue;
        found_jobs_[c][p] = plan_.store->find_cells(cells_key(c, p));
        if (!found_jobs_[c][p]) continue;
        found_jobs_[c][p]->days.clear();                                            // they are in the file
        if (p > 0 && found_jobs_[c][p - 1]) found_jobs_[c][p - 1]->memory.clear();  // nobody goes on from there
      }
    }
  }

  // A period's hindsight is job 0 of it, candidates follow. Periods of a chain go to one shard.
  bool is_mine(size_t job, size_t period, bool is_chain) const {
    const auto number = to_signed(is_chain ? job : period * (players_.size() + 1) + job);
    return plan_.shard.holds(number);
  }
  bool is_to_be_played(size_t c, size_t p) const {
    return players_[c] != nullptr && !found_jobs_[c][p] && is_mine(c + 1, p, players_[c]->is_chain);
  }
  bool reads_hindsight(size_t c) const { return candidates_[c].kind == "hindsight"; }

  // --- Playing ---

  bool reads_plans(size_t p) const {
    for (size_t c = 0; c < players_.size(); ++c) {
      if (is_to_be_played(c, p) && candidates_[c].reads_plans) return true;
    }
    return false;
  }
  bool wants_hindsight(size_t p) const {
    if (reads_plans(p)) return true;
    if (found_days_[p]) return false;
    for (size_t c = 0; c < players_.size(); ++c) {
      if (is_to_be_played(c, p) && reads_hindsight(c)) return true;
    }
    return is_mine(0, p, hindsight_.is_chain());
  }

  // Finds what was possible in a period, where it is wanted and not known.
  bool judge_period(size_t p, Progress& progress, int64_t& ticks_done) {
    std::vector<play::SeatHindsight> seats;
    if (wants_hindsight(p)) {
      const bool wants_plans = reads_plans(p);
      if (!remember_before(p)) return false;
      seats = hindsight_.play(plan_.periods[p], wants_plans);
      if (seats.size() != plan_.seats.size()) return false;
      HindsightDay day{{}, hindsight_.with_slots(), {}};
      for (const play::SeatHindsight& seat : seats) day.seats.push_back(seat.optima);
      if (hindsight_.is_chain()) day.memory = hindsight_.memory();
      if (plan_.store != nullptr) plan_.store->keep_hindsight(hindsight_key(p), day);
      found_days_[p] = std::move(day);
      progress.update(ticks_done += std::ssize(plan_.seats) * plan_.market.shape().ticks);
    } else if (found_days_[p]) {
      for (const oracle::SeatOptima& optima : found_days_[p]->seats) seats.push_back({optima, nullptr});
    }
    if (plan_.book == nullptr) return true;
    for (size_t s = 0; s < seats.size(); ++s) {
      plan_.book->set(plan_.periods[p], plan_.seats[s], std::move(seats[s]));
    }
    return true;
  }

  // The population as it was after the period before, which another shard may have to play first.
  bool remember_before(size_t p) {
    if (!hindsight_.is_chain()) return true;
    for (size_t before = 0; before < p; ++before) {
      if (found_days_[before]) continue;
      hindsight_.remember(before == 0 ? std::vector<double>() : found_days_[before - 1]->memory);
      std::vector<play::SeatHindsight> seats = hindsight_.play(plan_.periods[before], false);
      if (seats.size() != plan_.seats.size()) return false;
      HindsightDay day{{}, hindsight_.with_slots(), hindsight_.memory()};
      for (const play::SeatHindsight& seat : seats) day.seats.push_back(seat.optima);
      found_days_[before] = std::move(day);
    }
    hindsight_.remember(p == 0 ? std::vector<double>() : found_days_[p - 1]->memory);
    return true;
  }

  bool play_candidate(size_t c, size_t first, size_t last, Progress& progress, int64_t& ticks_done) {
    std::vector<size_t> periods;
    for (size_t p = first; p < last; ++p) {
      if (is_to_be_played(c, p)) periods.push_back(p);
    }
    if (periods.empty()) return true;
    Player& player = *players_[c];
    // Chains are played a period at a time.
    if (player.is_chain) genbid::remember(player.bidders, first == 0 ? std::vector<double>() : memory_before(c, first));

    std::vector<market::Cell> cells;
    std::vector<int> seat_bidder;
    std::vector<CellResult> results;
    const int num_seats = plan_.market.shape().seats;
    const auto candidate = to_int(player.bidders.size()) - 1;
    for (const size_t p : periods) {
      for (const CellResult& cell : empty_cells(c, p)) {
        results.push_back(cell);
        const auto judged = to_int(cell.seat);
        cells.push_back(play::make_cell(plan_.population, plan_.periods[p], plan_.market, judged));
        for (int seat = 0; seat < num_seats; ++seat) seat_bidder.push_back(seat == judged ? candidate : seat);
      }
    }
    std::vector<CellDay> days(results.size());
    JudgedSeats sink(results, days, plan_.market.shape().ticks, progress, ticks_done);
    if (!market::play(*market_, std::move(cells), player.bidders, seat_bidder, sink)) return false;
    const auto num_judged = std::ssize(plan_.seats);
    for (size_t i = 0; i < periods.size(); ++i) {
      const auto begin = to_signed(i) * num_judged;
      PeriodCells job{{results.begin() + begin, results.begin() + begin + num_judged},
                      {days.begin() + begin, days.begin() + begin + num_judged},
                      player.is_chain ? memory_of(player.bidders) : std::vector<double>()};
      if (plan_.store != nullptr) plan_.store->keep_cells(cells_key(c, periods[i]), job);
      job.days.clear();
      found_jobs_[c][periods[i]] = std::move(job);
    }
    return true;
  }

  const std::vector<double>& memory_before(size_t c, size_t period) const {
    assert(found_jobs_[c][period - 1]);  // its shard has all periods of the chain
    return found_jobs_[c][period - 1]->memory;
  }

  EvaluationPlan plan_;  // of this seed
  const std::vector<Candidate>& candidates_;
  std::unique_ptr<market::Market> market_;
  HindsightPass hindsight_;
  play::SeatedPopulation seated_;
  std::vector<std::unique_ptr<Player>> players_;  // null where a candidate is not played but computed
  bool any_chain_ = false;
  std::vector<std::optional<HindsightDay>> found_days_;              // by period
  std::vector<std::vector<std::optional<PeriodCells>>> found_jobs_;  // by candidate and period
};

}  // namespace

std::optional<JobsDone> play_jobs(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                  Threads& threads) {
  JobsDone done;
  for (const Candidate& candidate : candidates) {
    done.evaluations.push_back(
        {candidate.name, candidate.kind, {}, candidate.asked, candidate.record, candidate.selection});
  }
  std::vector<int64_t> seeds = plan.market_seeds;
  if (seeds.empty()) seeds.push_back(plan.market.seed);
  for (const int64_t seed : seeds) {
    EvaluationPlan one = plan;
    one.market.seed = seed;
    SeedJobs jobs(one, candidates, threads);
    const int64_t ticks = jobs.cells_to_play() * plan.market.shape().ticks;
    int64_t ticks_done = 0;
    Progress progress(seeds.size() == 1 ? "evaluate" : "evaluate, seed " + std::to_string(seed), ticks, "ticks");
    if (!jobs.play(progress, ticks_done)) return std::nullopt;
    if (ticks > 0) progress.finish();
    done.missing += jobs.add_to(done.evaluations);
  }
  if (done.missing > 0) done.evaluations.clear();
  return done;
}

std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads) {
  std::optional<JobsDone> done = play_jobs(plan, candidates, threads);
  return done ? std::move(done->evaluations) : std::vector<Evaluation>();
}

}  // namespace genbid::eval
