#include "models/inputs/own_bids.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace genbid::models {

const std::vector<std::string>& own_bids_modes() {
  static const std::vector<std::string> modes = {"show", "hide", "drop"};
  return modes;
}

OwnBidsImpl::OwnBidsImpl(const std::string& mode, const policy::PolicyShape& shape)
    : mode_(static_cast<OwnBidsMode>(std::find(own_bids_modes().begin(), own_bids_modes().end(), mode) -
                                     own_bids_modes().begin())) {
  if (mode_ == OwnBidsMode::kShow) return;
  others_S_ = register_buffer("others", at::ones({shape.num_features}));
  for (const int64_t feature : shape.own_bids) others_S_[feature].fill_(0.0);
}

at::Tensor OwnBidsImpl::shown_B11(const at::Tensor& states_BTS, at::Generator* noise) const {
  at::Tensor shown_B11 = at::ones_like(states_BTS.slice(1, 0, 1).slice(2, 0, 1));
  if (mode_ == OwnBidsMode::kHide) return shown_B11.zero_();
  if (mode_ == OwnBidsMode::kDrop && noise != nullptr) shown_B11.bernoulli_(0.5, *noise);
  return shown_B11;
}

at::Tensor OwnBidsImpl::states(const at::Tensor& states_BTS, const at::Tensor& shown_B11) const {
  if (mode_ == OwnBidsMode::kShow) return states_BTS;
  return states_BTS * (others_S_ + (1.0 - others_S_) * shown_B11);
}

}  // namespace genbid::models
