#include "perbid/profile_network.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>

#include "base/convert.h"
#include "base/error.h"
#include "base/text_table.h"
#include "campaigns/slot_profile.h"

namespace genbid::perbid {
namespace {

constexpr double kLeast = 1e-6;  // of what a logarithm is taken
constexpr double kMost = 1e6;

at::Tensor log_of(const at::Tensor& x) { return x.clamp(kLeast, kMost).log(); }

// What is cut off would look alike, however far beyond it lies.
void check_units(const at::Tensor& numbers, const char* what) {
  const double most = numbers.max().item<double>();
  if (most <= kMost) return;
  throw Error(std::string("profiles: found ") + what + " of up to " + number_text("%.3g", most) +
              ", expected at most 1e6: count money in a larger unit");
}

at::Tensor money_N2(const PreparedDays& days) {
  const at::Tensor limits = at::empty({days.count(), 2});
  auto* to = limits.data_ptr<float>();
  for (const campaigns::ClickLimits& one : days.limits) {
    *to++ = as_float(one.budget);
    *to++ = as_float(one.ppc);
  }
  return limits;
}

}  // namespace

void ProfileConfig::fields(ConfigVisitor& v) {
  v.field("width", width, {1, 4096});
  v.field("head_width", head_width, {1, 4096});
  v.field("market", market);
  v.field("class_ends", class_ends);
  const bool rise = std::is_sorted(class_ends.begin(), class_ends.end(), std::less_equal<>());
  v.check(!class_ends.empty() && rise, "class_ends", "at least one number, each above the one before");
}

ProfileNetwork::ProfileNetwork(const ProfileConfig& config)
    : config_(config),
      slots_(register_module("slots", nn::Normalizer(campaigns::kSlotProfileSize))),
      limits_(register_module("limits", nn::Normalizer(2))),
      bids_(register_module("bids", nn::Normalizer(2))) {
  const int64_t inputs = campaigns::kSlotProfileSize + 3;
  gru_ = register_module("gru", torch::nn::GRU(torch::nn::GRUOptions(inputs, config.width).batch_first(true)));
  head_ = register_module(
      "head", torch::nn::Sequential(torch::nn::Linear(config.width + 4, config.head_width), torch::nn::SiLU(),
                                    torch::nn::Linear(config.head_width, config.head_width), torch::nn::SiLU(),
                                    torch::nn::Linear(config.head_width, config.num_classes())));
}

at::Tensor ProfileNetwork::limits_N2(const PreparedDays& days) const { return log_of(money_N2(days)); }

void ProfileNetwork::fit_days(const PreparedDays& days) {
  const torch::NoGradGuard no_grad;
  check_units(days.slots_NTP, "numbers of slots");
  const at::Tensor money = money_N2(days);
  check_units(money, "budgets and limits of a click");
  if (const double least = money.min().item<double>(); least < kLeast) {
    throw Error("profiles: found a budget or a limit of a click of " + number_text("%.3g", least) +
                ", expected at least 1e-6: count money in a smaller unit");
  }
  slots_->fit(log_of(days.slots_NTP).flatten(0, 1));
  limits_->fit(limits_N2(days));
  const at::Tensor bids = at::empty({days.count(), 2});
  auto* to = bids.data_ptr<float>();
  for (const campaigns::ClickOptimum& one : days.optima) {
    *to++ = as_float(one.bid.alpha);
    *to++ = as_float(one.bid.beta);
  }
  bids_->fit(at::cat({log_of(bids.slice(1, 0, 1)), bids.slice(1, 1, 2)}, 1));
}

at::Tensor ProfileNetwork::inputs_NTX(const at::Tensor& slots_NTP, const at::Tensor& limits_N2,
                                      const at::Tensor& known_N) const {
  const int64_t slots = slots_NTP.size(1);
  const at::Tensor known_N11 = known_N.view({-1, 1, 1});
  const at::Tensor market = config_.market ? slots_->forward(log_of(slots_NTP)) * known_N11 : at::zeros_like(slots_NTP);
  return at::cat({market, limits_N2.unsqueeze(1).expand({-1, slots, -1}), known_N11.expand({-1, slots, -1})}, 2);
}

at::Tensor ProfileNetwork::profiles_NTH(const PreparedDays& days, const at::Tensor& rows_N) {
  const at::Tensor limits = limits_->forward(limits_N2(days).index_select(0, rows_N));
  const at::Tensor known = days.known_N.index_select(0, rows_N);
  const at::Tensor before = inputs_NTX(days.before_NTP.index_select(0, rows_N), limits, known);
  const at::Tensor today = inputs_NTX(days.slots_NTP.index_select(0, rows_N), limits, at::ones_like(known));
  const at::Tensor said = std::get<0>(gru_->forward(at::cat({before, today}, 1)));
  return said.slice(1, before.size(1) - 1);
}

at::Tensor ProfileNetwork::next_NH(const at::Tensor& slot_NP, const at::Tensor& limits_N2, const at::Tensor& known_N1,
                                   const at::Tensor& before_NH) const {
  const at::Tensor market = config_.market ? slots_->forward(log_of(slot_NP)) * known_N1 : at::zeros_like(slot_NP);
  const at::Tensor input = at::cat({market, limits_->forward(log_of(limits_N2)), known_N1}, 1);
  // A GRU's step (Cho et al., EMNLP 2014) as LibTorch has it: of the three gates the first resets what was before, the
  // second keeps it, and the third is new.
  const auto weights = gru_->named_parameters(/*recurse=*/false);
  const at::Tensor from_input = at::linear(input, weights["weight_ih_l0"], weights["bias_ih_l0"]);
  const at::Tensor from_before = at::linear(before_NH, weights["weight_hh_l0"], weights["bias_hh_l0"]);
  const auto gate = [&](const at::Tensor& all, int64_t which) {
    return all.slice(1, which * config_.width, (which + 1) * config_.width);
  };
  const at::Tensor reset = at::sigmoid(gate(from_input, 0) + gate(from_before, 0));
  const at::Tensor keep = at::sigmoid(gate(from_input, 1) + gate(from_before, 1));
  const at::Tensor fresh = at::tanh(gate(from_input, 2) + reset * gate(from_before, 2));
  return fresh + keep * (before_NH - fresh);
}

at::Tensor ProfileNetwork::classes_NJK(const at::Tensor& profile_NH, const at::Tensor& bids_NJ2) {
  const at::Tensor bids = bids_->forward(at::cat({log_of(bids_NJ2.slice(2, 0, 1)), bids_NJ2.slice(2, 1, 2)}, 2));
  const int64_t each = bids.size(1);
  const at::Tensor profile = profile_NH.unsqueeze(1).expand({-1, each, -1});
  return head_->forward(at::cat({profile, bids, bids.square()}, 2));
}

at::Tensor ProfileNetwork::class_of(const at::Tensor& res) const {
  at::Tensor place = at::zeros_like(res, at::kLong);
  for (const double end : config_.class_ends) place += res.ge(end).to(at::kLong);
  return place;
}

}  // namespace genbid::perbid
