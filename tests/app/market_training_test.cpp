#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "app/run_program.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/temporary_folder.h"
#include "runs/resume.h"
#include "runs/tape_data.h"

// A policy learns in the market, from outside: tapes are played into a file, a training reads it, an evaluation judges.

namespace genbid::app {
namespace {

using test::run_program;

const std::string kMarket = " market.impressions=4000 market.budget_scale=0.008 market.population=rules48 ";

class MarketTraining : public ::testing::Test {
 protected:
  void SetUp() override { make_tape("tapes", "7..9"); }

  std::string out(const std::string& name) { return folder_.path() + "/" + name; }
  void must(const std::string& command) {
    const auto result = run_program(command);
    ASSERT_EQ(result.status, 0) << command << "\n" << result.output;
  }
  void make_tape(const std::string& name, const std::string& periods, const std::string& more = "") {
    must("simulate configs/simulate.yaml" + kMarket + "market.periods=" + periods +
         " output.tape=true output.ticks=false output.dir=" + out(name) + " " + more);
  }
  std::string train(const std::string& run, const std::string& more) {
    return "train configs/quickstart/market.yaml run=" + out(run) + " tapes.store=" + out("tapes/tape.h5") +
           " tapes.train_periods=7..8 tapes.held_out_periods=9 tapes.cells=12 train.threads=1 model.width=16 " + more;
  }
  std::string error_of(const std::string& command) {
    const auto result = run_program(command);
    EXPECT_NE(result.status, 0) << command;
    return result.output;
  }

