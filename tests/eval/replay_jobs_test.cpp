#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "data/ingest.h"
#include "eval/replay_evaluation.h"
#include "eval/report.h"

// Jobs of a replay: kept, found again, shared out, under both rules and from both kinds of logs.

namespace genbid::eval {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

// Periods 0 to 2, which are alike. `late`: the last impression of period 0 comes at the end, so that the rows seem to
// be in AuctionNet's order until then.
std::string raw_log(const TemporaryFolder& folder, bool late) {
  std::ifstream in("tests/golden/offline_eval/scaled_log_2adv.csv");
  std::vector<std::string> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(line);
  const auto first_late = rows.size() - 2;  // two advertisers
  std::ofstream out(folder.path("log.csv"));
  out << rows.front() << "\n";
  for (const char* period : {"0", "1", "2"}) {
    for (size_t i = 1; i < rows.size(); ++i) {
      if (late && period == std::string("0") && i >= first_late) continue;
      out << period << rows[i].substr(3) << "\n";
    }
  }
  for (size_t i = first_late; late && i < rows.size(); ++i) out << "0" << rows[i].substr(3) << "\n";
  return folder.path("log.csv");
}

std::string market_log(const TemporaryFolder& folder) {
  data::IngestConfig config;
  config.input = {raw_log(folder, false)};
  config.output.clear();
  config.output_market_log = folder.path("log.h5");
  config.settings.market_log.precision = "float64";
  EXPECT_TRUE(data::ingest(config).has_value());
  return config.output_market_log;
}

// Answers until a period comes, in which it fails.
class UntilPeriod : public Bidder {
 public:
  UntilPeriod(std::unique_ptr<Bidder> bidder, int64_t period) : bidder_(std::move(bidder)), period_(period) {}

  void reset(std::span<const SeatView> rows) override {
    if (!rows.empty() && rows.front().period >= period_) throw Error("asked in period " + std::to_string(period_));
    bidder_->reset(rows);
  }
  bool keeps_state_between_periods() const override { return bidder_->keeps_state_between_periods(); }
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override { bidder_->bid(rows, bids); }

 private:
  std::unique_ptr<Bidder> bidder_;
  int64_t period_;
};

constexpr int64_t kNever = 100;

struct Log {
  const char* name;
  const char* rules;
  bool is_raw = false;
  bool late = false;
};

class ReplayJobs : public testing::TestWithParam<Log> {
 protected:
  ReplayJobs() {
    config_.rules = GetParam().rules;
    config_.log = {GetParam().is_raw ? raw_log(folder_, GetParam().late) : market_log(folder_)};
    config_.periods.values = {0, 1, 2};
    config_.advertisers.values = {0, 1};
    config_.budget = 3.0;
    config_.cpa = 0.4;
  }

  JobStore store() const { return {folder_.path("cells"), folder_.path("hindsight")}; }
  std::string file(const std::string& candidate, int period) const {
    return folder_.path("cells/" + candidate + "/period-" + std::to_string(period) + ".safetensors");
  }
  // AuctionNet's PID, which remembers periods elsewhere, and a constant.
  JobsDone play(const JobStore* store, Shard shard = {}, int64_t until = kNever) {
    const BiddingRules rules = config_.official() ? BiddingRules::kOfficial : BiddingRules::kCorrected;
    UntilPeriod pid(bidders::make_pid(rules), until);
    UntilPeriod fixed(bidders::make_fixed_alpha(0.3, 0.0), until);
    std::vector<Candidate> candidates = {{"pid", "rule", &pid}, {"fixed", "rule", &fixed}};
    for (Candidate& one : candidates) one.identity = one.folder = one.name;
    candidates[1].identity += alpha_;
    Threads threads(2);
    return replay_jobs({config_, store, scenario_, shard}, candidates, threads).value();
  }
  std::string text(const JobsDone& done) const {
    std::string text;
    for (const Evaluation& one : done.evaluations) text += result_json(one, {});
    return text;
  }

