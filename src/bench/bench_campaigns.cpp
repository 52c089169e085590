#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "bench/bench.h"
#include "campaigns/campaign_laws.h"
#include "campaigns/click_play.h"
#include "data/campaign_store.h"

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDay = 3;

// The largest day that the population has: 70,000 impressions in the mean.
struct LargeDay {
  campaigns::CampaignPopulation population;
  campaigns::Campaign campaign;
  campaigns::ClickDay day;
  campaigns::ClickOptimum optimum;
};

LargeDay large_day() {
  campaigns::CampaignLaws laws;
  laws.volume = {70000.0, 70001.0};
  campaigns::CampaignPopulation population(laws);
  const campaigns::Campaign campaign = population.campaign(1);
  campaigns::ClickDay day = population.day(campaign, kDay);
  const campaigns::ClickOptimum optimum = campaigns::click_optimum(day, campaign.limits);
  return {population, campaign, std::move(day), optimum};
}

double played(const LargeDay& one, int64_t first) {
  return campaigns::play_slots(one.day, first, one.day.num_slots(), one.optimum.bid, one.campaign.limits.ppc,
                               one.campaign.limits.budget)
      .sums.value;
}

void require_near(double found, double expected, const char* what) {
  if (std::abs(found - expected) <= 0.01 * expected) return;
  throw Error(std::string(what) + ": found a value of " + std::to_string(found) + ", expected " +
              std::to_string(expected) + " to 1 %");
}

Json settings_of(const LargeDay& one) {
  return {{"impressions", one.day.num_impressions()}, {"slots", one.day.num_slots()}, {"threads", 1}};
}

void play_day(int) {
  const LargeDay one = large_day();
  require_near(played(one, 0), one.optimum.value, "campaigns.play_day");
  print_figure("campaigns.play_day", 1e3 * median_seconds([&] { played(one, 0); }), "ms", settings_of(one));
}

// What a critic is taught with: the rest of the day at frozen bids, from each slot on.
void play_rests(int) {
  const LargeDay one = large_day();
  double all = 0.0;
  const auto rests = [&] {
    all = 0.0;
    for (int64_t slot = 0; slot < one.day.num_slots(); ++slot) all += played(one, slot);
  };
  rests();
  if (all < played(one, 0)) throw Error("campaigns.play_rests: found less than the whole day's value");
  print_figure("campaigns.play_rests", 1e3 * median_seconds(rests), "ms", settings_of(one));
}

void optimum_of_day(int) {
  const LargeDay one = large_day();
  print_figure("campaigns.optimum", 1e3 * median_seconds([&] {
                                      require_near(campaigns::click_optimum(one.day, one.campaign.limits).value,
                                                   one.optimum.value, "campaigns.optimum");
                                    }),
               "ms", settings_of(one));
}

void make_day(int) {
  const LargeDay one = large_day();
  print_figure("campaigns.make_day",
               1e3 * median_seconds([&] {
                 if (one.population.day(one.campaign, kDay).cost != one.day.cost) {
                   throw Error("campaigns.make_day: found two days of one number, expected the same");
                 }
               }),
               "ms", settings_of(one));
}

// As a training or an evaluation of stored days reads one, from the system's memory of the file.
void read_stored_day(int) {
  const LargeDay one = large_day();
  const std::string path =
      (std::filesystem::temp_directory_path() / ("genbid-bench-" + std::to_string(::getpid()) + ".h5")).string();
  {
    data::CampaignStoreWriter writer(path, one.day.num_slots());
    writer.add_day(one.day);
    writer.add_sample({campaigns::SetOfSamples::kTrain, 1, kDay, one.campaign.limits, 0});
    writer.finish({});
  }
  const data::StoredSamples stored(path);
  std::filesystem::remove(path);  // it stays open
  const auto read = [&] {
    if (stored.day(0, 0).cost != one.day.cost) {
      throw Error("campaigns.stored_day: found another day than the one that was stored, expected the same");
    }
  };
  print_figure("campaigns.stored_day", 1e3 * median_seconds(read), "ms", settings_of(one));
}

}  // namespace

std::vector<Benchmark> campaign_benchmarks() {
  return {{"campaigns.play_day", play_day},
          {"campaigns.play_rests", play_rests},
          {"campaigns.optimum", optimum_of_day},
          {"campaigns.make_day", make_day},
          {"campaigns.stored_day", read_stored_day}};
}

}  // namespace genbid::bench
