#include "perbid/campaign_agents.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/convert.h"
#include "campaigns/agent_moves.h"
#include "campaigns/episode.h"

namespace genbid::perbid {
namespace {

using campaigns::kLeastAlpha;
using campaigns::kMostAlpha;

constexpr double kMostRatio = 3.0;  // a network reads no higher ones

}  // namespace

CampaignAgents::CampaignAgents(int64_t agents, int64_t profile_width, StartBid start)
    : agents_(agents),
      profile_width_(profile_width),
      start_(start),
      start_alpha_(register_buffer("start_alpha", at::ones({}))) {}

campaigns::ClickBid CampaignAgents::start_of(const PreparedDays& days, int64_t i) const {
  const campaigns::ClickBid middle{middle_alpha(), 0.5};
  return start_ == StartBid::kYesterday ? campaigns::start_with(at(days.before, i), middle) : middle;
}

at::Tensor CampaignAgents::start_N(const PreparedDays& days) const {
  const at::Tensor start_N = at::empty({days.count()});
  for (int64_t i = 0; i < days.count(); ++i) start_N.data_ptr<float>()[i] = as_float(start_of(days, i).alpha);
  return start_N;
}

int64_t CampaignAgents::num_features() const { return campaigns::kStatusSize + profile_width_; }

at::Tensor CampaignAgents::features_MBX(const AgentStates& states) const {
  const at::Tensor& status = states.status_MBS;
  const at::Tensor alpha_MB1 = status.slice(-1, 5, 6).clamp(kLeastAlpha, kMostAlpha);
  std::vector<at::Tensor> parts{status.slice(-1, 0, 2) * 2.0 - 1.0, status.slice(-1, 2, 5).clamp(0.0, kMostRatio) - 1.0,
                                (alpha_MB1 / states.start_MB.unsqueeze(-1)).log(), status.slice(-1, 6, 7) * 2.0 - 1.0};
  if (profile_width_ > 0) parts.push_back(states.profile_MBH);
  return at::cat(parts, -1);
}

at::Tensor CampaignAgents::moved_MB2(const AgentStates& states, const at::Tensor& moves_MB2) {
  const at::Tensor alpha = states.status_MBS.slice(-1, 5, 6) * moves_MB2.slice(-1, 0, 1).exp();
  const at::Tensor beta = states.status_MBS.slice(-1, 6, 7) + moves_MB2.slice(-1, 1, 2);
  return at::cat({alpha.clamp(kLeastAlpha, kMostAlpha), beta.clamp(0.0, 1.0)}, -1);
}

}  // namespace genbid::perbid
