#include "campaigns/campaign_laws.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random/lanes.h"
#include "base/simd.h"
#include "campaigns/click_sums.h"

namespace genbid::campaigns {
namespace {

constexpr int64_t kMostCampaigns = int64_t{1} << 32;
constexpr int64_t kMostDays = int64_t{1} << 31;
// The day that limits are made for; no day of a campaign has its number.
constexpr uint32_t kReferenceDay = 0xffffffffU;
constexpr double kNoLimit = 1e12;
constexpr int kDriftDays = 7;
constexpr float kCtrSpread = 0.5F;
constexpr double kRushHalfWidth = 0.05;

// e^x for |x| <= 60 to 3e-7 of itself, by + and * alone: the same bits everywhere.
inline float exp_lane(float x) {
  constexpr float kLog2e = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kToNearest = 12582912.0F;  // 1.5 * 2^23
  const float shifted = x * kLog2e + kToNearest;
  const float k = shifted - kToNearest;
  const float r = (x - k * kLn2High) - k * kLn2Low;
  const float series =
      1.0F + r * (1.0F + r * (0.5F + r * (1.0F / 6 + r * (1.0F / 24 + r * (1.0F / 120 + r * (1.0F / 720))))));
  const auto exponent =
      static_cast<uint32_t>(std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kToNearest) + 127);
  return series * std::bit_cast<float>(exponent << 23);
}

double exp_of(double x) { return as_double(exp_lane(as_float(x))); }
double log_of(double x) { return as_double(log_lane(as_float(x))); }

enum class Purpose : uint32_t { kCampaign, kLimits, kDrift, kDay, kTraffic };

// Uniform numbers and normals of one campaign or day, in the order in which they are asked for.
class Draws {
 public:
  Draws(const RandomStream& stream, int64_t campaign, uint32_t day, Purpose purpose)
      : stream_(stream), campaign_(low_word(campaign)), day_(day), purpose_(static_cast<uint32_t>(purpose)) {}

  double uniform(double low, double high) { return low + (high - low) * uniform_double(next()[0]); }
  double log_uniform(const RealInterval& range) {
    return std::clamp(range.low * exp_of(uniform(0.0, log_of(range.high / range.low))), range.low, range.high);
  }
  double normal() {
    const auto bits = next();
    return as_double(normal_pair(bits[0], bits[1]).first);
  }

 private:
  std::array<uint32_t, 4> next() { return stream_.bits(campaign_, day_, count_++, purpose_); }

