#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "train/rank_place.h"

namespace genbid::train {

// The processes of one training, its ranks. Every call but of rank(), size() and first() is one that all of them make,
// in the same order. A rank that is lost, or that does not come within the time-out, is an Error at the others.
class Ranks {
 public:
  virtual ~Ranks() = default;

  virtual int64_t rank() const = 0;
  virtual int64_t size() const = 0;
  bool first() const { return rank() == 0; }
  bool alone() const { return size() == 1; }

  // Puts the sum over all ranks in place of the values. All get the same bits.
  virtual void sum(const at::Tensor& values) = 0;
  // Puts the first rank's values in place of the others'.
  virtual void copy_from_first(const at::Tensor& values) = 0;
  // The texts of all ranks, in their order.
  virtual std::vector<std::string> gather(const std::string& text) = 0;

  double sum(double value);
  int64_t copy_from_first(int64_t value);
  // The highest number of all.
  int64_t highest(int64_t value);
  bool any(bool value) { return highest(value ? 1 : 0) > 0; }
};

// A training of one process: nothing is waited for.
class OneRank : public Ranks {
 public:
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 1; }
  void sum(const at::Tensor& /*values*/) override {}
  void copy_from_first(const at::Tensor& /*values*/) override {}
  std::vector<std::string> gather(const std::string& text) override { return {text}; }
};
// One that whoever has no other may use.
Ranks& one_rank();

// What carries values that lie on a GPU: Gloo, by way of the host, or NCCL from GPU to GPU. All else goes by Gloo.
enum class RankBackend { kGloo, kNccl };
const std::vector<std::string>& rank_backend_names();  // "gloo", "nccl"
RankBackend parse_rank_backend(const std::string& name);

// How many of the ranks are on this rank's machine (or in its container). All of them make this call.
int64_t ranks_on_this_machine(Ranks& ranks);

struct RanksOptions {
  std::chrono::seconds timeout{600};
  // Sums are made in the order of ranks: as many ranks have the bits of one with as many parts.
  bool fixed_order = false;
  RankBackend backend = RankBackend::kGloo;
  c10::Device device = c10::kCPU;  // this rank's own; of NCCL alone
};

// Ranks that meet at the place's address. Returns when all are there; an Error says who is missing.
std::unique_ptr<Ranks> meet(const RankPlace& place, const RanksOptions& options);

// Hosts the address at which ranks meet, on this machine, for a launcher; its port.
class MeetingPoint {
 public:
  MeetingPoint();
  ~MeetingPoint();
  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::train
