#include "eval/replay_evaluation.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

#include "base/convert.h"
#include "base/files/content_hash.h"
#include "base/progress.h"
#include "data/log_ticks.h"
#include "eval/candidate_bidder.h"

namespace genbid::eval {
namespace {

CellResult cell_of(const replay::ReplayCell& from) {
  CellResult cell;
  cell.period = from.period;
  cell.seat = from.advertiser;
  cell.budget = from.campaign.budget;
  cell.cpa_limit = from.campaign.cpa_limit;
  cell.cost = from.cost;
  cell.conversions = from.conversions;
  cell.expected_conversions = from.expected_conversions;
  cell.conversion_variance = from.expected_conversions - from.conversion_sums.squared;
  cell.score = from.score;
  cell.expected_score = from.expected_score;
  cell.score_of_expectation = from.score_of_expectation;
  cell.wins = from.wins;
  cell.last_active_tick = from.last_active_tick;
  return cell;
}

// Whose rows a log was taken for. Rows that seem to be in AuctionNet's order may turn out not to be
// (data/raw_log_reader.h), and then what was played of them is void. A job that is found may have been played of them
// by a process that was killed before it knew; so a job says how its rows were read, and what was read in order counts
// unless this reading of the log, to its end, finds that they were not.
enum class RowOrder { kInOrder, kSorted };

// A job that was found or played.
template <typename Job>
struct Found {
  Job job;
  RowOrder rows = RowOrder::kInOrder;
};

// The jobs of a replay: for each period hindsight, and a job for each candidate.
class ReplayJobs : public replay::PeriodTaker {
 public:
  ReplayJobs(const ReplayPlan& plan, const std::vector<Candidate>& candidates)
      : plan_(plan),
        candidates_(candidates),
        periods_(plan.config.periods.values),
        found_days_(periods_.size()),
        found_jobs_(candidates.size(), std::vector<std::optional<Found<PeriodCells>>>(periods_.size())) {
    std::sort(periods_.begin(), periods_.end());
    for (const Candidate& candidate : candidates) {
      named_.push_back(std::make_unique<CandidateBidder>(candidate.name, *candidate.bidder));
      bidders_.push_back(named_.back().get());
    }
    find_jobs();
  }

  // False if a stop was asked for.
  bool play(Threads& threads) {
    const auto wanted = std::count_if(periods_.begin(), periods_.end(), [&](int64_t p) { return wish(p).anything(); });
    const int64_t num_ticks = wanted * data::replay_log_ticks(plan_.config.log);
    progress_.emplace("replay", num_ticks, "ticks");
    if (!replay::replay(plan_.config, bidders_, threads, *this)) return false;
    if (num_ticks > 0) progress_->finish();
    return true;
  }

  // The cells, or how many jobs are missing.
  JobsDone done() {
    if (plan_.shard.count > 1) find_jobs();  // other shards may have played some meanwhile
    JobsDone done;
    done.missing = std::count(found_days_.begin(), found_days_.end(), std::nullopt);
    for (const auto& jobs : found_jobs_) done.missing += std::count(jobs.begin(), jobs.end(), std::nullopt);
    for (size_t c = 0; c < candidates_.size() && done.missing == 0; ++c) {
      const Candidate& one = candidates_[c];
      Evaluation& evaluation =
          done.evaluations.emplace_back(Evaluation{one.name, one.kind, {}, one.asked, one.record, one.selection});
      for (size_t p = 0; p < periods_.size(); ++p) {
        std::vector<CellResult>& cells = found_jobs_[c][p]->job.cells;
        const std::vector<oracle::SeatOptima>& optima = found_days_[p]->job.seats;
        assert(cells.size() == optima.size());
        for (size_t s = 0; s < cells.size(); ++s) cells[s].optimum = optima[s].slots.score;
        evaluation.cells.insert(evaluation.cells.end(), cells.begin(), cells.end());
      }
    }
    return done;
  }

  // --- As a log is read ---

  replay::PeriodWish wish(int64_t period) override {
    const size_t p = place_of(period);
    replay::PeriodWish wish{!found_days_[p] && is_mine(0, p), std::vector<bool>(candidates_.size())};
    for (size_t c = 0; c < candidates_.size(); ++c) wish.bidders[c] = !found_jobs_[c][p] && is_mine(c + 1, p);
    return wish;
  }

