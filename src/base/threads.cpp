#include "base/threads.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <optional>

#include "base/convert.h"

#ifdef GENBID_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
// Calls into the C library that libtbb makes are hidden from the sanitizer as well.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libtbb.so\n"; }
#endif

namespace genbid {
namespace {

// The thread sanitizer does not see into libtbb and would take all that it orders for races. So this file is
// compiled without it (CMakeLists.txt) and says here what a call orders: what the caller did before every body,
// and every body before the caller goes on. Two bodies stay unordered: their races are found.
class Order {
 public:
  void caller_begins() { release(&begun_); }
  void body_begins() { acquire(&begun_); }
  void body_ends() { release(&done_); }
  void caller_goes_on() { acquire(&done_); }

 private:
#ifdef GENBID_THREAD_SANITIZER
  static void acquire(char* address) { __tsan_acquire(address); }
  static void release(char* address) { __tsan_release(address); }
#else
  static void acquire(char* /*address*/) {}
  static void release(char* /*address*/) {}
#endif
  char begun_ = 0;
  char done_ = 0;
};

// Tells the sanitizer when it is destroyed, so also when a body leaves by an exception.
struct AtEnd {
  Order& order;
  void (Order::*call)();
  ~AtEnd() { (order.*call)(); }
};

}  // namespace

struct Threads::State {
  explicit State(int count) : arena(count) {
    // TBB starts one thread a processor unless it is told otherwise. Of several limits the smallest one holds, so a
    // limit is set only where more threads are wanted than there are processors.
    if (count > tbb::info::default_concurrency()) {
      more.emplace(tbb::global_control::max_allowed_parallelism, to_size(count));
    }
  }
  std::optional<tbb::global_control> more;
  tbb::task_arena arena;
};

Threads::Threads(int count)
    : count_(count > 0 ? count : std::max(1, tbb::info::default_concurrency())),
      state_(count_ > 1 ? std::make_unique<State>(count_) : nullptr) {}

Threads::~Threads() = default;

void Threads::parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  constexpr int64_t kRangesPerThread = 4;  // enough to even out unequal work
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  // A range has whole grains, so that each begins at a multiple of the grain.
  const int64_t num_grains = (n - 1) / grain + 1;
  const int64_t grains_each = (num_grains - 1) / (kRangesPerThread * count_) + 1;
  const int64_t num_ranges = (num_grains - 1) / grains_each + 1;
  if (count_ == 1 || num_ranges == 1) {
    body(0, n);
    return;
  }
  const int64_t size = grains_each * grain;
  Order order;
  const auto run_ranges = [&](const tbb::blocked_range<int64_t>& ranges) {
    for (int64_t i = ranges.begin(); i < ranges.end(); ++i) {
      order.body_begins();
      const AtEnd end{order, &Order::body_ends};
      body(i * size, std::min(n, i * size + size));
    }
  };
  const auto run_all = [&] {
    tbb::parallel_for(tbb::blocked_range<int64_t>(0, num_ranges, 1), run_ranges, tbb::simple_partitioner());
  };
  order.caller_begins();
  const AtEnd end{order, &Order::caller_goes_on};
  // The call is isolated: a thread that waits for a nested call to end must not take up a range of the outer one
  // meanwhile, because that body may need a lock which this one holds.
  state_->arena.execute([&] { tbb::this_task_arena::isolate(run_all); });
}

}  // namespace genbid
