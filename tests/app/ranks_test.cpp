#include "app/ranks_training.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <thread>

// A training of several processes from outside: it is the training of one, it ends as one, and nobody waits for ever.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::free_port;
using test::Program;
using test::RanksTraining;
using test::Words;

// Of any weight after 40 steps, twice the learning rate: Adam's first steps are of that length also where a gradient is
// hardly more than rounding (docs/using.md says it).
constexpr double kFreeOrder = 2e-3;

TEST_F(RanksTraining, ProcessesStartedHereAreOneWithAsManyParts) {
  must(logged("one", {"train.accumulate=2"}));
  must(logged("two", {"train.ranks=2"}));
  expect_equal_weights("one", "two", "step-00000040");
  must(logged("parts", {"train.ranks=2", "train.stop_at=15"}));
  ::setenv("SLURM_RESTART_COUNT", "1", 1);  // of a job that was put back into the queue
  must(logged("parts", {"train.ranks=2"}));
  ::unsetenv("SLURM_RESTART_COUNT");
  expect_equal_weights("one", "parts", "step-00000040");
  must(logged("four", {"train.ranks=4", "train.deterministic=true"}));
  must(logged("four_parts", {"train.accumulate=4", "train.deterministic=true"}));
  expect_equal_weights("four", "four_parts", "step-00000040");
  // In Gloo's own order sums are rounded otherwise.
  must(logged("four_free", {"train.ranks=4"}));
  EXPECT_LT(largest_difference("four_free", "four_parts", "step-00000040"), kFreeOrder);
  EXPECT_NEAR(last_loss("four_free"), last_loss("four_parts"), 1e-4 * last_loss("four_parts"));
}

TEST_F(RanksTraining, ProcessesStartedByOthersMeet) {
  must(logged("one", {"train.accumulate=2"}));
  for (const auto& program : ranks(2, logged("two"))) EXPECT_EQ(program->wait(), 0);
  EXPECT_EQ(text("rank1.txt"), "");  // the first one speaks
  EXPECT_NE(text("rank0.txt").find("2 ranks"), std::string::npos) << text("rank0.txt");
  expect_equal_weights("one", "two", "step-00000040");
}

// Sums over parts, of which tapes and rounds have one each, are made in another order: weights agree to rounding, and
// so do judgements, scores of held-out tapes, and the days that the policy plays.
TEST_F(RanksTraining, TheMarketIsSharedOutToo) {
  must(market("one", {"train.accumulate=2"}));
  must(market("two", {"train.ranks=2"}));
  const auto numbers = [&](const std::string& run) {
    std::string all;
    const std::string metrics = text(run + "/metrics.jsonl");
    std::vector<double> values;
    for (const char* name :
         {"train/loss", "market/expected_score", "held_out/expected_score/period_9", "round/expected_score"}) {
      const std::string key = std::string("\"") + name + "\": ";
      for (size_t at = metrics.find(key); at != std::string::npos; at = metrics.find(key, at + 1)) {
        values.push_back(std::strtod(metrics.c_str() + at + key.size(), nullptr));
      }
    }
    return values;
  };
  const std::vector<double> one = numbers("one");
  const std::vector<double> two = numbers("two");
  ASSERT_EQ(one.size(), two.size());
  ASSERT_GE(one.size(), 3U + 2U + 2U + 3U);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(two[i], one[i], 1e-4 * std::max(1.0, std::abs(one[i]))) << i;
  must(market("parts", {"train.ranks=2", "train.stop_at=6"}));
  must(market("parts", {"train.ranks=2"}));
  expect_equal_weights("two", "parts", "step-00000012");
}

TEST_F(RanksTraining, ASignalAtAnyRankStopsAllAtOneStep) {
  must(logged("whole", {"train.accumulate=2"}));
  for (const int stopped : {0, 1}) {
    const std::string run = "stopped" + std::to_string(stopped);
    auto all = ranks(2, logged(run, {"train.steps=100000"}));
    ASSERT_TRUE(test::wait_for([&] { return fs::exists(out(run + "/checkpoints/step-00000010")); }));
    all[static_cast<size_t>(stopped)]->send(SIGTERM);
    for (const auto& program : all) EXPECT_EQ(program->wait(), 128 + SIGTERM);
    EXPECT_NE(text("rank0.txt").find("the same command goes on"), std::string::npos) << text("rank0.txt");
    // One checkpoint, of the step that it names; and the run goes on to the bits of one that nobody stopped.
    const std::string words = text("rank0.txt");
    const size_t at = words.rfind("stopped at step ") + 16;
    const std::string step = words.substr(at, words.find(' ', at) - at);
    ASSERT_EQ(newest_checkpoint(run), "step-" + std::string(8 - step.size(), '0') + step);
    for (const auto& program :
         ranks(2, logged(run, {"train.steps=100000", "train.stop_at=" + std::to_string(std::stoi(step) + 5)}))) {
      EXPECT_EQ(program->wait(), 0);
    }
    must(logged("whole" + step,
                {"train.accumulate=2", "train.steps=100000", "train.stop_at=" + std::to_string(std::stoi(step) + 5)}));
    const std::string number = std::to_string(std::stoi(step) + 5);
    expect_equal_weights("whole" + step, run, "step-" + std::string(8 - number.size(), '0') + number);
  }
}