  TemporaryFolder folder_;
  replay::ReplayConfig config_;
  std::string scenario_ = "a log";
  std::string alpha_;
};

INSTANTIATE_TEST_SUITE_P(Logs, ReplayJobs,
                         testing::Values(Log{"corrected", "corrected"}, Log{"official", "official"},
                                         Log{"corrected_raw", "corrected", true}, Log{"official_raw", "official", true},
                                         Log{"corrected_late", "corrected", true, true},
                                         Log{"official_late", "official", true, true}),
                         [](const auto& log) { return std::string(log.param.name); });

TEST_P(ReplayJobs, AreTheSameKeptOrNot) {
  const JobStore kept = store();
  const JobsDone done = play(&kept);
  ASSERT_EQ(done.evaluations.size(), 2U);
  ASSERT_EQ(done.evaluations[0].cells.size(), 6U);
  EXPECT_GT(done.evaluations[0].cells[0].optimum, done.evaluations[0].cells[0].expected_score);
  EXPECT_EQ(text(done), text(play(nullptr)));
}

// Only the end of raw logs tells whether what was played of them in order counts.
TEST_P(ReplayJobs, ThatAreDoneAreNotPlayedAgain) {
  const JobStore kept = store();
  const std::string first = text(play(&kept));
  EXPECT_EQ(text(play(&kept, {}, 0)), first);
}

TEST_P(ReplayJobs, GoOnBehindWhatIsThere) {
  const std::string all = text(play(nullptr));
  const JobStore kept = store();
  EXPECT_THROW(play(&kept, {}, 2), Error);
  if (!GetParam().late) {
    EXPECT_TRUE(fs::exists(file("pid", 1)));
    EXPECT_TRUE(fs::exists(file("fixed", 0)));
  }
  EXPECT_FALSE(fs::exists(file("fixed", 2)));
  EXPECT_EQ(text(play(&kept)), all);
  fs::remove(file("pid", 1));
  EXPECT_EQ(text(play(&kept)), all);
}

TEST_P(ReplayJobs, AreSharedOut) {
  const JobStore kept = store();
  EXPECT_GT(play(&kept, {0, 3}).missing, 0);
  EXPECT_TRUE(play(&kept, {2, 3}).evaluations.empty());
  const JobsDone done = play(&kept, {1, 3});
  EXPECT_EQ(done.missing, 0);
  EXPECT_EQ(text(done), text(play(nullptr)));
}

TEST_P(ReplayJobs, OfOtherSettingsArePlayedAgain) {
  const JobStore kept = store();
  play(&kept);
  alpha_ = "another";
  EXPECT_THROW(play(&kept, {}, 0), Error);
  alpha_ = "";
  scenario_ = "another log";
  EXPECT_THROW(play(&kept, {}, 0), Error);
  scenario_ = "a log";
  config_.advertisers.values = {1};
  EXPECT_THROW(play(&kept, {}, 0), Error);
}

// Hindsight of some advertisers stands in a folder of its own, beside that of others.
TEST_P(ReplayJobs, KeepHindsightForAnyCandidate) {
  const JobStore kept = store();
  const JobsDone done = play(&kept);
  for (const auto& entry : fs::directory_iterator(folder_.path("hindsight"))) {
    const HindsightDay day = read_hindsight_day(entry.path().string() + "/period-1.safetensors");
    ASSERT_EQ(day.seats.size(), 2U);
    EXPECT_EQ(day.seats[1].slots.score, done.evaluations[0].cells[3].optimum);
    EXPECT_LE(day.seats[1].slots.cost, 3.0 * (1.0 + 1e-9));
  }
  fs::remove_all(folder_.path("cells"));
  config_.advertisers.values = {1};
  EXPECT_EQ(play(&kept).evaluations[0].cells[1].optimum, done.evaluations[0].cells[3].optimum);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path("hindsight")), fs::directory_iterator()), 2);
}

TEST_P(ReplayJobs, KeepEachDayByTicks) {
  const JobStore kept = store();
  const JobsDone done = play(&kept);
  const PeriodCells job = read_period_cells(file("fixed", 1));
  ASSERT_EQ(job.days.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    const CellResult& cell = done.evaluations[1].cells[2 + i];
    EXPECT_EQ(job.cells[i].cost, cell.cost);
    ASSERT_EQ(job.days[i].alpha.size(), 48U);
    EXPECT_EQ(job.days[i].alpha[0], 0.3F);
    double cost = 0.0;
    int64_t wins = 0;
    for (size_t t = 0; t < 48; ++t) {
      cost += static_cast<double>(job.days[i].cost[t]);
      wins += job.days[i].wins[t];
    }
    EXPECT_NEAR(cost, cell.cost, 1e-6 * cell.cost + 1e-9);  // ticks are floats
    EXPECT_EQ(wins, cell.wins);
    EXPECT_GT(wins, 0);
  }
}

// A kill leaves jobs of rows that seemed to be in order; the next process must not believe them.
TEST(ReplayJobsOfUnorderedRows, AreVoidWhereverTheyWereKept) {
  const TemporaryFolder folder;
  const JobStore kept(folder.path("cells"), folder.path("hindsight"));
  const auto fixed = bidders::make_fixed_alpha(0.5, 0.0);
  Threads threads(1);
  ReplayPlan plan;
  plan.config.log = {raw_log(folder, true)};
  plan.config.periods.values = {0, 1, 2};
  plan.config.budget = 1000.0;  // the last impression is bought too
  plan.scenario = "a log";
  UntilPeriod killed(bidders::make_fixed_alpha(0.5, 0.0), 1);
  Candidate candidate{"fixed", "rule", &killed};
  candidate.identity = candidate.folder = "fixed";
  plan.store = &kept;
  EXPECT_THROW(replay_jobs(plan, {candidate}, threads), Error);
  const std::string file = folder.path("cells/fixed/period-0.safetensors");
  const double of_part = read_period_cells(file).cells[0].expected_conversions;
  candidate.bidder = fixed.get();
  const CellResult cell = replay_jobs(plan, {candidate}, threads)->evaluations[0].cells[0];
  EXPECT_NEAR(cell.expected_conversions - of_part, 0.35429700772302003, 1e-9);  // its p-value
  EXPECT_EQ(read_period_cells(file).cells[0].expected_conversions, cell.expected_conversions);
  plan.store = nullptr;
  EXPECT_EQ(replay_jobs(plan, {candidate}, threads)->evaluations[0].cells[0].expected_conversions,
            cell.expected_conversions);
}

}  // namespace
}  // namespace genbid::eval
