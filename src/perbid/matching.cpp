#include "perbid/matching.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "base/log.h"

namespace genbid::perbid {
namespace {

// How many days are known from the one on that lies `first` days before a judged one.
int64_t known_before(const campaigns::Samples& samples, const DayPlace& judged, int64_t first) {
  return at(samples.all(), judged.sample).days_before - judged.back - first + 1;
}

}  // namespace

MatchingDays days_to_match(const campaigns::Samples& samples, const std::vector<DayPlace>& judged, int64_t first,
                           int64_t days_back, const std::function<at::Tensor(const PreparedDays&)>& read,
                           Threads& threads) {
  MatchingDays all;
  all.num_judged = std::ssize(judged);
  std::vector<DayPlace> places;
  for (int64_t i = 0; i < all.num_judged; ++i) {
    const DayPlace& place = at(judged, i);
    const int64_t known = std::min(days_back, known_before(samples, place, first));
    for (int64_t back = 0; back < known; ++back) {
      places.push_back({place.sample, place.back + first + back});
      all.judged.push_back(i);
      all.weight.push_back(std::pow(0.5, as_double(back)));
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

Matching match_in_pieces(CampaignAgents& agents, const campaigns::Samples& samples, const std::vector<DayPlace>& judged,
                         int64_t first, int64_t days_back, const std::function<at::Tensor(const PreparedDays&)>& read,
                         Threads& threads, const std::function<void(int64_t)>& done) {
  constexpr int64_t kPiece = 1024;
  MatchingDays all;  // whom days come before and how much they count: the default is the best over all of them
  all.num_judged = std::ssize(judged);
  std::vector<at::Tensor> res;
  for (int64_t begin = 0; begin < all.num_judged; begin += kPiece) {
    const int64_t end = std::min(all.num_judged, begin + kPiece);
    const std::vector<DayPlace> piece(judged.begin() + begin, judged.begin() + end);
    const MatchingDays days = days_to_match(samples, piece, first, days_back, read, threads);
    res.push_back(play_all(agents, {samples, days.days, days.profiles_NTH}, threads).res_NM);
    for (const int64_t one : days.judged) all.judged.push_back(begin + one);
    all.weight.insert(all.weight.end(), days.weight.begin(), days.weight.end());
    if (done) done(end);
  }
  return match_agents(all, at::cat(res));
}

int64_t check_days_back(const campaigns::Samples& samples, const std::vector<DayPlace>& judged, int64_t first,
                        int64_t days_back, const std::string& key) {
  int64_t most = 0;
  int64_t fewer = 0;
  for (const DayPlace& place : judged) {
    const int64_t known = known_before(samples, place, first);
    most = std::max(most, known);
    if (known > 0 && known < days_back) ++fewer;
  }
  if (most < days_back) {
    throw Error(key + ": found " + std::to_string(days_back) + ", expected " +
                (most > 0 ? "at most the " + std::to_string(most) : "campaigns with days") +
                " that are known before the judged one, by which agents are matched");
  }
  if (fewer > 0) {
    log_info(key + ": " + std::to_string(fewer) + " of " + std::to_string(judged.size()) + " have fewer than " +
             std::to_string(days_back) + " days before the judged one");
  }
  return fewer;
}

}  // namespace genbid::perbid
