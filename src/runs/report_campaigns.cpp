#include "runs/report_campaigns.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/files/paths.h"
#include "data/csv_reader.h"
#include "report/read_campaign_table.h"
#include "statistics/inequality.h"
#include "statistics/values.h"

namespace genbid::runs {
namespace {

using ResByTraining = std::map<int64_t, std::vector<double>>;

std::map<std::string, ResByTraining> read_outcomes(const std::string& path) {
  constexpr int64_t kMostTrainings = int64_t{1} << 40;
  data::CsvFile file(path);
  const data::CsvColumns columns(file, {"candidate", "training", "res"});
  std::map<std::string, ResByTraining> outcomes;
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows rows(block, columns);
    while (rows.next()) {
      const double res = rows.number(2);
      if (std::isnan(res)) rows.fail(2, "a number");
      outcomes[std::string(rows.text(0))][rows.whole(1, 0, kMostTrainings)].push_back(res);
    }
  }
  return outcomes;
}

// The Lorenz curve at a share of the people, between its points by a straight line.
double lorenz_at(const std::vector<statistics::LorenzPoint>& curve, double people) {
  const auto above = std::find_if(curve.begin(), curve.end(), [&](const auto& one) { return one.people >= people; });
  if (above == curve.begin() || above == curve.end()) return above == curve.begin() ? 0.0 : 1.0;
  const auto below = above - 1;
  return below->sum + (above->sum - below->sum) * (people - below->people) / (above->people - below->people);
}

report::CampaignSpread spread_of(const std::string& name, const ResByTraining& trainings) {
  report::CampaignSpread spread{name, std::vector<double>(report::kLorenzShares.size()),
                                std::vector<double>(report::kTailShares.size())};
  const double count = as_double(trainings.size());
  for (const auto& [training, res] : trainings) {
    std::vector<double> shared = res;  // none has less than nothing
    for (double& one : shared) one = std::max(0.0, one);
    const std::vector<statistics::LorenzPoint> curve = statistics::lorenz_curve(shared);
    for (size_t i = 0; i < spread.missing.size(); ++i) {
      const double people = report::kLorenzShares.at(i);
      spread.missing[i] += (people - lorenz_at(curve, people)) / count;
    }
    for (size_t i = 0; i < spread.worst.size(); ++i) {
      spread.worst[i] += statistics::mean_of_worst(res, report::kTailShares.at(i)) / count;
    }
  }
  return spread;
}

}  // namespace

std::optional<report::CampaignJudgement> read_campaign_judgement(const std::string& folder) {
  const std::string table = folder + "/table.json";
  const std::string outcomes = folder + "/outcomes.csv";
  if (!is_there(table)) return std::nullopt;
  std::optional<report::CampaignJudgement> judged = report::read_campaign_table(read_file(table), table);
  if (!judged || !is_there(outcomes)) return judged;
  const std::map<std::string, ResByTraining> read = read_outcomes(outcomes);
  for (const report::CampaignLine& line : judged->lines) {
    const auto found = read.find(line.name);
    if (found != read.end()) judged->spreads.push_back(spread_of(line.name, found->second));
  }
  return judged;
}

}  // namespace genbid::runs