  const RandomStream& stream_;
  uint32_t campaign_;
  uint32_t day_;
  uint32_t purpose_;
  uint32_t count_ = 0;
};

// The middle of a slot, as a share of the day.
double middle_of(int64_t slot, int64_t slots) { return (as_double(slot) + 0.5) / as_double(slots); }

void make_mean_one(std::vector<double>& traffic) {
  double sum = 0.0;
  for (const double slot : traffic) sum += slot;
  for (double& slot : traffic) slot /= sum / as_double(std::ssize(traffic));
}

// How far apart two times of the day are, around the clock: half a day at most.
double time_between(double a, double b) { return std::min(std::abs(a - b), 1.0 - std::abs(a - b)); }

// A peak: (1 - u^2)^2 of the distance u to its middle in its half width.
double bump(double middle, double half_width, double time) {
  const double distance = time_between(time, middle) / half_width;
  return distance < 1.0 ? (1.0 - distance * distance) * (1.0 - distance * distance) : 0.0;
}

// Traffic of a slot at `time` of the day (0 to 1), in the mean 1 over the day: peaks before noon, in the evening, or
// late.
double shape_at(int shape, double time) {
  struct Peak {
    double middle, half_width, height;
  };
  constexpr std::array<Peak, kDayShapes> kPeaks{{{0.42, 0.25, 3.0}, {0.83, 0.2, 4.0}, {0.0, 0.3, 3.0}}};
  const Peak& peak = at(kPeaks, shape);
  return 0.4 + peak.height * bump(peak.middle, peak.half_width, time);
}

// 1 at the dear time of the day, -1 half a day away from it.
double swing_at(double dear_time, double time) { return 1.0 - 4.0 * time_between(time, dear_time); }

struct SlotLaw {
  float value_of_click = 0.0F;
  float price_of_click = 0.0F;
  float ctr = 0.0F;
  float value_spread = 0.0F;
  float price_by_value = 0.0F;  // of the logarithm of a price: by the value's normal number, and by one of its own
  float price_by_itself = 0.0F;
};

struct Key {
  uint32_t key0, key1, day, campaign;
};

GENBID_SIMD_CLONES void draw_impressions(const Key& key, const SlotLaw& law, uint32_t first, int64_t count,
                                         float* value, float* ctr, float* cost) {
  const float value_mean = -0.5F * law.value_spread * law.value_spread;
  const float price_mean =
      -0.5F * (law.price_by_value * law.price_by_value + law.price_by_itself * law.price_by_itself);
  const SlotLaw l = law;
  const Key k = key;
  for (int64_t i = 0; i < count; ++i) {
    const PhiloxBits bits = philox(k.key0, k.key1, first + static_cast<uint32_t>(i), k.day, k.campaign, 0);
    const NormalPair one = normal_pair(bits.w0, bits.w1);
    const NormalPair two = normal_pair(bits.w2, bits.w3);
    const float clicks = std::min(0.5F, l.ctr * exp_lane(kCtrSpread * one.first - 0.5F * kCtrSpread * kCtrSpread));
    const float of_click = l.value_of_click * exp_lane(l.value_spread * one.second + value_mean);
    const float price =
        l.price_of_click * exp_lane(l.price_by_value * one.second + l.price_by_itself * two.first + price_mean);
    ctr[i] = clicks;
    value[i] = clicks * of_click;
    cost[i] = clicks * price;
  }
}

ClickSums all_of(const ClickDay& day) {
  return sum_of_wins(day.value.data(), day.ctr.data(), day.cost.data(), day.num_impressions(), {1.0F, 1.0F, 0.0F});
}

// What the optimum under these limits would buy.
ClickSums best_of(const ClickDay& day, const ClickLimits& limits) {
  const ClickOptimum best = click_optimum(day, limits);
  return sum_of_wins(day.value.data(), day.ctr.data(), day.cost.data(), day.num_impressions(),
                     {as_float(best.bid.alpha), as_float(best.bid.beta * limits.ppc), 1.0F});
}

double ppc_of(const ClickSums& sums) { return sums.cost / sums.clicks; }

}  // namespace

void CampaignLaws::fields(ConfigVisitor& v) {
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.field("slots", slots, {1, 288});
  v.field("volume", volume, {100.0, 1e7});
  v.field("quality", quality, {1e-3, 1e6});
  v.field("budget_share", budget_share, {0.0, 1.0});
  v.field("ppc_share", ppc_share, {0.0, 1.0});
  v.check(budget_share + ppc_share <= 1.0, "ppc_share", "at most 1 together with budget_share");
  v.field("drift", drift, {0.0, 1.0});
  v.field("cold_start_share", cold_start_share, {0.0, 1.0});
  v.later_section("price_swing", price_swing, price_swing.size != 0.0);
  v.later_section("rush", rush, rush.share != 0.0);
}

void PriceSwing::fields(ConfigVisitor& v) { v.field("size", size, {0.0, 3.0}); }

void Rush::fields(ConfigVisitor& v) { v.field("share", share, {0.0, 1.0}); }

CampaignPopulation::CampaignPopulation(const CampaignLaws& laws)
    : laws_(laws),
      of_campaigns_(static_cast<uint64_t>(laws.seed), "campaigns"),
      of_days_(static_cast<uint64_t>(laws.seed), "days of campaigns"),
      of_impressions_(static_cast<uint64_t>(laws.seed), "impressions of campaigns") {}

