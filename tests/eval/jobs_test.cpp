#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "eval/evaluation.h"
#include "eval/report.h"

// Jobs of an evaluation: kept, found again, shared out.

namespace genbid::eval {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

EvaluationPlan small_plan(const std::string& rules = "corrected") {
  EvaluationPlan plan;
  plan.market.rules = rules;
  plan.market.impressions = 3000;
  plan.market.budget_scale = 0.006;
  plan.population = play::load_population("pid48");
  plan.periods = {28, 29, 30};
  plan.seats = {0, 7, 47};
  plan.scenario = "small " + rules;
  return plan;
}

// A bidder that may not be asked.
class Nobody : public Bidder {
 public:
  void reset(std::span<const SeatView> /*rows*/) override { throw Error("played again"); }
  void bid(std::span<const SeatView> /*rows*/, std::span<BidFormula> /*bids*/) override {}
};

// A PID, a constant, a teacher, and what could have been.
class Judges {
 public:
  explicit Judges(EvaluationPlan plan) : plan_(std::move(plan)) {
    plan_.book = &book_;
    const BiddingRules rules = plan_.market.bidder_rules();
    add("pid", "rule", bidders::make_pid(rules));
    add("fixed", "rule", bidders::make_fixed_alpha(80.0, 1.0));
    add("teacher", "hindsight", play::make_teacher(book_)).reads_plans = true;
    list_.push_back({"slots", "hindsight", nullptr, {}, HindsightChoice::kSlots});
  }

  Candidate& add(const std::string& name, const std::string& kind, std::unique_ptr<Bidder> bidder) {
    bidders_.push_back(std::move(bidder));
    Candidate candidate{name, kind, bidders_.back().get()};
    candidate.identity = candidate.folder = name;
    return list_.emplace_back(std::move(candidate));
  }
  // From here on nobody may be asked.
  void forbid() {
    for (Candidate& candidate : list_) {
      if (candidate.bidder == nullptr) continue;
      bidders_.push_back(std::make_unique<Nobody>());
      candidate.bidder = bidders_.back().get();
    }
  }

  JobsDone play(const JobStore* store, Shard shard = {}) {
    Threads threads(2);
    EvaluationPlan plan = plan_;
    plan.store = store;
    plan.shard = shard;
    return play_jobs(plan, list_, threads).value();
  }
  std::vector<Candidate>& list() { return list_; }
  EvaluationPlan& plan() { return plan_; }

 private:
  EvaluationPlan plan_;
  play::HindsightBook book_;
  std::vector<std::unique_ptr<Bidder>> bidders_;
  std::vector<Candidate> list_;
};

std::string text_of(const JobsDone& done) {
  std::string text;
  for (const Evaluation& one : done.evaluations) text += result_json(one, {});
  return text;
}

class Jobs : public testing::TestWithParam<std::string> {
 protected:
  JobStore store() const { return {folder_.path() + "/cells", folder_.path() + "/hindsight"}; }
  std::string file(const std::string& candidate, int period) const {
    return folder_.path() + "/cells/" + candidate + "/period-" + std::to_string(period) + ".safetensors";
  }
  std::string expected() const { return text_of(Judges(small_plan(GetParam())).play(nullptr)); }

  TemporaryFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Rules, Jobs, testing::Values("corrected", "official"));

TEST_P(Jobs, AreTheSameKeptOrNot) {
  const JobStore kept = store();
  EXPECT_EQ(text_of(Judges(small_plan(GetParam())).play(&kept)), expected());
}

TEST_P(Jobs, ThatAreDoneAreNotPlayedAgain) {
  const JobStore kept = store();
  Judges judges(small_plan(GetParam()));
  const std::string first = text_of(judges.play(&kept));
  judges.forbid();
  EXPECT_EQ(text_of(judges.play(&kept)), first);
}

// As a kill would leave it, wherever it came: under the official rules a PID remembers the days before.
TEST_P(Jobs, GoOnBehindWhatIsThere) {
  const std::string all = expected();
  const JobStore kept = store();
  Judges(small_plan(GetParam())).play(&kept);
  for (const int from : {29, 30}) {
    for (int period = from; period <= 30; ++period) {
      for (const char* candidate : {"pid", "fixed", "teacher"}) fs::remove(file(candidate, period));
      for (const auto& entry : fs::recursive_directory_iterator(folder_.path() + "/hindsight")) {
        if (entry.path().filename() == "period-" + std::to_string(period) + ".safetensors") fs::remove(entry.path());
      }
    }
    EXPECT_EQ(text_of(Judges(small_plan(GetParam())).play(&kept)), all);
  }
}

TEST_P(Jobs, AreSharedOut) {
  const JobStore kept = store();
  Judges first(small_plan(GetParam()));
  const JobsDone third = first.play(&kept, {0, 3});
  EXPECT_TRUE(third.evaluations.empty());
  EXPECT_GT(third.missing, 0);
  Judges second(small_plan(GetParam()));
  EXPECT_GT(second.play(&kept, {2, 3}).missing, 0);
  Judges last(small_plan(GetParam()));
  const JobsDone done = last.play(&kept, {1, 3});
  EXPECT_EQ(done.missing, 0);
  EXPECT_EQ(text_of(done), expected());
}

TEST_P(Jobs, OfOtherSettingsArePlayedAgain) {
  const JobStore kept = store();
  Judges(small_plan(GetParam())).play(&kept);
  Judges other(small_plan(GetParam()));
  other.list()[1].identity = "another alpha";
  other.forbid();
  EXPECT_THROW(other.play(&kept), Error);
  Judges elsewhere(small_plan(GetParam()));
  elsewhere.plan().scenario = "another market";
  elsewhere.forbid();
  EXPECT_THROW(elsewhere.play(&kept), Error);
}

// More periods, and another order of them: only under rules whose bidders forget are the old ones of use.
TEST_P(Jobs, OfMorePeriodsAddToThem) {
  const JobStore kept = store();
  EvaluationPlan fewer = small_plan(GetParam());
  fewer.periods = {28, 29};
  Judges(fewer).play(&kept);
  const auto written = fs::last_write_time(file("pid", 29));
  EXPECT_EQ(text_of(Judges(small_plan(GetParam())).play(&kept)), expected());
  EXPECT_EQ(fs::last_write_time(file("pid", 29)), written);
}

TEST_P(Jobs, KeepEachDayByTicks) {
  const JobStore kept = store();
  const JobsDone done = Judges(small_plan(GetParam())).play(&kept);
  const PeriodCells job = read_period_cells(file("fixed", 29));
  ASSERT_EQ(job.cells.size(), 3U);
  ASSERT_EQ(job.days.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    const CellResult& cell = done.evaluations[1].cells[3 + i];
    EXPECT_EQ(job.cells[i].seat, cell.seat);
    EXPECT_EQ(job.cells[i].cost, cell.cost);
    double cost = 0.0;
    double value = 0.0;
    int64_t wins = 0;
    ASSERT_EQ(job.days[i].alpha.size(), 48U);
    for (size_t t = 0; t < 48; ++t) {
      cost += static_cast<double>(job.days[i].cost[t]);
      value += static_cast<double>(job.days[i].value[t]);
      wins += job.days[i].wins[t];
      const float alpha = job.days[i].alpha[t];
      EXPECT_TRUE(alpha == 80.0F || (alpha == 0.0F && cost > 0.0)) << alpha;  // 0 once the money is gone
    }
    EXPECT_NEAR(cost, cell.cost, 1e-4 * cell.cost + 1e-6);  // ticks are floats
    EXPECT_NEAR(value, cell.expected_conversions, 1e-4 * cell.expected_conversions + 1e-6);
    EXPECT_EQ(wins, cell.wins);
  }
}

TEST_P(Jobs, DamagedOnesAreNamed) {
  const JobStore kept = store();
  Judges(small_plan(GetParam())).play(&kept);
  write_file(file("pid", 29), "nothing of ours");
  try {
    Judges(small_plan(GetParam())).play(&kept);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("period-29.safetensors"), std::string::npos) << error.what();
  }
}

// Each seed is a market of its own: other draws on the same days, in cells that say so.
TEST(MarketSeeds, AreAnAxisOfCells) {
  EvaluationPlan plan = small_plan();
  plan.market_seeds = {1, 5};
  const JobsDone both = Judges(plan).play(nullptr);
  const JobsDone one = Judges(small_plan()).play(nullptr);
  EvaluationPlan fifth = small_plan();
  fifth.market.seed = 5;
  const JobsDone five = Judges(fifth).play(nullptr);
  const auto& cells = both.evaluations[1].cells;
  ASSERT_EQ(cells.size(), 18U);
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(cells[i].market_seed, 1);
    EXPECT_EQ(cells[i].cost, one.evaluations[1].cells[i].cost);
    EXPECT_EQ(cells[9 + i].market_seed, 5);
    EXPECT_EQ(cells[9 + i].cost, five.evaluations[1].cells[i].cost);
    EXPECT_EQ(cells[9 + i].period, cells[i].period);
  }
  EXPECT_NE(means(one.evaluations[1]).expected_score, means(five.evaluations[1]).expected_score);
}

}  // namespace
}  // namespace genbid::eval
