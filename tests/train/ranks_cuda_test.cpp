#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "base/convert.h"
#include "base/gpu.h"
#include "train/device.h"
#include "train/ranks.h"

// Ranks that speak by NCCL: one for each GPU of the machine.

namespace genbid::train {
namespace {

TEST(RanksCuda, SumsAndCopiesGoFromGpuToGpu) {
  if (!test::shows_a_gpu()) GTEST_SKIP() << "no /dev/nvidiaN: this machine has no NVIDIA GPU";
#ifndef GENBID_HAS_NCCL
  GTEST_SKIP() << "NCCL: built without its headers (scripts/setup.sh --cuda)";
#endif
  open_device("cuda");  // before anything else asks LibTorch about devices
  const auto size = static_cast<int64_t>(static_cast<uint8_t>(torch::cuda::device_count()));
  for (const bool fixed_order : {false, true}) {
    const MeetingPoint point;
    std::vector<std::exception_ptr> errors(to_size(size));
    std::vector<std::thread> threads;
    for (int64_t r = 0; r < size; ++r) {
      threads.emplace_back([&, r] {
        try {
          const RankPlace place{r, size, r, "127.0.0.1", point.port(), true, "test", "test"};
          const at::Device gpu(at::kCUDA, static_cast<at::DeviceIndex>(r));
          const auto ranks = meet(place, {.fixed_order = fixed_order, .backend = RankBackend::kNccl, .device = gpu});
          const at::Tensor values = at::full({1000}, as_double(r + 1), gpu);
          ranks->sum(values);
          EXPECT_TRUE(values.cpu().equal(at::full({1000}, as_double(size * (size + 1) / 2))));
          ranks->copy_from_first(values.fill_(as_double(r)));
          EXPECT_TRUE(values.cpu().equal(at::zeros({1000})));
          EXPECT_EQ(ranks->highest(r), size - 1);  // by the host
        } catch (...) {
          errors[to_size(r)] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }
}

}  // namespace
}  // namespace genbid::train