Campaign CampaignPopulation::campaign(int64_t id) const {
  if (id < 0 || id >= kMostCampaigns) {
    throw Error("campaign: found " + std::to_string(id) + ", expected 0 to " + std::to_string(kMostCampaigns - 1));
  }
  Draws draws(of_campaigns_, id, 0, Purpose::kCampaign);
  Campaign one;
  one.id = id;
  const double type = draws.uniform(0.0, 1.0);
  one.drawn_type = type < laws_.budget_share                     ? CampaignType::kBudget
                   : type < laws_.budget_share + laws_.ppc_share ? CampaignType::kPpc
                                                                 : CampaignType::kMixed;
  one.cold_start = draws.uniform(0.0, 1.0) < laws_.cold_start_share;
  one.volume = draws.log_uniform(laws_.volume);
  one.quality = draws.log_uniform(laws_.quality);
  one.ctr = draws.log_uniform({0.01, 0.05});
  one.price = std::sqrt(one.quality) * draws.log_uniform({0.3, 0.9});
  // Both limits bind over a wide range of budgets only where what is worth most is dear.
  const bool mixed = one.drawn_type == CampaignType::kMixed;
  one.value_spread = mixed ? draws.uniform(0.6, 0.9) : draws.uniform(0.3, 0.9);
  one.price_spread = mixed ? draws.uniform(0.3, 0.5) : draws.uniform(0.3, 0.8);
  one.price_with_value = mixed ? draws.uniform(0.6, 0.9) : draws.uniform(-0.2, 0.7);
  one.evening_value = draws.uniform(-0.2, 0.2);
  one.full_price = draws.uniform(0.0, 0.25);
  double sum = 0.0;
  for (double& share : one.shape) sum += share = draws.uniform(0.0, 1.0) * draws.uniform(0.0, 1.0) + 0.01;
  for (double& share : one.shape) share /= sum;
  one.dear_time = draws.uniform(0.0, 1.0);
  one.rush_time = draws.uniform(0.0, 1.0);
  set_limits(one);
  return one;
}

void CampaignPopulation::set_limits(Campaign& one) const {
  const ClickDay day = make_day(one, kReferenceDay, {});
  Draws draws(of_campaigns_, one.id, 0, Purpose::kLimits);
  const ClickSums all = all_of(day);
  if (one.drawn_type == CampaignType::kBudget) {
    one.limits.budget = all.cost * draws.log_uniform({0.1, 0.5});
    one.limits.ppc = ppc_of(best_of(day, {one.limits.budget, kNoLimit})) * draws.uniform(1.05, 1.6);
    return;
  }
  one.limits.ppc = ppc_of(all) * draws.uniform(0.6, 0.9);
  const double affordable = best_of(day, {kNoLimit, one.limits.ppc}).cost;
  if (one.drawn_type == CampaignType::kPpc) {
    one.limits.budget = affordable * draws.uniform(1.1, 2.0);
    return;
  }
  // Both bind at budgets below what the limit of a click's price allows, down to where the budget alone keeps it.
  double low = 0.2;
  double high = 1.0;
  for (int i = 0; i < 8; ++i) {
    const double middle = 0.5 * (low + high);
    const double alone = ppc_of(best_of(day, {middle * affordable, kNoLimit}));
    (alone > one.limits.ppc ? high : low) = middle;
  }
  one.limits.budget = affordable * (high + (1.0 - high) * draws.uniform(0.25, 0.6));
}

CampaignPopulation::DayFactors CampaignPopulation::factors(const Campaign& campaign, int64_t day) const {
  // Half of the variance drifts: the mean of a week's draws. The other half is the day's own.
  std::array<double, 3> slow{};
  for (int64_t back = 0; back < kDriftDays; ++back) {
    Draws draws(of_days_, campaign.id, low_word(day + kDriftDays - back), Purpose::kDrift);
    for (double& one : slow) one += draws.normal() / std::sqrt(as_double(kDriftDays));
  }
  Draws own(of_days_, campaign.id, low_word(day), Purpose::kDay);
  std::array<double, 3> all{};
  for (size_t i = 0; i < all.size(); ++i) all[i] = exp_of(laws_.drift * std::sqrt(0.5) * (slow[i] + own.normal()));
  return {all[0], all[1], all[2]};
}

