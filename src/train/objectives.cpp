#include "train/objectives.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace genbid::train {

WeightedSum::WeightedSum(std::vector<Term> terms) : terms_(std::move(terms)) {
  for (size_t term = 0; term < terms_.size(); ++term) {
    for (size_t part = 0; part < terms_[term].objective->num_parts(); ++part) places_.push_back({term, part});
  }
}

// Of each objective a rank has its share.
void WeightedSum::take_share(const Share& share) {
  for (const Term& term : terms_) term.objective->take_share(share);
}

bool WeightedSum::is_mine(size_t part) const {
  return terms_[places_[part].term].objective->is_mine(places_[part].part);
}

void WeightedSum::collect_state(Ranks& ranks) {
  for (const Term& term : terms_) term.objective->collect_state(ranks);
}

int64_t WeightedSum::draw(int64_t first, int64_t most) {
  // All draw equally far ahead: each is asked again for as many steps as the one that gave the fewest.
  for (const Term& term : terms_) most = std::min(most, term.objective->draw(first, most));
  for (const Term& term : terms_) term.objective->draw(first, most);
  return most;
}

void WeightedSum::gather(const at::Tensor& place_1) {
  for (const Term& term : terms_) term.objective->gather(place_1);
}

at::Tensor WeightedSum::weight(size_t part) const {
  const auto [term, place] = places_[part];
  const Objective& objective = *terms_[term].objective;
  if (objective.num_parts() > 1) return objective.weight(place) * terms_[term].weight;
  return at::full({}, terms_[term].weight, at::TensorOptions(at::kFloat).device(device()));
}

bool WeightedSum::is_of_all_groups() const {
  return std::all_of(terms_.begin(), terms_.end(), [](const Term& term) { return term.objective->is_of_all_groups(); });
}

std::vector<policy::LossPart> WeightedSum::losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                                  size_t part) {
  const auto [term, place] = places_[part];
  return terms_[term].objective->losses(step, policy, group, place);
}

// Each has few kinds of work, and counts up where its memory changes.
std::optional<Objective::Kind> WeightedSum::kind_of_step(int64_t step) const {
  constexpr int64_t kKinds = 1 << 10;
  Kind all;
  for (const Term& term : terms_) {
    const std::optional<Kind> one = term.objective->kind_of_step(step);
    if (!one) return std::nullopt;
    all = {all.memory + one->memory, kKinds * all.work + one->work};
  }
  return all;
}

policy::NamedTensors WeightedSum::state() const {
  policy::NamedTensors all;
  for (size_t term = 0; term < terms_.size(); ++term) {
    for (const auto& [name, tensor] : terms_[term].objective->state()) all[std::to_string(term) + "." + name] = tensor;
  }
  return all;
}

}  // namespace genbid::train