  test::TemporaryFolder folder_;
};

TEST_F(MarketTraining, TwentyStepsEqualTenStepsResumed) {
  must(train("whole", "train.steps=20 train.eval_every=7"));
  must(train("parts", "train.steps=20 train.stop_at=10"));
  must(train("parts", "train.steps=20"));
  for (const char* file : {"model.safetensors", "trainer.safetensors"}) {
    EXPECT_EQ(read_file(out("whole/checkpoints/step-00000020/") + file),
              read_file(out("parts/checkpoints/step-00000020/") + file));
  }
  // Another tape, whatever it is called, is other data.
  make_tape("tapes", "7..9", "market.seed=2");
  const std::string error = error_of(train("parts", "train.steps=30"));
  EXPECT_NE(error.find("other data"), std::string::npos) << error;
}

// The days that it has seen are refused, the others judged; metrics and the last words tell the score on held-out
// tapes.
TEST_F(MarketTraining, IsJudgedOnOtherDays) {
  const auto result = run_program(train("run", "train.steps=6"));
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("on the tape of period 9, at step 6: expected score"), std::string::npos);
  EXPECT_NE(read_file(out("run/metrics.jsonl")).find("held_out/expected_score/period_9"), std::string::npos);
  const std::string evaluate = "evaluate configs/evaluate.yaml policy=" + out("run") + kMarket;
  const std::string error = error_of(evaluate + "market.periods=8 output.dir=" + out("seen"));
  EXPECT_NE(error.find("allow_seen_periods"), std::string::npos) << error;
  must(evaluate + "market.periods=22 output.dir=" + out("eval"));
  const auto json = nlohmann::json::parse(read_file(out("eval/result.json")));
  EXPECT_EQ(json["candidate"]["labels"], "market");
  EXPECT_EQ(json["candidate"]["trained_on"], nlohmann::json({7, 8}));
}

// All seats by name are all seats; some of them are other days, and one that is not there is an error.
TEST_F(MarketTraining, MayBeOfSomeSeats) {
  const auto weights = [&](const std::string& run) {
    return read_file(out(run) + "/checkpoints/step-00000003/model.safetensors");
  };
  must(train("all", "train.steps=3"));
  must(train("named", "train.steps=3 tapes.seats=0..47"));
  must(train("some", "train.steps=3 tapes.seats='[2, 5..9]'"));
  EXPECT_EQ(weights("named"), weights("all"));
  EXPECT_NE(weights("some"), weights("all"));
  for (const auto& [more, part] :
       {std::pair("tapes.seats='[3, 48]'", "tapes.seats: found 48, expected seats below the 48 of"),
        std::pair("tapes.seats=3 rounds.every=2 rounds.periods=1 rounds.market.periods=10",
                  "no seats beside rounds")}) {
    const std::string error = error_of(train("none", std::string("train.steps=3 ") + more));
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
}

// What tapes take is asked for before they are read, and what a teacher takes beside them.
TEST_F(MarketTraining, TapesMustFitIntoMemoryWithTheirTeacher) {
  runs::TapesConfig tapes;
  tapes.store = {{out("tapes/tape.h5"), {}, {}}};
  tapes.train_periods.values = {7, 8, 9};
  const double bytes = 3.0 * 48.0 * 48.0 * (25.0 * 6.0 + 3.0) * 4.0;
  const auto error_of = [&](double available, bool taught) -> std::string {
    try {
      runs::load_tape_data(tapes, available, c10::kCPU, taught);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(error_of(1.01 * bytes, false), "none");
  EXPECT_NE(error_of(0.99 * bytes, false).find("tapes.store: these days take"), std::string::npos);
  EXPECT_NE(error_of(1.99 * bytes, true).find("tapes.store: these days take"), std::string::npos);
  EXPECT_EQ(error_of(2.01 * bytes, true), "none");
}

// Steps that are recorded on a GPU are the same steps: a run may go on without, on a CPU too.
TEST(GraphsOfAResumedRun, MayDiffer) {
  train::TrainConfig recorded;
  recorded.device = "cuda";
  recorded.graphs = {true, 7};
  train::TrainConfig plain;
  train::SelectConfig none;
  runs::clear_free_settings(recorded, none);
  runs::clear_free_settings(plain, none);
  EXPECT_EQ(print_config(recorded, "train"), print_config(plain, "train"));
}

// Of logs alone: raw logs become a market log and a tape, which are those of the market that made them.
TEST_F(MarketTraining, LearnsFromATapeOfLogs) {
  must("simulate configs/simulate.yaml" + kMarket +
       "market.periods=7..8 output.raw_log=true output.ticks=false output.dir=" + out("logs"));
  const std::string raw = "'[" + out("logs/raw_log/period-7.csv") + ", " + out("logs/raw_log/period-8.csv") + "]'";
  const auto result =
      run_program("ingest configs/ingest.yaml input=" + raw + " output= output_market_log=" + out("log.h5") +
                  " output_tape=" + out("tape.h5") + " --json");
  ASSERT_EQ(result.status, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  EXPECT_EQ(json["tape"]["prices"], "bids");
  EXPECT_EQ(json["tape"]["periods"], 2);
  must("ingest configs/ingest.yaml input=" + out("log.h5") + " output= output_tape=" + out("again.h5"));
  EXPECT_TRUE(read_file(out("tape.h5")) == read_file(out("again.h5")));
  must(train("played", "train.steps=3 tapes.held_out_periods='[]'"));
  must(train("logged", "train.steps=3 tapes.held_out_periods='[]' tapes.store=" + out("tape.h5")));
  const std::string weights = "/checkpoints/step-00000003/model.safetensors";
  EXPECT_TRUE(read_file(out("played") + weights) == read_file(out("logged") + weights));
  for (const auto& [more, part] : {std::pair("input=" + out("log.h5"), "of a market log only output_tape is made"),
                                   std::pair(std::string(), "neither is the input a market log nor one in"),
                                   std::pair(std::string("input=nothing.h5 output="), "nothing.h5: no such file"),
                                   std::pair("output=" + out("tape.h5"), "neither is the input a market log")}) {
    const std::string error = error_of("ingest configs/ingest.yaml " + more + " output_tape=" + out("tape.h5"));
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
}

TEST_F(MarketTraining, OtherModelsLearnToo) {
  must(train("dt", "train.steps=2 model='{name: decision_transformer, wishes: [], width: 8, layers: 1, inner: 16}'"));
  must(train("db",
             "train.steps=2 model='{name: diffbid, width: 8, stages: 2, groups: 2, levels: 4, sampling_levels: 2, "
             "inverse_width: 8}'"));
}

// A policy bids with other settings of its model than it was trained with, as far as its weights fit.
TEST_F(MarketTraining, SettingsOfAModelMayBeLaidOver) {
  must(train("db",
             "train.steps=20 train.ema_decay=0.5 train.checkpoint_every=10 model='{name: diffbid, width: 8, stages: 2, "
             "groups: 2, levels: 4, sampling_levels: 2, inverse_width: 8}'"));
  const auto with = [&](const std::string& settings) {
    return "{policy: " + out("db") + ", model: {set: [" + settings + "]}}";
  };
  const auto evaluate = [&](const std::string& policy) {
    return "evaluate configs/evaluate.yaml policy='" + policy +
           "' market.periods=22 seats='[1, 5]' output.dir=" + out("eval") + kMarket;
  };
  must(evaluate("[" + out("db") + ", " + with("sampling_levels=1, temperature=0") + ", " + with("ablate.plan=true") +
                "]"));
  std::set<double> scores;
  for (const auto& [folder, levels, plan] :
       {std::tuple("diffbid", 2, false), std::tuple("diffbid_sampling_levels=1_temperature=0", 1, false),
        std::tuple("diffbid_ablate.plan=true", 2, true)}) {
    const auto json = nlohmann::json::parse(read_file(out("eval/") + folder + "/result.json"));
    EXPECT_EQ(json["candidate"]["settings"]["sampling_levels"], levels);
    EXPECT_EQ(json["candidate"]["settings"].contains("ablate"), plan);
    scores.insert(json["mean"]["expected_score"].get<double>());
  }
  EXPECT_EQ(scores.size(), 3U);
  for (const auto& [settings, part] :
       {std::pair("name=perceptron", "settings of the policy's model, as sampling_levels=2"),
        std::pair("target_cpa=0.5", "settings of the policy's model, as sampling_levels=2"),
        std::pair("sampling_levels", "settings of the policy's model, as sampling_levels=2"),
        std::pair("sampling_level=1", "did you mean 'model.sampling_levels'?"),
        std::pair("sampling_levels=5", ": model.set: model.sampling_levels=5: key 'model.sampling_levels'"),
        std::pair("width=16", "(of a model with other settings, by model.set)")}) {
    const auto result = run_program(evaluate(with(settings)));
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("the checkpoint before it"), std::string::npos) << result.output;
  }
}

// Days that ask for outcomes, each for another; the same bits when resumed, and nothing but a teacher knows of them.
TEST_F(MarketTraining, MayAskForOutcomes) {
  const std::string asks = " train.objective=teacher model.wishes='[budget_use]' tapes.asked.budget_use='[0.2, 0.9]' ";
  must(train("whole", "train.steps=8" + asks));
  must(train("parts", "train.steps=8 train.stop_at=3" + asks));
  must(train("parts", "train.steps=8" + asks));
  const auto weights = [&](const std::string& run) {
    return read_file(out(run) + "/checkpoints/step-00000008/model.safetensors");
  };
  EXPECT_EQ(weights("whole"), weights("parts"));
  must(train("nothing", "train.steps=8 train.objective=teacher model.wishes='[budget_use]'"));
  EXPECT_NE(weights("whole"), weights("nothing"));
  must(train("dt",
             "train.steps=2 train.objective=teacher tapes.asked='{cpa: [0.5, 1.5], value: 0.5}' model='{name: "
             "decision_transformer, wishes: [cpa, value], width: 8, layers: 1, inner: 16}'"));
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"tapes.asked.cpa=1", "found budget_use, cpa, expected what this perceptron reads: budget_use"},
      {"model.wishes='[budget_use, return]'", "expected what this perceptron reads: return, budget_use"},
      {"model='{name: diffbid, wishes: [budget_use], width: 8, stages: 2, groups: 2}'", "which plans the days"},
      {"train.initial=" + out("whole"), "nothing beside train.initial"},
      {"train.objective=market", "expected nothing beside train.objective: market"},
      {"tapes.asked.budget_use=1.1", "tapes.asked.budget_use"}};
  for (const auto& [more, part] : mistakes) {
    const std::string error = error_of(train("none", "train.steps=3" + asks + more));
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
}

// Logs and tapes in one training.
TEST_F(MarketTraining, Mixed) {
  make_tape("both", "7..9", "output.trajectories=true output.trajectories_csv=false output.labels=true");
  must("train configs/quickstart/perceptron.yaml run=" + out("mixed") + " data.store=" + out("both/trajectories.h5") +
       " data.train_periods=7..8 data.held_out_periods=9 train.objective=mixed tapes.store=" + out("both/tape.h5") +
       " tapes.train_periods=7..8 tapes.held_out_periods=9 tapes.cells=12 train.steps=4 train.batch_size=16");
  const std::string metrics = read_file(out("mixed/metrics.jsonl"));
  for (const char* name : {"loss/market", "loss/action", "held_out/loss/period_9", "expected_score/period_9"}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
  }
}

// A policy that labels have taught is the start of one that samples, and of what its divergence is from. Days that
// either has learned from are seen.
class SampledTraining : public MarketTraining {
 protected:
  void SetUp() override {
    make_tape("tapes", "7..9", "output.trajectories=true output.trajectories_csv=false output.labels=true");
    must(taught("start", "train.steps=4"));
  }
  std::string taught(const std::string& run, const std::string& more) {
    return "train configs/quickstart/perceptron.yaml run=" + out(run) + " data.store=" + out("tapes/trajectories.h5") +
           " data.train_periods=7 data.held_out_periods=9 model=" + model_ + " train.batch_size=16 train.threads=1 " +
           "train.learning_rate=0.02 train.warmup_steps=0 " + more;
  }
  std::string sampled(const std::string& run, const std::string& more) {
    return train(run, "model=" + model_ + " tapes.train_periods=8 tapes.cells=6 train.objective=policy_gradient " +
                          "policy_gradient.group_size=3 train.initial=" + out("start") + " " + more);
  }
  const std::string model_ = "'{name: perceptron, width: 16, head: gaussian, deviation: 0.1}'";
};

TEST_F(SampledTraining, SevenStepsEqualFourResumedInTheMiddleOfACycle) {
  const std::string cycles = "policy_gradient.reuse=3 policy_gradient.kl_weight=0.1 train.steps=7 ";
  must(sampled("whole", cycles));
  must(sampled("parts", cycles + "train.stop_at=4"));
  must(sampled("parts", cycles));
  for (const char* file : {"model.safetensors", "trainer.safetensors"}) {
    EXPECT_EQ(read_file(out("whole/checkpoints/step-00000007/") + file),
              read_file(out("parts/checkpoints/step-00000007/") + file));
  }
  const std::string metrics = read_file(out("whole/metrics.jsonl"));
  for (const char* name : {"loss/market", "loss/policy_gradient", "loss/divergence", "expected_score/period_9"}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
  }
  const std::string evaluate = "evaluate configs/evaluate.yaml policy=" + out("whole") + kMarket;
  for (const char* period : {"7", "8"}) {
    const std::string error = error_of(evaluate + "market.periods=" + period + " output.dir=" + out("seen"));
    EXPECT_NE(error.find("allow_seen_periods"), std::string::npos) << error;
  }
  must(taught("start", "train.steps=6"));
  const std::string error = error_of(sampled("parts", cycles + "train.steps=9"));
  EXPECT_NE(error.find("found other weights"), std::string::npos) << error;
}

// By steps of no length nothing becomes of what it starts from, the averaged weights, which is what a run folder means
// in an evaluation.
TEST_F(SampledTraining, BeginsWithTheAveragedWeights) {
  must(sampled("same", "train.steps=1 train.learning_rate=0"));
  const auto cells = [&](const std::string& run) {
    must("evaluate configs/evaluate.yaml policy=" + out(run) + kMarket +
         "market.periods=22 output.dir=" + out(run + "_judged"));
    return nlohmann::json::parse(read_file(out(run + "_judged/result.json")))["mean"];
  };
  EXPECT_EQ(cells("same"), cells("start"));
}

TEST_F(SampledTraining, LearnsFromLogsBeside) {
  must(sampled("both", "train.steps=2 policy_gradient.reuse=2 train.batch_size=8 data.store=" +
                           out("tapes/trajectories.h5") + " data.train_periods=7..8"));
  const std::string metrics = read_file(out("both/metrics.jsonl"));
  for (const char* name : {"loss/action", "loss/policy_gradient"}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
  }
}

TEST_F(SampledTraining, Errors) {
  const auto says = [&](const std::string& command, const std::string& text) {
    const std::string error = error_of(command);
    EXPECT_NE(error.find(text), std::string::npos) << error << "\nexpected: " << text;
  };
  says(sampled("e", "policy_gradient.group_size=1"), "policy_gradient.group_size");
  says(sampled("e", "policy_gradient.reuse=0"), "policy_gradient.reuse");
  says(sampled("e", "policy_gradient.divide_by=day"), "policy_gradient.divide_by");
  says(sampled("e", "model.head=point model.deviation=0"), "model.deviation");
  says(sampled("e", "model='{name: perceptron, width: 16}' train.initial="), "this perceptron does not sample");
  says(sampled("e", "train.initial= policy_gradient.kl_weight=0.1"), "train.initial");
  says(sampled("e", "model='{name: perceptron, width: 24, head: gaussian, deviation: 0.1}'"), "train.initial: ");
  says(sampled("e", "model='{name: decision_transformer, head: gaussian}'"),
       "found a policy with model.name: perceptron, expected decision_transformer");
  says(sampled("e", "tapes.features=auctionnet16"), "found a policy with features: ");
  says(sampled("e", "train.initial=" + out("nowhere")), "no such checkpoint");
  says(sampled("e", "tapes.held_out_periods=7"), "trained");
  says(train("e", "train.objective=market policy_gradient.group_size=4"), "policy_gradient");
  says(train("e", "model='{name: decision_transformer, head: gaussian, context: windows}'"), "model.head");
  says(train("e", "model='{name: diffbid, deviation: 0.1, sampler: ancestral}'"), "model.deviation");
  EXPECT_FALSE(std::filesystem::exists(out("e/checkpoints")));
}

TEST_F(MarketTraining, Errors) {
  const auto says = [&](const std::string& command, const std::string& text) {
    const std::string error = error_of(command);
    EXPECT_NE(error.find(text), std::string::npos) << error << "\nexpected: " << text;
  };
  says(train("e", "tapes.train_periods=6..8"), "found no period 6, expected one of 7..9");
  says(train("e", "tapes.held_out_periods=10"), "which no file of tapes.store holds");
  says(train("e", "tapes.train_periods=7..9"), "periods that are not among train_periods");
  says(train("e", "tapes.features=auctionnet"), "tapes.features");
  says(train("e", "tapes.budget_scale='[0, 1]'"), "tapes.budget_scale");
  says(train("e", "train.objective=logged"), "data.store");
  says("train configs/perceptron.yaml run=" + out("e") + " train.objective=market data.store='[]'", "tapes.store");
  says(train("e", "data.store=" + out("store.h5") + " data.train_periods=7"), "data.store");
  says(train("e", "model.wishes='[share_of_optimum]'"), "does not know the optimum");
  says(train("e", "tapes.store=" + out("tapes/periods.csv")), "periods.csv");
  says(train("e", "model='{name: diffbid, ticks: 24}'"), "model.ticks");
  EXPECT_FALSE(std::filesystem::exists(out("e/checkpoints")));
}

}  // namespace
}  // namespace genbid::app
