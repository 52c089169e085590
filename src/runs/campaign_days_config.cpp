#include "runs/campaign_days_config.h"

#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "data/campaign_store.h"

namespace genbid::runs {

void CampaignDaysConfig::fields(ConfigVisitor& v) {
  v.path("store", store, true);
  if (!store.empty()) return;
  v.section("campaigns", campaigns);
  v.section("samples", samples);
}

void MadeStoreConfig::Output::fields(ConfigVisitor& v) { v.field("days_before", days_before, kStoredDaysBefore); }

void MadeStoreConfig::fields(ConfigVisitor& v) {
  v.field("protocol", protocol);
  v.section("campaigns", campaigns);
  v.section("samples", samples);
  v.section("output", output);
}

namespace {

constexpr const char* kDays = "days of campaigns";
constexpr const char* kMaker = "simulate";

// A day may be e^(3 drift) times as long as the longest mean.
double longest_day(const campaigns::CampaignLaws& laws) { return laws.volume.high * std::exp(3.0 * laws.drift); }

}  // namespace

double bytes_to_play(const campaigns::CampaignLaws& laws, int num_threads, double days_a_thread) {
  return as_double(num_threads) * days_a_thread * as_double(data::kStoredImpressionBytes) * longest_day(laws);
}

void refuse_memory(const campaigns::CampaignLaws& laws, const campaigns::SampleSets& sets, double rows, double days) {
  const double available = available_memory();
  if (rows + days <= available) return;
  throw Error((rows > days ? "samples: found " + grouped(sets.count())
                           : "campaigns.volume: found days of up to " + number_text("%.3g", longest_day(laws)) +
                                 " impressions") +
              ", which takes " + gigabytes(rows + days) + " of memory; expected at most the " + gigabytes(available) +
              " that are available");
}

std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads) {
  if (!config.store.empty()) return std::make_unique<data::StoredSamples>(config.store);
  const double row = as_double(sizeof(campaigns::Campaign) + sizeof(campaigns::Sample));
  refuse_memory(config.campaigns, config.samples, row * as_double(config.samples.count()),
                bytes_to_play(config.campaigns, threads.count(), 3.0));
  Progress progress("Drawing campaigns", config.samples.count(), "campaigns");
  auto samples = std::make_unique<campaigns::MadeSamples>(config.campaigns, config.samples, threads,
                                                          [&](int64_t done) { progress.update(done); });
  return samples;
}

std::string days_text(const CampaignDaysConfig& config, const campaigns::Samples& samples) {
  const auto* const stored = dynamic_cast<const data::StoredSamples*>(&samples);
  if (stored == nullptr) return print_config(config, "", PrintFor::kComparing);
  return kStoreText + std::to_string(samples.all().size()) + " samples, " + std::to_string(stored->num_days()) +
         " days, " + std::to_string(stored->num_impressions()) + " impressions\n" + stored->info().sources + "\n" +
         stored->info().config;
}

std::optional<CampaignDaysConfig> made_days(const std::string& days_text) {
  CampaignDaysConfig days;
  if (!days_text.starts_with(kStoreText)) {
    ConfigFile::parse(days_text, kDays).read(days);
    return days;
  }
  const size_t sources = days_text.find('\n') + 1;
  try {
    const ConfigFile file = ConfigFile::parse(days_text.substr(days_text.find('\n', sources) + 1), kDays);
    if (file.kind() != kMaker) return std::nullopt;
    MadeStoreConfig made;
    file.read(made);
    days.campaigns = made.campaigns;
    days.samples = made.samples;
    return days;
  } catch (const ConfigError&) {  // a store by another hand may say anything
    return std::nullopt;
  }
}

void check_set(const campaigns::Samples& samples, campaigns::SetOfSamples set) {
  const auto [begin, end] = samples.range(set);
  if (begin < end) return;
  throw Error("samples: found none in the set " + name_of(set) + ", expected one at least");
}

}  // namespace genbid::runs
