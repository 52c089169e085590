#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
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

// Every body waits until all threads have come, however long a busy machine takes to start them.
TEST(Threads, ASetRunsAsManyThreadsAsItSays) {
  constexpr size_t kCount = 4;  // more than a small machine has processors
  Threads threads(static_cast<int>(kCount));
  std::mutex mutex;
  std::condition_variable all_here;
  std::set<std::thread::id> ids;
  threads.parallel_for(static_cast<int64_t>(kCount) * 4, 1, [&](int64_t, int64_t) {
    std::unique_lock lock(mutex);
    ids.insert(std::this_thread::get_id());
    if (ids.size() == kCount) all_here.notify_all();
    all_here.wait_for(lock, std::chrono::seconds(30), [&] { return ids.size() >= kCount; });
  });
  EXPECT_EQ(ids.size(), kCount);
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

// A body may hold a lock while it splits its work: the thread must not take up another outer range meanwhile.
// Who steals what is chance (one call in two shows a fault), so there are many calls.
TEST(Threads, AThreadThatWaitsForANestedCallStartsNoOuterBody) {
  Threads threads(4);
  static thread_local bool inside = false;
  std::atomic<int> num_reentered{0};
  for (int call = 0; call < 30; ++call) {
    threads.parallel_for(16, 1, [&](int64_t, int64_t) {
      if (std::exchange(inside, true)) ++num_reentered;
      threads.parallel_for(64, 1, [](int64_t, int64_t) { std::this_thread::sleep_for(std::chrono::microseconds(50)); });
      inside = false;
    });
  }
  EXPECT_EQ(num_reentered, 0);
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