ClickDay CampaignPopulation::day(const Campaign& campaign, int64_t day) const {
  if (day < 0 || day >= kMostDays) {
    throw Error("day of a campaign: found " + std::to_string(day) + ", expected 0 to " + std::to_string(kMostDays - 1));
  }
  return make_day(campaign, low_word(day), factors(campaign, day));
}

std::vector<double> CampaignPopulation::traffic_of(const Campaign& campaign) const {
  std::vector<double> traffic(to_size(laws_.slots));
  for (int64_t slot = 0; slot < laws_.slots; ++slot) {
    for (int shape = 0; shape < kDayShapes; ++shape)
      at(traffic, slot) += at(campaign.shape, shape) * shape_at(shape, middle_of(slot, laws_.slots));
  }
  make_mean_one(traffic);
  return traffic;
}

std::vector<double> CampaignPopulation::with_rush(const Campaign& campaign, std::vector<double> traffic) const {
  const double share = laws_.rush.share;
  if (share == 0.0) return traffic;
  const double half_width = std::max(kRushHalfWidth, 1.0 / as_double(laws_.slots));  // some slot's middle is within
  std::vector<double> rush;
  for (int64_t slot = 0; slot < laws_.slots; ++slot)
    rush.push_back(bump(campaign.rush_time, half_width, middle_of(slot, laws_.slots)));
  make_mean_one(rush);
  for (size_t slot = 0; slot < traffic.size(); ++slot)
    traffic[slot] = (1.0 - share) * traffic[slot] + share * rush[slot];
  return traffic;
}

ClickDay CampaignPopulation::make_day(const Campaign& campaign, uint32_t day, const DayFactors& factors) const {
  const std::vector<double> traffic = traffic_of(campaign);
  Draws draws(of_days_, campaign.id, day, Purpose::kTraffic);
  ClickDay made;
  made.slot_begins.push_back(0);
  for (const double slot : with_rush(campaign, traffic)) {
    const double expected = campaign.volume * factors.volume * slot / as_double(laws_.slots);
    const double count = std::max(0.0, std::floor(expected + std::sqrt(expected) * draws.normal() + 0.5));
    made.slot_begins.push_back(made.slot_begins.back() + static_cast<int64_t>(count));
  }
  const size_t count = to_size(made.slot_begins.back());
  made.value.resize(count);
  made.ctr.resize(count);
  made.cost.resize(count);
  const Key key{of_impressions_.key0(), of_impressions_.key1(), day, low_word(campaign.id)};
  for (int64_t slot = 0; slot < laws_.slots; ++slot) {
    const double fullness = at(traffic, slot) - 1.0;
    SlotLaw law;
    law.value_of_click = as_float(campaign.quality * factors.quality * exp_of(campaign.evening_value * fullness));
    double dear = campaign.full_price * fullness;
    if (laws_.price_swing.size > 0.0) {
      dear += laws_.price_swing.size * swing_at(campaign.dear_time, middle_of(slot, laws_.slots));
    }
    law.price_of_click = as_float(campaign.price * factors.price * exp_of(dear));
    law.ctr = as_float(campaign.ctr);
    law.value_spread = as_float(campaign.value_spread);
    law.price_by_value = as_float(campaign.price_spread * campaign.price_with_value);
    law.price_by_itself =
        as_float(campaign.price_spread * std::sqrt(1.0 - campaign.price_with_value * campaign.price_with_value));
    const int64_t begin = at(made.slot_begins, slot);
    draw_impressions(key, law, low_word(begin), at(made.slot_begins, slot + 1) - begin, made.value.data() + begin,
                     made.ctr.data() + begin, made.cost.data() + begin);
  }
  return made;
}

}  // namespace genbid::campaigns
