#include "data/ingest_store.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/stop_signal.h"
#include "bidding/score.h"
#include "bidding/state_features.h"
#include "data/action_outliers.h"
#include "data/row_place.h"

namespace genbid::data {
namespace {

constexpr int64_t kRowsPerWrite = 1 << 16;

// What is far beyond the other actions, for a person; empty if nothing is.
std::string describe_outliers(const std::vector<Trajectory>& trajectories) {
  std::vector<float> actions;
  for (const Trajectory& t : trajectories) actions.insert(actions.end(), t.action.begin(), t.action.end());
  const ActionOutliers outliers = find_action_outliers(actions);
  if (outliers.count == 0) return {};
  size_t row = outliers.first;
  for (const Trajectory& t : trajectories) {
    if (row < t.action.size()) {
      return describe(outliers, "period " + std::to_string(t.head.period) + ", advertiser " +
                                    std::to_string(t.head.advertiser) + ", tick " + std::to_string(row));
    }
    row -= t.action.size();
  }
  return {};
}

}  // namespace

std::string sources_json(std::vector<CsvSource> sources) {
  // The order of files on the command line is not part of the store.
  std::sort(sources.begin(), sources.end(),
            [](const CsvSource& a, const CsvSource& b) { return std::tie(a.name, a.hash) < std::tie(b.name, b.hash); });
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CsvSource& source : sources) {
    list.push_back({{"name", source.name}, {"size", source.size}, {"xxh3_128", source.hash}});
  }
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool write_store(std::vector<Trajectory>& trajectories, const std::vector<TrajectoryLabels>& labels,
                 const TrajectoryStoreInfo& info, int64_t num_rows, TrajectoryStoreWriter& writer) {
  writer.begin(info, std::ssize(trajectories), num_rows);
  TrajectoryColumns part;
  for (size_t i = 0; i < trajectories.size(); ++i) {
    part.append(trajectories[i]);
    if (info.labels) part.append(labels[i]);
    trajectories[i] = {};
    if (part.num_rows() >= kRowsPerWrite || i + 1 == trajectories.size()) {
      if (stop_signal::requested()) return false;
      writer.append(part);
      part = {};
    }
  }
  writer.close();
  return true;
}

void summarise(const std::vector<Trajectory>& trajectories, const std::vector<std::string>& files, int num_ticks,
               IngestSummary& summary) {
  std::vector<double> scores, expected_scores, budget_uses, alphas;
  std::set<int64_t> advertisers;
  const Trajectory* first_different = nullptr;
  summary.num_trajectories = std::ssize(trajectories);
  for (const Trajectory& t : trajectories) {
    summary.num_rows += t.num_ticks;
    if (summary.periods.empty() || summary.periods.back() != t.head.period) {
      summary.periods.push_back(t.head.period);
    }
    advertisers.insert(t.head.advertiser);
    if (t.num_ticks < num_ticks) {
      if (summary.num_short++ == 0) summary.shortest = t.num_ticks;
      summary.shortest = std::min<int64_t>(summary.shortest, t.num_ticks);
    }
    if (t.num_nan > 0) summary.nan_by_period[t.head.period] += t.num_nan;
    summary.features_checked += t.features_checked;
    summary.features_different += t.features_different;
    if (t.features_different > 0 &&
        (first_different == nullptr || t.first_difference < first_different->first_difference)) {
      first_different = &t;
    }
    summary.next_states_checked += t.next_states_checked;
    summary.next_states_different += t.next_states_different;

    double expected_conversions = 0.0;
    for (const float value : t.reward_continuous) expected_conversions += as_double(value);
    scores.push_back(score(t.head.conversions, t.head.cost, t.head.cpa));
    expected_scores.push_back(expected_score(expected_conversions, t.head.cost, t.head.cpa));
    budget_uses.push_back(t.head.cost / t.head.budget);
    // Alphas of ticks in which the seat bid: not of those that began without money.
    const size_t features = t.state.size() / t.action.size();
    for (size_t k = 0; k < t.action.size(); ++k) {
      const double left = t.head.budget * as_double(t.state[k * features + kFeatureBudgetLeft]);
      if (t.done[k] != 0 && left < kMinRemainingBudget) break;
      alphas.push_back(as_double(t.action[k]));
    }
  }
  summary.num_advertisers = std::ssize(advertisers);
  if (first_different != nullptr) {
    const Place place = first_different->first_difference;
    summary.first_feature_difference =
        place_text(files[place.file], place.line) + " feature '" +
        feature_names(FeatureSet::kAuctionnet16)[first_different->first_difference_feature] + "'";
  }
  summary.score = spread(std::move(scores));
  summary.expected_score = spread(std::move(expected_scores));
  summary.budget_use = spread(std::move(budget_uses));
  summary.alpha = spread(std::move(alphas));
  summary.action_outliers = describe_outliers(trajectories);
}

}  // namespace genbid::data
