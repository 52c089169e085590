#pragma once

#include <cstdint>
#include <vector>

#include "base/config/config.h"
#include "perbid/profile_network.h"
#include "train/objective.h"

namespace genbid::perbid {

// Section `lesson`: how a network of profiles is trained.
struct LessonConfig {
  int64_t kept_bids = 32;  // how many of them are tried on each day
  int64_t slots = 1;       // drawn times of day at which the network predicts, besides begin and end

  void fields(ConfigVisitor& v);
};

// Drawn days, on each of which the network tells the class of Res of its kept bids: before the day, at its end, and
// between.
class ProfileLessons : public train::Objective {
 public:
  // Everything must outlive it.
  ProfileLessons(ProfileNetwork& network, const PreparedDays& days, const KeptBids& kept, const LessonConfig& config,
                 int64_t batch_size, int64_t seed);

  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& /*place_1*/) override {}
  at::Tensor weight(size_t /*part*/) const override { return at::Tensor(); }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  c10::Device device() const override { return c10::Device(c10::kCPU); }

 private:
  ProfileNetwork& network_;
  const PreparedDays& days_;
  const KeptBids& kept_;
  LessonConfig config_;
  int64_t batch_size_;
  int64_t seed_;
  at::Tensor rows_N_;  // of the step
  std::vector<int64_t> slots_;
};

// The share of kept bids whose class is told rightly, before a day and at its end; and that of the most frequent class.
// Not a number where a stop was asked for.
struct ProfileAccuracy {
  double before = 0.0;
  double end = 0.0;
  double most_frequent = 0.0;
};
ProfileAccuracy profile_accuracy(ProfileNetwork& network, const PreparedDays& days, const KeptBids& kept);

// N T H, before each slot of each day, in pieces.
at::Tensor all_profiles_NTH(ProfileNetwork& network, const PreparedDays& days);

}  // namespace genbid::perbid
