#include "perbid/matching.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"

namespace genbid::perbid {

MatchingDays days_to_match(const campaigns::Samples& samples, const std::vector<DayPlace>& judged, int64_t first,
                           int64_t days_back, const std::function<at::Tensor(const PreparedDays&)>& read,
                           Threads& threads) {
  MatchingDays all;
  all.num_judged = std::ssize(judged);
  std::vector<DayPlace> places;
  for (int64_t i = 0; i < all.num_judged; ++i) {
    const DayPlace& place = at(judged, i);
    const int64_t known = at(samples.all(), place.sample).days_before - place.back;
    for (int64_t back = first; back < first + days_back && back <= known; ++back) {
      places.push_back({place.sample, place.back + back});
      all.judged.push_back(i);
      all.weight.push_back(std::pow(0.5, as_double(back - first)));
    }
  }
  all.days = prepare_days(samples, std::move(places), threads);
  all.profiles_NTH = read(all.days);
  return all;
}

Matching match_agents(const MatchingDays& days, const at::Tensor& res_DM) {
  const int64_t num_agents = res_DM.size(1);
  at::Tensor sum_NM = at::zeros({days.num_judged, num_agents}, at::kDouble);
  at::Tensor weight_N = at::zeros({days.num_judged}, at::kDouble);
  for (int64_t i = 0; i < std::ssize(days.judged); ++i) {
    sum_NM[at(days.judged, i)] += res_DM[i] * at(days.weight, i);
    weight_N[at(days.judged, i)] += at(days.weight, i);
  }
  const at::Tensor known_N = weight_N.gt(0.0);
  Matching matching;
  matching.known_N = known_N;
  const at::Tensor mean_NM = sum_NM / weight_N.clamp_min(1e-9).unsqueeze(1);
  if (known_N.any().item<bool>()) {
    matching.default_agent = mean_NM.index({known_N}).mean(0).argmax().item<int64_t>();
  }
  matching.res_NM = mean_NM;
  matching.agent_N = at::where(known_N, mean_NM.argmax(1), matching.default_agent);
  return matching;
}

}  // namespace genbid::perbid
