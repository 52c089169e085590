#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace genbid {
namespace {

TEST(Threads, CoverTheRangeOnceForAnyCount) {
  for (int count = 1; count <= 8; ++count) {
    Threads threads(count);
    EXPECT_EQ(threads.count(), count);
    for (const int64_t n : {0, 1, 7, 100, 1000}) {
      for (const int64_t grain : {1, 3, 64, 5000}) {
        std::vector<int> visits(static_cast<size_t>(n), 0);
        threads.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(n), 1)) << count << " " << n << " " << grain;
      }
    }
  }
}

TEST(Threads, RangesBeginAtMultiplesOfTheGrain) {
  Threads threads(4);
  std::mutex mutex;
  std::set<int64_t> begins;
  threads.parallel_for(1000, 48, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    begins.insert(begin);
    EXPECT_TRUE(end % 48 == 0 || end == 1000);
    EXPECT_LT(begin, end);
  });
  EXPECT_GT(begins.size(), 1U);
  for (const int64_t begin : begins) EXPECT_EQ(begin % 48, 0);
}

TEST(Threads, ASetRunsAsManyThreadsAsItSays) {
  constexpr int kCount = 4;  // more than a small machine has processors
  Threads threads(kCount);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  threads.parallel_for(kCount * 4, 1, [&](int64_t, int64_t) {
    {
      const std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_EQ(ids.size(), static_cast<size_t>(kCount));
}

TEST(Threads, ASmallSetDoesNotRestrainALargeOne) {
  Threads small(1), two(2), large(4);
  std::atomic<int64_t> sum{0};
  for (Threads* threads : {&small, &two, &large}) {
    threads->parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  }
  EXPECT_EQ(sum, 300);
}

TEST(Threads, ABodyMaySplitItsWorkAgain) {
  Threads threads(4);
  std::atomic<int64_t> sum{0};
  threads.parallel_for(10, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      threads.parallel_for(10, 1, [&, i](int64_t first, int64_t last) {
        for (int64_t j = first; j < last; ++j) sum += 10 * i + j;
      });
    }
  });
  EXPECT_EQ(sum, 99 * 100 / 2);
}

// A thread that waits for a nested call must not start another outer body: it would take the lock twice.
TEST(Threads, ABodyMayHoldALockWhileItSplitsItsWork) {
  Threads threads(4);
  std::vector<std::mutex> mutexes(1);
  int64_t sum = 0;
  for (int repeat = 0; repeat < 50; ++repeat) {
    threads.parallel_for(8, 1, [&](int64_t, int64_t) {
      const std::lock_guard lock(mutexes[0]);
      std::atomic<int64_t> inner{0};
      threads.parallel_for(64, 1, [&](int64_t begin, int64_t end) { inner += end - begin; });
      sum += inner;
    });
  }
  EXPECT_EQ(sum, 50 * 8 * 64);
}

TEST(Threads, AnExceptionOfABodyReachesTheCaller) {
  for (const int count : {1, 4}) {
    Threads threads(count);
    const auto fail_at_50 = [](int64_t begin, int64_t end) {
      if (begin <= 50 && 50 < end) throw std::runtime_error("at 50");
    };
    EXPECT_THROW(threads.parallel_for(100, 1, fail_at_50), std::runtime_error);
    int64_t sum = 0;
    threads.parallel_for(1, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum, 1);
  }
}

TEST(Threads, ZeroTakesOneAProcessor) { EXPECT_GE(Threads(0).count(), 1); }

}  // namespace
}  // namespace genbid