  void take(replay::ReplayedPeriod played) override {
    const size_t p = place_of(played.period);
    if (!played.optima.empty()) {
      HindsightDay day{{}, /*has_slots=*/true, {}};
      for (const oracle::Optimum& slots : played.optima) day.seats.push_back({{}, {}, {}, slots, {}});
      if (plan_.store != nullptr) plan_.store->keep_hindsight(hindsight_key(p, rows_), day);
      found_days_[p] = Found<HindsightDay>{std::move(day), rows_};
    }
    for (size_t c = 0; c < candidates_.size(); ++c) {
      if (played.cells[c].empty()) continue;
      PeriodCells job;
      for (replay::ReplayCell& cell : played.cells[c]) {
        job.cells.push_back(cell_of(cell));
        job.days.push_back(std::move(cell.day));
      }
      if (plan_.store != nullptr) plan_.store->keep_cells(cells_key(c, p, rows_), job);
      job.days.clear();  // they are in the file
      found_jobs_[c][p] = Found<PeriodCells>{std::move(job), rows_};
    }
  }

  void restart() override {
    rows_ = RowOrder::kSorted;
    ticks_done_ = 0;
    const auto is_void = [](const auto& found) { return found && found->rows == RowOrder::kInOrder; };
    std::replace_if(found_days_.begin(), found_days_.end(), is_void, std::nullopt);
    for (auto& jobs : found_jobs_) std::replace_if(jobs.begin(), jobs.end(), is_void, std::nullopt);
  }

  void on_tick() override { progress_->update(++ticks_done_); }

 private:
  size_t place_of(int64_t period) const {
    return to_size(std::lower_bound(periods_.begin(), periods_.end(), period) - periods_.begin());
  }
  // A period's hindsight is job 0 of it, candidates follow.
  bool is_mine(size_t job, size_t period) const {
    return plan_.shard.holds(to_signed(period * (candidates_.size() + 1) + job));
  }

  std::string advertisers() const {
    std::string text = "advertisers";
    for (const int64_t number : plan_.config.advertisers.values) text += " " + std::to_string(number);
    return text;
  }
  std::string where(RowOrder rows) const {
    return plan_.scenario + "\n" + advertisers() + (rows == RowOrder::kSorted ? "\nrows sorted" : "");
  }
  JobKey hindsight_key(size_t period, RowOrder rows) const {
    const std::string folder = plan_.scenario.substr(0, 16) + "-" + content_hash(advertisers()).substr(0, 8);
    return {folder, content_hash(where(rows)), periods_[period]};
  }
  JobKey cells_key(size_t c, size_t period, RowOrder rows) const {
    const std::string text = where(rows) + "\ncandidate " + candidates_[c].identity;
    return {candidates_[c].folder, content_hash(text), periods_[period]};
  }

  void find_jobs() {
    if (plan_.store == nullptr) return;
    for (const RowOrder rows : {RowOrder::kSorted, RowOrder::kInOrder}) {
      if (rows == RowOrder::kInOrder && rows_ == RowOrder::kSorted) break;
      for (size_t p = 0; p < periods_.size(); ++p) {
        if (!found_days_[p]) keep(plan_.store->find_hindsight(hindsight_key(p, rows)), rows, found_days_[p]);
        for (size_t c = 0; c < candidates_.size(); ++c) {
          if (found_jobs_[c][p]) continue;
          keep(plan_.store->find_cells(cells_key(c, p, rows)), rows, found_jobs_[c][p]);
          if (found_jobs_[c][p]) found_jobs_[c][p]->job.days.clear();
        }
      }
    }
  }
  template <typename Job>
  static void keep(std::optional<Job> job, RowOrder rows, std::optional<Found<Job>>& place) {
    if (job) place = Found<Job>{std::move(*job), rows};
  }

  const ReplayPlan& plan_;
  const std::vector<Candidate>& candidates_;
  std::vector<std::unique_ptr<CandidateBidder>> named_;
  std::vector<Bidder*> bidders_;
  std::vector<int64_t> periods_;        // rising
  RowOrder rows_ = RowOrder::kInOrder;  // of this reading
  std::optional<Progress> progress_;
  int64_t ticks_done_ = 0;
  std::vector<std::optional<Found<HindsightDay>>> found_days_;              // by period
  std::vector<std::vector<std::optional<Found<PeriodCells>>>> found_jobs_;  // by candidate and period
};

}  // namespace

std::optional<JobsDone> replay_jobs(const ReplayPlan& plan, const std::vector<Candidate>& candidates,
                                    Threads& threads) {
  ReplayJobs jobs(plan, candidates);
  if (!jobs.play(threads)) return std::nullopt;
  return jobs.done();
}

std::vector<Evaluation> evaluate_in_replay(const replay::ReplayConfig& config, const std::vector<Candidate>& candidates,
                                           Threads& threads) {
  std::optional<JobsDone> done = replay_jobs({config}, candidates, threads);
  return done ? std::move(done->evaluations) : std::vector<Evaluation>();
}

}  // namespace genbid::eval
