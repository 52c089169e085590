#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include <cstdint>
#include <vector>

#include "base/config/config.h"
#include "nn/normalizer.h"
#include "perbid/episode_network.h"
#include "perbid/prepared_days.h"

// N campaigns' days, T slots, P numbers of a slot's profile, X inputs of the network, H width, J kept bids, K classes.

namespace genbid::perbid {

struct ProfileConfig {
  int64_t width = 32;                                   // H
  int64_t head_width = 64;                              // of the two hidden layers that classify
  bool market = true;                                   // false: it reads budget and limit alone, to see what slots add
  std::vector<double> class_ends{0.0, 0.5, 0.75, 0.9};  // of Res; the classes are the ranges between them

  int64_t num_classes() const { return std::ssize(class_ends) + 1; }
  void fields(ConfigVisitor& v);
};

// Says what a campaign's market is like (PerBid, section 4.2): a GRU over the slots of the day before and of today. It
// is trained by telling what a kept bid would bring, as a class of Res.
class ProfileNetwork : public EpisodeNetwork {
 public:
  explicit ProfileNetwork(const ProfileConfig& config);

  const ProfileConfig& config() const { return config_; }
  // Constants of the inputs.
  void fit_days(const PreparedDays& days);

  // N (T + 1) H: before each of the day's slots, and at its end.
  at::Tensor profiles_NTH(const PreparedDays& days, const at::Tensor& rows_N);
  // N H: the same, slot by slot: after one more slot (N P; N 1: 1 where it is known); zeros before the first slot of
  // the day before. `limits_N2`: budget and limit.
  at::Tensor next_NH(const at::Tensor& slot_NP, const at::Tensor& limits_N2, const at::Tensor& known_N1,
                     const at::Tensor& before_NH) const;
  // N J K, before softmax. `profile_NH` of a time of the day, `bids_NJ2` kept all day.
  at::Tensor classes_NJK(const at::Tensor& profile_NH, const at::Tensor& bids_NJ2);
  // i64
  at::Tensor class_of(const at::Tensor& res) const;

 private:
  at::Tensor inputs_NTX(const at::Tensor& slots_NTP, const at::Tensor& limits_N2, const at::Tensor& known_N) const;
  at::Tensor limits_N2(const PreparedDays& days) const;

  ProfileConfig config_;
  nn::Normalizer slots_{nullptr};
  nn::Normalizer limits_{nullptr};
  nn::Normalizer bids_{nullptr};
  torch::nn::GRU gru_{nullptr};
  torch::nn::Sequential head_{nullptr};
};

}  // namespace genbid::perbid
