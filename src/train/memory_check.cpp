#include "train/memory_check.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::train {
namespace {

// Asking the system how much memory there is costs as much as filling a small tensor (0.4 ms), so it is asked for large
// tensors, and again whenever others of so many bytes were made, more where much is left.
constexpr size_t kLookedAt = size_t{64} << 20;
constexpr double kPartOfTheRest = 1.0 / 16.0;

std::atomic<double> until_look{as_double(kLookedAt)};     // bytes
std::atomic<double (*)()> memory_left{available_memory};  // asked for how much there is

struct Making {
  double copies = 0.0;
  double available = 0.0;
  double bytes = 0.0;
};
thread_local std::optional<Making> making;

void check(size_t size) {
  const auto bytes = as_double(size);
  if (making) {
    making->bytes += bytes;
    const double needed = making->copies * making->bytes;
    if (needed <= making->available) return;
    throw Error("model: takes more than " + gigabytes(needed) + " of memory (" + gigabytes(making->bytes) +
                " and more of weights, " + std::to_string(static_cast<int>(making->copies)) +
                " times); expected at most the " + gigabytes(making->available) + " that are available");
  }
  if (size < kLookedAt && until_look.fetch_sub(bytes, std::memory_order_relaxed) > bytes) return;
  const double available = memory_left.load(std::memory_order_relaxed)();
  until_look.store(std::max(as_double(kLookedAt), kPartOfTheRest * available), std::memory_order_relaxed);
  const double until_next = std::max(bytes, as_double(kLookedAt));
  if (until_next <= available) return;
  throw Error("out of memory: " + std::string(size >= kLookedAt ? "one tensor takes " : "the next tensors take ") +
              bytes_text(until_next) + ", expected at most the " + bytes_text(available) +
              " that are available (a smaller train.batch_size, tapes.cells or model)");
}

class CheckedAllocator : public c10::Allocator {
 public:
  explicit CheckedAllocator(c10::Allocator& usual) : usual_(usual) {}

  c10::DataPtr allocate(size_t size) override {
    check(size);
    return usual_.allocate(size);
  }
  c10::DeleterFnPtr raw_deleter() const override { return usual_.raw_deleter(); }
  void copy_data(void* to, const void* from, size_t count) const override { default_copy_data(to, from, count); }

 private:
  c10::Allocator& usual_;
};

}  // namespace

void check_tensor_memory(double (*available)()) {
  memory_left = available;
  until_look = as_double(kLookedAt);
  static std::once_flag once;
  std::call_once(once, [] {
    static CheckedAllocator allocator(*c10::GetDefaultCPUAllocator());
    c10::SetCPUAllocator(&allocator, 1);
  });
}

ModelMemory::ModelMemory(double copies) { making = Making{copies, available_memory(), 0.0}; }
ModelMemory::~ModelMemory() { making.reset(); }

}  // namespace genbid::train