// The first rank is stopped for longer than a process that was told to stop is waited for; it then goes on, and all
// stop as ever.
TEST_F(RanksTraining, ASignalIsKeptWhileARankWaits) {
  auto all = ranks(2, logged("run", {"train.steps=100000"}));
  ASSERT_TRUE(test::wait_for([&] { return fs::exists(out("run/checkpoints/step-00000010")); }));
  all[0]->send(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  all[1]->send(SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(9500));
  EXPECT_TRUE(all[1]->runs()) << text("rank1.txt");
  all[0]->send(SIGCONT);
  for (const auto& program : all) EXPECT_EQ(program->wait(), 128 + SIGTERM) << text("rank0.txt") << text("rank1.txt");
  EXPECT_NE(text("rank0.txt").find("the same command goes on"), std::string::npos) << text("rank0.txt");
}

// A process that is not one of the training's, because it is one of another: of an array of trainings, of an ablation.
TEST_F(RanksTraining, ProcessesThatWereNotMeantToBeOneAreNot) {
  const int port = free_port();
  auto a = rank(0, 2, logged("a"), port);
  auto b = rank(1, 2, logged("b"), port);
  EXPECT_EQ(a->wait(), 1);
  EXPECT_EQ(b->wait(), 1);
  EXPECT_NE(text("rank1.txt").find("rank 1: found run: " + out("b")), std::string::npos) << text("rank1.txt");
  write_experiment();
  auto one = rank(0, 2, {"ablate", out("ablate.yaml"), "dir=" + out("experiments"), "shard=0/2"}, port);
  auto two = rank(1, 2, {"ablate", out("ablate.yaml"), "dir=" + out("experiments"), "shard=1/2"}, port);
  EXPECT_EQ(one->wait(), 0) << text("rank0.txt");
  EXPECT_EQ(two->wait(), 0) << text("rank1.txt");
}

// Two machines that are 10 ms apart. Each takes the address by which it reaches the first: what its name resolves to is
// none that the other could reach.
TEST_F(RanksTraining, MachinesThatAreFarApartMeet) {
  const test::TwoMachines machines(std::chrono::milliseconds(10));
  if (!machines.works()) GTEST_SKIP() << "two network namespaces (as root): " << machines.trouble();
  must(logged("one", {"train.accumulate=2"}));
  for (const auto& program : ranks_on(machines, logged("two"))) EXPECT_EQ(program->wait(), 0) << text("rank0.txt");
  expect_equal_weights("one", "two", "step-00000040");
  EXPECT_GT(machines.carried(), 2 * 40);  // a sum a step
}

// On Debian a machine's own name means its loopback, by its hosts file, where the other machine knows an address. (Of
// two addresses Gloo lets the lower one listen: here that of the first.)
TEST_F(RanksTraining, AMachineWhoseNameMeansItsLoopbackIsReached) {
  const test::TwoMachines machines(std::chrono::milliseconds(1));
  if (!machines.works()) GTEST_SKIP() << "two network namespaces (as root): " << machines.trouble();
  write_file(out("hosts0"), "127.0.0.1 localhost\n127.0.1.1 first-machine\n");
  write_file(out("hosts1"), "127.0.0.1 localhost\n192.168.77.1 first-machine\n");
  const auto all = ranks_on(machines, logged("two"), "first-machine", {out("hosts0"), out("hosts1")});
  if (all.size() < 2) GTEST_SKIP() << "a hosts file for each network namespace: mounts are denied";
  for (const auto& program : all) EXPECT_EQ(program->wait(), 0) << text("rank0.txt") << text("rank1.txt");
}

TEST_F(RanksTraining, AnInterfaceThatIsNotThereIsNamed) {
  ::setenv("GLOO_SOCKET_IFNAME", "none0", 1);
  for (const auto& program : ranks(2, logged("run", {"train.rank_timeout=5"}))) EXPECT_EQ(program->wait(), 1);
  ::unsetenv("GLOO_SOCKET_IFNAME");
  EXPECT_NE(text("rank0.txt").find("cannot meet the others"), std::string::npos) << text("rank0.txt");
  EXPECT_NE(text("rank0.txt").find("none0"), std::string::npos) << text("rank0.txt");
}

// Another build of the program may compute other numbers.
TEST_F(RanksTraining, AnotherProgramIsRefused) {
  const std::string program = std::getenv("GENBID_PROGRAM");
  const std::string other = fs::path(program).parent_path() / ("genbid-with-a-byte-more-" + std::to_string(::getpid()));
  fs::copy_file(program, other, fs::copy_options::overwrite_existing);
  std::ofstream(other, std::ios::app) << 'x';
  const int port = free_port();
  auto first = rank(0, 2, logged("run"), port);
  ::setenv("GENBID_PROGRAM", other.c_str(), 1);
  auto second = rank(1, 2, logged("run"), port);
  ::setenv("GENBID_PROGRAM", program.c_str(), 1);
  EXPECT_EQ(first->wait(), 1);
  EXPECT_EQ(second->wait(), 1);
  fs::remove(other);
  EXPECT_NE(text("rank1.txt").find("program"), std::string::npos) << text("rank1.txt");
}

// Nobody says that the connection is gone: no packet comes any more, in either direction.
TEST_F(RanksTraining, ACableThatIsCutEndsBoth) {
  const Words words = logged("run", {"train.rank_timeout=4", "train.steps=100000"});
  {
    test::TwoMachines machines(std::chrono::milliseconds(1));
    if (!machines.works()) GTEST_SKIP() << "two network namespaces (as root): " << machines.trouble();
    const auto all = ranks_on(machines, words);
    ASSERT_TRUE(test::wait_for([&] { return fs::exists(out("run/checkpoints/step-00000010")); })) << text("rank0.txt");
    machines.cut();
    for (const auto& program : all) EXPECT_EQ(program->wait(), 1);
    for (const char* file : {"rank0.txt", "rank1.txt"}) {
      EXPECT_NE(text(file).find("another rank is lost"), std::string::npos) << text(file);
    }
  }
  const test::TwoMachines mended(std::chrono::milliseconds(1));
  const std::string reached = newest_checkpoint("run");
  const auto all = ranks_on(mended, words);
  ASSERT_TRUE(test::wait_for([&] { return newest_checkpoint("run") > reached; })) << text("rank0.txt");
  all[1]->send(SIGTERM);
  for (const auto& program : all) EXPECT_EQ(program->wait(), 128 + SIGTERM) << text("rank0.txt");
  EXPECT_NE(text("rank0.txt").find("resumed from " + out("run/checkpoints/" + reached)), std::string::npos)
      << text("rank0.txt");
}

// Of several ranks each keeps the samples of its parts.
TEST_F(RanksTraining, SamplesThatAreLearnedFromAgainAreKept) {
  const auto gradient = [&](const std::string& run, const Words& more) {
    Words words = {"train",
                   "configs/policy_gradient.yaml",
                   "run=" + out(run),
                   "tapes.store=" + inputs_->path("tapes/tape.h5"),
                   "tapes.train_periods=7..8",
                   "tapes.held_out_periods=[]",
                   "tapes.cells=6",
                   "train.initial=",
                   "train.steps=12",
                   "train.threads=1",
                   "train.checkpoint_every=50",
                   "train.log_every=4",
                   "policy_gradient.reuse=4",
                   "policy_gradient.group_size=4",
                   "policy_gradient.kl_weight=0",
                   "select.every=0",
                   "model.width=16"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  must(gradient("one", {"train.accumulate=2"}));
  must(gradient("two", {"train.ranks=2", "train.stop_at=6"}));
  Program other(gradient("two", {}), out("other.txt"));
  EXPECT_EQ(other.wait(), 1);
  EXPECT_NE(text("other.txt").find("in 2 parts (train.accumulate x ranks), expected 1: go on with as many ranks"),
            std::string::npos)
      << text("other.txt");
  must(gradient("two", {"train.ranks=2"}));
  expect_equal_weights("one", "two", "step-00000012");
}

TEST_F(RanksTraining, AnotherNumberOfRanksGoesOnAndSaysSo) {
  must(logged("run", {"train.ranks=2", "train.stop_at=20"}));
  must(logged("run"));
  EXPECT_NE(text("run/log.txt").find("trained by 2 ranks until now, by 1 from here"), std::string::npos)
      << text("run/log.txt");
}

// Killed and stalled at random moments, of two and of four: the others end by themselves, with an error, and the same
// command goes on.
TEST_F(RanksTraining, NobodyWaitsForARankThatIsLost) {
  must(logged("whole2", {"train.accumulate=2"}));
  must(logged("whole4", {"train.accumulate=4", "train.deterministic=true"}));
  std::mt19937 random(5);
  std::uniform_real_distribution<double> share(0.1, 0.9);
  std::map<int, double> seconds;  // of a training that nobody disturbs, by its number of ranks
  const auto words_of = [&](int size, const std::string& run) {
    Words words = logged(run, {"train.rank_timeout=3"});
    if (size == 4) words.push_back("train.deterministic=true");
    return words;
  };
  for (const int size : {2, 4}) {
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& program : ranks(size, words_of(size, "undisturbed" + std::to_string(size)))) {
      ASSERT_EQ(program->wait(), 0) << text("rank0.txt");
    }
    seconds[size] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  const int moments = test::long_tests() ? 50 : 4;
  int lost = 0;
  for (int moment = 0; moment < moments; ++moment) {
    const std::string run = "lost" + std::to_string(moment);
    const int size = moment % 4 >= 2 ? 4 : 2;
    const int number = moment % 2 == 0 ? SIGKILL : SIGSTOP;
    const size_t whose = random() % static_cast<size_t>(size);
    SCOPED_TRACE("signal " + std::to_string(number) + " to rank " + std::to_string(whose) + " of " +
                 std::to_string(size));
    const Words words = words_of(size, run);
    {
      auto all = ranks(size, words);
      std::this_thread::sleep_for(std::chrono::duration<double>(share(random) * seconds[size]));
      all[whose]->send(number);
      bool some_lost = false;
      for (size_t r = 0; r < all.size(); ++r) {
        if (r == whose) continue;
        const int status = all[r]->wait();
        ASSERT_TRUE(status == 0 || status == 1) << status;
        if (status == 0) continue;
        some_lost = true;
        const std::string error = text("rank" + std::to_string(r) + ".txt");
        EXPECT_TRUE(error.find("another rank is lost") != std::string::npos ||
                    error.find("cannot meet the others") != std::string::npos)
            << error;
      }
      lost += some_lost ? 1 : 0;
    }
    for (const auto& program : ranks(size, words)) ASSERT_EQ(program->wait(), 0) << text("rank0.txt");
    expect_equal_weights("whole" + std::to_string(size), run, "step-00000040");
    fs::remove_all(out(run));
  }
  EXPECT_GE(2 * lost, moments);
  std::printf("%d moments, %d of them before the end\n", moments, lost);
}

TEST_F(RanksTraining, RanksThatDifferAreRefused) {
  const auto error_of = [&](const Words& first, const Words& second) {
    const int port = free_port();
    auto a = rank(0, 2, first, port);
    auto b = rank(1, 2, second, port);
    EXPECT_EQ(a->wait(), 1);
    EXPECT_EQ(b->wait(), 1);
    return text("rank1.txt");
  };
  EXPECT_EQ(error_of(logged("run"), logged("run", {"train.learning_rate=0.25"})),
            "genbid: rank 1: found train.learning_rate: 0.25, expected 0.001 as at the first rank\n");
  must_run({"ingest", "configs/ingest.yaml", "features=auctionnet16", "output=" + inputs_->path("other.h5")});
  EXPECT_EQ(error_of(logged("run"), logged("run", {"data.store=" + inputs_->path("other.h5")})),
            "genbid: rank 1: found other data than the first rank's; expected the same in all files\n");
  EXPECT_FALSE(fs::exists(out("run")));
  const std::string small = error_of(logged("run", {"train.batch_size=1"}), logged("run", {"train.batch_size=1"}));
  EXPECT_NE(small.find("train.batch_size: found 1 a step, expected at least one for each of the 2 ranks"),
            std::string::npos)
      << small;
  auto alone = rank(0, 2, logged("run", {"train.rank_timeout=1"}), free_port());
  EXPECT_EQ(alone->wait(), 1);
  EXPECT_NE(text("rank0.txt").find("cannot meet the others at 127.0.0.1:"), std::string::npos) << text("rank0.txt");
  auto campaigns = rank(0, 2, {"train", "configs/campaigns/uscb.yaml", "run=" + out("run")}, free_port());
  EXPECT_EQ(campaigns->wait(), 1);
  EXPECT_EQ(text("rank0.txt"),
            "genbid: train.ranks: found RANK=0, WORLD_SIZE=2, expected one process: agents of campaigns are trained by "
            "one (threads play their days)\n");
  Program many(logged("run", {"train.ranks=1024"}), out("many.txt"));
  EXPECT_EQ(many.wait(), 1);
  EXPECT_NE(text("many.txt").find("train.ranks: found 1024, expected at most "), std::string::npos) << text("many.txt");
  auto other = rank(0, 2, logged("run", {"train.ranks=3"}), free_port());
  EXPECT_EQ(other->wait(), 1);
  EXPECT_EQ(text("rank0.txt"),
            "genbid: train.ranks: found 3, expected 1 or the 2 of the environment (RANK=0, WORLD_SIZE=2)\n");
}

}  // namespace
}  // namespace genbid::app
