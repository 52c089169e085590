#include "perbid/profile_training.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/random/random.h"
#include "base/stop_signal.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kPiece = 256;  // days

at::Tensor piece_of(const PreparedDays& days, int64_t begin) {
  return at::arange(begin, std::min(days.count(), begin + kPiece), at::kLong);
}

}  // namespace

void LessonConfig::fields(ConfigVisitor& v) {
  v.field("kept_bids", kept_bids, {1, 4096});
  v.field("slots", slots, {0, 288});
}

ProfileLessons::ProfileLessons(ProfileNetwork& network, const PreparedDays& days, const KeptBids& kept,
                               const LessonConfig& config, int64_t batch_size, int64_t seed)
    : network_(network), days_(days), kept_(kept), config_(config), batch_size_(batch_size), seed_(seed) {}

int64_t ProfileLessons::draw(int64_t first, int64_t /*most*/) {
  const at::Generator generator = at::detail::createCPUGenerator(
      derive_seed(static_cast<uint64_t>(seed_), "perbid.lessons", static_cast<uint64_t>(first)));
  rows_N_ = at::randint(days_.count(), {batch_size_}, generator, at::kLong);
  const int64_t num_slots = days_.slots_NTP.size(1);
  slots_ = {0, num_slots};
  const at::Tensor drawn = at::randint(num_slots + 1, {std::max<int64_t>(1, config_.slots)}, generator, at::kLong);
  for (int64_t i = 0; i < config_.slots; ++i) slots_.push_back(drawn[i].item<int64_t>());
  return 1;
}

std::vector<policy::LossPart> ProfileLessons::losses(const policy::Step& /*step*/, policy::Policy& /*policy*/,
                                                     size_t /*group*/, size_t /*part*/) {
  const at::Tensor profiles_NTH = network_.profiles_NTH(days_, rows_N_);
  const at::Tensor bids_NJ2 = kept_.bids_NJ2.index_select(0, rows_N_);
  const at::Tensor classes = network_.class_of(kept_.res_NJ.index_select(0, rows_N_)).flatten();
  std::vector<at::Tensor> losses;
  for (const int64_t slot : slots_) {
    const at::Tensor said_NJK = network_.classes_NJK(profiles_NTH.select(1, slot), bids_NJ2);
    losses.push_back(at::cross_entropy_loss(said_NJK.flatten(0, 1), classes));
  }
  return {{"class", at::stack(losses).mean()}};
}

ProfileAccuracy profile_accuracy(ProfileNetwork& network, const PreparedDays& days, const KeptBids& kept) {
  const torch::NoGradGuard no_grad;
  const at::Tensor classes_NJ = network.class_of(kept.res_NJ);
  ProfileAccuracy right;
  for (int64_t begin = 0; begin < days.count(); begin += kPiece) {
    if (stop_signal::requested()) return {NAN, NAN, NAN};
    const at::Tensor rows = piece_of(days, begin);
    const at::Tensor profiles_NTH = network.profiles_NTH(days, rows);
    const at::Tensor bids = kept.bids_NJ2.index_select(0, rows);
    const at::Tensor classes = classes_NJ.index_select(0, rows);
    const auto share_right = [&](int64_t slot) {
      const at::Tensor said = network.classes_NJK(profiles_NTH.select(1, slot), bids).argmax(2);
      return as_double(said.eq(classes).sum().item<int64_t>()) / as_double(classes_NJ.numel());
    };
    right.before += share_right(0);
    right.end += share_right(profiles_NTH.size(1) - 1);
  }
  const at::Tensor counts = at::bincount(classes_NJ.flatten());
  right.most_frequent = as_double(counts.max().item<int64_t>()) / as_double(classes_NJ.numel());
  return right;
}

at::Tensor all_profiles_NTH(ProfileNetwork& network, const PreparedDays& days) {
  const torch::NoGradGuard no_grad;
  at::Tensor all = at::empty({days.count(), days.slots_NTP.size(1), network.config().width});
  for (int64_t begin = 0; begin < days.count(); begin += kPiece) {
    const at::Tensor rows = piece_of(days, begin);
    all.slice(0, begin, begin + rows.size(0)).copy_(network.profiles_NTH(days, rows).slice(1, 0, all.size(1)));
  }
  return all;
}

}  // namespace genbid::perbid
