#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include "data/hdf5_trial.h"
#include "golden.h"
#include "stores.h"

// Stores with damaged bytes: refused or read, but never a crash or a program that does not end.

namespace genbid::data {
namespace {

using test::content_of;
using test::error_of;
using test::TempFolder;

void read_store(const std::string& path) { TrajectoryStore(path).read(); }

void read_log(const std::string& path) {
  const MarketLog log(path);
  MarketLogTick<double> tick;
  for (const MarketLogPeriod& period : log.periods()) {
    for (int t = 0; t < static_cast<int>(log.info().ticks); ++t) log.read_tick(period, t, tick);
  }
}

// What became of reading in a process of its own: 0 read, 1 an Error, or a text that names the fault.
struct Outcome {
  bool read = false;
  std::string fault;
};
Outcome read_apart(const std::function<void(const std::string&)>& read, const std::string& path) {
  constexpr unsigned kSeconds = 60;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kSeconds);
    try {
      read(path);
      ::_exit(0);
    } catch (const Error&) {
      ::_exit(1);
    } catch (...) {
      ::_exit(2);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return {false, "ended by signal " + std::to_string(WTERMSIG(status))};
  if (WEXITSTATUS(status) > 1) return {false, "another exception than Error"};
  return {WEXITSTATUS(status) == 0, ""};
}

// The length of a text in the collection of texts, so large that the walk to the next one comes back to it.
TEST(DamagedStore, OneThatLeadsTheLibraryInCirclesIsAnError) {
  const TempFolder folder;
  const std::string path = test::write_small_store(folder);
  std::string bytes = content_of(path);
  const size_t heap = bytes.find("GCOL");
  ASSERT_NE(heap, std::string::npos);
  const uint64_t length = ~uint64_t{0} - 15;
  std::memcpy(bytes.data() + heap + 24, &length, sizeof length);
  folder.write("s.h5", bytes);
  EXPECT_EQ(error_of([&] { TrajectoryStore{path}; }),
            path +
                ": damaged: the HDF5 library comes to no end with the file's structure (stopped after 2 s of "
                "processor time); make the file again, or take a copy that is whole");
}

TEST(DamagedStore, OneWithRubbishInTheMiddleIsAnError) {
  GENBID_VECTOR(path, "02-hdf5_garbage_mid.h5")
  const std::string message = error_of([&] { read_store(path); });
  EXPECT_EQ(message.find(path + ": damaged: the HDF5 library "), 0U) << message;
}

// Bytes of a small file are set to 0, to 255, to rubbish, one to sixteen at a time.
void damage(const std::string& whole, const std::function<void(const std::string&)>& read, int rounds) {
  const TempFolder folder;
  // More of them where they are asked for: GENBID_DAMAGE_ROUNDS=20 times as many, of another seed.
  const char* more = std::getenv("GENBID_DAMAGE_ROUNDS");
  const int times = more == nullptr ? 1 : std::max(std::atoi(more), 1);
  rounds *= times;
  std::mt19937_64 random(static_cast<uint64_t>(times));
  int num_read = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes = whole;
    const size_t at = random() % bytes.size();
    const size_t length = std::min<size_t>(size_t{1} << random() % 5, bytes.size() - at);
    const uint64_t kind = random() % 4;
    for (size_t i = at; i < at + length; ++i) {
      const auto rubbish = static_cast<char>(random());
      bytes[i] = kind == 0   ? '\0'
                 : kind == 1 ? '\xff'
                 : kind == 2 ? rubbish
                             : static_cast<char>(bytes[i] ^ 1 << random() % 8);
    }
    const Outcome outcome = read_apart(read, folder.write("d.h5", bytes));
    ASSERT_EQ(outcome.fault, "") << "round " << round << ": " << length << " bytes at " << at << ", kind " << kind;
    num_read += outcome.read ? 1 : 0;
  }
  EXPECT_GT(num_read, rounds / 20);  // most of a file is room between its parts
  EXPECT_LT(num_read, rounds);
}

TEST(DamagedStore, AnyDamageIsReadOrRefused) {
  const TempFolder folder;
  damage(content_of(test::write_small_store(folder)), read_store, 600);
}

TEST(DamagedStore, AnyDamageToAMarketLogIsReadOrRefused) {
  const TempFolder folder;
  damage(content_of(test::write_small_market_log(folder)), read_log, 400);
}

}  // namespace
}  // namespace genbid::data
