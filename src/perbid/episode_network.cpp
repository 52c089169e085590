#include "perbid/episode_network.h"

#include "base/error.h"

namespace genbid::perbid {
namespace {

[[noreturn]] void refuse() { throw Error("a network of campaigns: found logged ticks, expected days of campaigns"); }

}  // namespace

void EpisodeNetwork::fit(const policy::TrainingColumns& /*columns*/) { refuse(); }

std::vector<policy::LossPart> EpisodeNetwork::losses(const policy::Step& /*step*/, size_t /*group*/,
                                                     const policy::Batch& /*batch*/) {
  refuse();
}

std::vector<policy::LossPart> EpisodeNetwork::held_out_losses(const policy::Batch& /*batch*/,
                                                              at::Generator& /*noise*/) {
  refuse();
}

policy::Action EpisodeNetwork::act(const policy::Ticks& /*history*/, const at::Tensor& /*wishes_BO*/,
                                   const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& /*carry*/) {
  refuse();
}

}  // namespace genbid::perbid
