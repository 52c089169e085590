#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "eval/table_parts.h"
#include "runs/campaign_evaluation.h"
#include "statistics/bootstrap.h"
#include "statistics/difference.h"
#include "statistics/values.h"

// Candidates that played the same campaigns' days, compared.

namespace genbid::runs {
namespace {

using perbid::kNumMeans;
using perbid::Outcome;
using Numbers = std::array<double, kNumMeans>;

constexpr int64_t kResamples = 1000;

// Campaigns are what was drawn: each is a cluster of its own.
statistics::CandidateCells cells_of(const CampaignContender& contender) {
  statistics::CandidateCells cells;
  cells.name = contender.name;
  for (int64_t training = 0; training < std::ssize(contender.trainings); ++training) {
    for (const Outcome& one : at(contender.trainings, training)) {
      statistics::Cell cell;
      cell.key = {0, one.campaign, one.day};
      if (contender.kind == "policy") cell.training_seed = training;
      cell.value = one.res;
      cells.cells.push_back(cell);
    }
  }
  return cells;
}

// Where the days of each campaign lie, which come one behind the other.
std::vector<std::pair<size_t, size_t>> days_of_campaigns(const std::vector<Outcome>& outcomes) {
  std::vector<std::pair<size_t, size_t>> days;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (i == 0 || outcomes[i].campaign != outcomes[i - 1].campaign) days.emplace_back(i, i);
    days.back().second = i + 1;
  }
  return days;
}

// Means over trainings of the numbers of a resample: the same campaigns in every one, each with all its days, and
// trainings drawn too.
class Resampled {
 public:
  Resampled(const std::vector<std::pair<size_t, size_t>>& campaigns, int64_t resample) : resample_(resample) {
    static const RandomStream stream(1, "campaigns of a bootstrap");
    for (size_t i = 0; i < campaigns.size(); ++i) {
      const auto [begin, end] = campaigns[statistics::draw(stream, resample, 0, i, campaigns.size())];
      for (size_t day = begin; day < end; ++day) chosen_.push_back(day);
    }
  }

  Numbers numbers(const CampaignContender& contender) const {
    static const RandomStream stream(1, "trainings of a bootstrap");
    Numbers sum{};
    const size_t trainings = contender.trainings.size();
    std::vector<double> res(chosen_.size());
    std::vector<double> ratio(chosen_.size());
    for (size_t t = 0; t < trainings; ++t) {
      const auto& outcomes = contender.trainings[statistics::draw(stream, resample_, 0, t, trainings)];
      for (size_t i = 0; i < chosen_.size(); ++i) {
        res[i] = outcomes[chosen_[i]].res;
        ratio[i] = outcomes[chosen_[i]].ppc_ratio;
      }
      const Numbers numbers = numbers_of(perbid::means_of(res, ratio));
      for (int k = 0; k < kNumMeans; ++k) at(sum, k) += at(numbers, k) / as_double(trainings);
    }
    return sum;
  }

 private:
  int64_t resample_;
  std::vector<size_t> chosen_;
};

Numbers numbers_of_all(const CampaignContender& contender) {
  Numbers sum{};
  for (const std::vector<Outcome>& outcomes : contender.trainings) {
    const Numbers numbers = numbers_of(perbid::means_of(outcomes));
    for (int k = 0; k < kNumMeans; ++k) at(sum, k) += at(numbers, k) / as_double(contender.trainings.size());
  }
  return sum;
}

std::vector<OfType> by_type(const CampaignContender& contender) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::array<std::vector<double>, 4> res;
  std::array<std::vector<double>, 4> ratio;
  for (const std::vector<Outcome>& outcomes : contender.trainings) {
    for (const Outcome& one : outcomes) {
      at(res, static_cast<int>(one.type)).push_back(one.res);
      at(ratio, static_cast<int>(one.type)).push_back(one.ppc_ratio);
    }
  }
  std::vector<OfType> all;
  for (size_t type = 0; type < res.size(); ++type) {
    if (res[type].empty()) {
      all.push_back({kNone, kNone, kNone});
      continue;
    }
    const perbid::OutcomeMeans means = perbid::means_of(res[type], ratio[type]);
    all.push_back({means.res, means.violation_share, means.excess});
  }
  return all;
}

BootstrapNumber with_interval(double value, const std::vector<double>& resampled) {
  return {value, statistics::quantile(resampled, 0.025), statistics::quantile(resampled, 0.975)};
}

}  // namespace

std::vector<CampaignRow> compare_campaigns(const std::vector<CampaignContender>& contenders,
                                           const std::string& reference) {
  const auto found = std::find_if(contenders.begin(), contenders.end(),
                                  [&](const CampaignContender& one) { return one.name == reference; });
  if (found == contenders.end())
    throw ConfigError("reference: found '" + reference + "', expected the name of a candidate");
  const size_t other = to_size(found - contenders.begin());
  std::vector<Numbers> all;
  for (const CampaignContender& one : contenders) all.push_back(numbers_of_all(one));
  // [contender][number][resample]
  std::vector<std::array<std::vector<double>, kNumMeans>> resampled(contenders.size());
  auto differences = resampled;
  const auto campaigns = days_of_campaigns(contenders.front().trainings.front());
  for (int64_t r = 0; r < kResamples; ++r) {
    const Resampled drawn(campaigns, r);
    const Numbers base = drawn.numbers(*found);
    for (size_t i = 0; i < contenders.size(); ++i) {
      const Numbers its = i == other ? base : drawn.numbers(contenders[i]);
      for (int k = 0; k < kNumMeans; ++k) {
        at(resampled[i], k).push_back(at(its, k));
        at(differences[i], k).push_back(at(its, k) - at(base, k));
      }
    }
  }
  std::vector<CampaignRow> rows;
  std::vector<std::optional<double>> p_values;
  for (size_t i = 0; i < contenders.size(); ++i) {
    const CampaignContender& one = contenders[i];
    CampaignRow row;
    row.name = one.name;
    row.kind = one.kind;
    row.note = one.note;
    row.trainings = one.kind == "policy" ? std::ssize(one.trainings) : 0;
    row.matching_accuracy = one.matching_accuracy;
    row.res = statistics::mean(cells_of(one), {.cluster = statistics::Cluster::kCampaign});
    row.means = {all[i][0], all[i][1], all[i][2], all[i][3], all[i][4], all[i][5], all[i][6]};
    row.by_type = by_type(one);
    for (int k = 0; k < kNumMeans; ++k) row.numbers.push_back(with_interval(at(all[i], k), at(resampled[i], k)));
    if (i != other) {
      row.difference = statistics::difference(cells_of(one), cells_of(*found), statistics::SeedPairing::kIndependent,
                                              {.cluster = statistics::Cluster::kCampaign});
      for (int k = 0; k < kNumMeans; ++k) {
        row.differences.push_back(with_interval(at(all[i], k) - at(all[other], k), at(differences[i], k)));
      }
    }
    p_values.push_back(row.difference ? row.difference->p_value : std::nullopt);
    rows.push_back(std::move(row));
  }
  const auto adjusted = eval::adjusted_p(p_values);
  for (size_t i = 0; i < rows.size(); ++i) rows[i].adjusted_p = adjusted[i];
  return rows;
}

}  // namespace genbid::runs
