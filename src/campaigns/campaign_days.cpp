#include "campaigns/campaign_days.h"

#include <algorithm>
#include <mutex>

#include "base/convert.h"

namespace genbid::campaigns {
namespace {

constexpr int64_t kGrain = 4;
constexpr int64_t kMostSamples = 10'000'000;
constexpr ClickBid kFirstBid{0.0, 1.0};  // its limit for every click

CampaignDay campaign_day(const CampaignPopulation& population, int64_t id, int64_t number) {
  CampaignDay one;
  one.campaign = population.campaign(id);
  one.day = number;
  const ClickLimits& limits = one.campaign.limits;
  const ClickDay day = population.day(one.campaign, number);
  one.impressions = day.num_impressions();
  one.optimum = click_optimum(day, limits);
  const bool known = number > 0 && !one.campaign.cold_start;
  one.yesterday = known ? click_optimum(population.day(one.campaign, number - 1), limits).bid : kFirstBid;
  one.kept = play_slots(day, 0, day.num_slots(), one.yesterday, limits.ppc, limits.budget).sums;
  one.res_kept = res(one.kept, one.optimum.value, limits.ppc);
  return one;
}

}  // namespace

std::string name_of(SetOfSamples set) { return std::string(at(kSetNames, static_cast<int>(set))); }

std::optional<SetOfSamples> set_named(std::string_view name) {
  const auto* const found = std::find(kSetNames.begin(), kSetNames.end(), name);
  if (found == kSetNames.end()) return std::nullopt;
  return static_cast<SetOfSamples>(found - kSetNames.begin());
}

void SampleSets::fields(ConfigVisitor& v) {
  v.field("train", train, {0, kMostSamples});
  v.field("validation", validation, {0, kMostSamples});
  v.field("test", test, {0, kMostSamples});
  v.field("day", day, {0, 1'000'000});
  v.check(count() > 0, "train", "a sample in one of the sets at least");
}

std::vector<CampaignDay> campaign_days(const CampaignLaws& laws, const SampleSets& sets, Threads& threads,
                                       const std::function<void(int64_t)>& done) {
  const CampaignPopulation population(laws);
  std::vector<CampaignDay> days(to_size(sets.count()));
  std::mutex mutex;
  int64_t num_done = 0;
  threads.parallel_for(std::ssize(days), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      CampaignDay& one = at(days, i);
      one = campaign_day(population, i, sets.day);
      one.set = sets.set_of(i);
      const std::lock_guard lock(mutex);
      done(++num_done);
    }
  });
  return days;
}

const std::vector<Column<CampaignDay>>& sample_columns() {
  using Row = CampaignDay;
  static const std::vector<Column<Row>> columns = {
      {"set", "", [](const Row& r) -> ColumnValue { return name_of(r.set); }},
      {"campaign", "", [](const Row& r) -> ColumnValue { return r.campaign.id; }},
      {"day", "", [](const Row& r) -> ColumnValue { return r.day; }},
      {"cold_start", "", [](const Row& r) -> ColumnValue { return int64_t{r.campaign.cold_start ? 1 : 0}; }},
      {"budget", "money", [](const Row& r) -> ColumnValue { return r.campaign.limits.budget; }},
      {"ppc", "money a click", [](const Row& r) -> ColumnValue { return r.campaign.limits.ppc; }},
      {"quality", "value a click", [](const Row& r) -> ColumnValue { return r.campaign.quality; }},
      {"impressions", "impressions", [](const Row& r) -> ColumnValue { return r.impressions; }},
      {"optimum", "value", [](const Row& r) -> ColumnValue { return r.optimum.value; }},
      {"alpha", "money a value", [](const Row& r) -> ColumnValue { return r.optimum.bid.alpha; }},
      {"beta", "share", [](const Row& r) -> ColumnValue { return r.optimum.bid.beta; }},
      {"type", "", [](const Row& r) -> ColumnValue { return std::string(name_of(r.optimum.type)); }},
      {"yesterday_alpha", "money a value", [](const Row& r) -> ColumnValue { return r.yesterday.alpha; }},
      {"yesterday_beta", "share", [](const Row& r) -> ColumnValue { return r.yesterday.beta; }},
      {"yesterday_value", "value", [](const Row& r) -> ColumnValue { return r.kept.value; }},
      {"yesterday_cost", "money", [](const Row& r) -> ColumnValue { return r.kept.cost; }},
      {"yesterday_clicks", "clicks", [](const Row& r) -> ColumnValue { return r.kept.clicks; }},
      {"yesterday_res", "", [](const Row& r) -> ColumnValue { return r.res_kept; }},
  };
  return columns;
}

}  // namespace genbid::campaigns
