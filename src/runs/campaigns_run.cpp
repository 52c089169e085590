#include "runs/campaigns_run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/stop_signal.h"
#include "base/text_table.h"
#include "data/campaign_store.h"
#include "data/replaceable.h"
#include "runs/campaign_days_config.h"
#include "statistics/inequality.h"
#include "statistics/values.h"

namespace genbid::runs {
namespace {

using campaigns::CampaignDay;

CampaignsOfSet of_set(campaigns::SetOfSamples set, const std::vector<const CampaignDay*>& days) {
  CampaignsOfSet all;
  all.set = name_of(set);
  all.samples = std::ssize(days);
  const double part = 1.0 / as_double(days.size());
  std::vector<double> res;
  for (const CampaignDay* day : days) {
    at(all.type_shares, static_cast<int>(day->optimum.type)) += part;
    all.violation_share += campaigns::ppc_ratio(day->kept, day->campaign.limits.ppc) > 1.0 ? part : 0.0;
    res.push_back(day->res_kept);
    all.res += part * res.back();
  }
  all.worst_30 = statistics::mean_of_worst(res, 0.3);
  all.worst_10 = statistics::mean_of_worst(res, 0.1);
  for (double& one : res) one = std::max(0.0, one);  // how a sum is shared: none has less than nothing
  all.ggf = statistics::generalised_gini(res, statistics::gini_weights(res.size()));
  all.gini = statistics::gini(res);
  return all;
}

constexpr double kBytesOfAnImpression = as_double(data::kStoredImpressionBytes);

// What the days of the store take on the disk, by the mean of the volumes' law.
double bytes_of_days(const CampaignsConfig& config) {
  const campaigns::SampleSets& sets = config.samples;
  const RealInterval& volume = config.campaigns.volume;
  const double mean =
      volume.high > volume.low ? (volume.high - volume.low) / std::log(volume.high / volume.low) : volume.low;
  const double before = as_double(std::min(config.output.days_before, sets.day));
  const double days =
      as_double(sets.train + sets.validation + sets.test) * (1.0 + (1.0 - config.campaigns.cold_start_share) * before);
  const double of_slots = as_double(config.campaigns.slots + 1) * as_double(sizeof(int64_t));
  return days * (kBytesOfAnImpression * mean + of_slots);
}

// Before the work: a row of each sample and its text, and in each thread a day, what is left of it for an optimum, and
// its sample. Where days are written, each sample has its limits, and a thread two days that wait to be written.
void check_memory(const CampaignsConfig& config, int num_threads) {
  constexpr double kTextOfARow = 400.0;
  const campaigns::SampleSets& sets = config.samples;
  const double samples = as_double(sets.train + sets.validation + sets.test);
  const bool stored = config.output.days;
  const double of_store = as_double(sizeof(campaigns::Campaign) + 2 * sizeof(campaigns::Sample));
  const double waiting = std::min(as_double(data::CampaignStoreWriter::kMemoryBytes), bytes_of_days(config));
  const double rows =
      samples * (as_double(sizeof(CampaignDay)) + kTextOfARow + (stored ? of_store : 0.0)) + (stored ? waiting : 0.0);
  refuse_memory(config.campaigns, sets, rows, bytes_to_play(config.campaigns, num_threads, stored ? 5.0 : 3.0));
}

std::string size_text(double bytes) { return bytes < 1e9 ? number_text("%.1f MB", 1e-6 * bytes) : gigabytes(bytes); }

// Says what the store will take, and Error where the disk has no room for it. What does not fit into the writer's
// memory lies on the disk twice while the store is finished.
void check_disk(const CampaignsConfig& config, const std::string& path) {
  const double bytes = bytes_of_days(config);
  const double scratch = std::max(0.0, bytes - as_double(data::CampaignStoreWriter::kMemoryBytes));
  log_info(path + " will take about " + size_text(bytes) + " (12 bytes an impression)" +
           (scratch > 0.0 ? ", and " + size_text(scratch) + " more for a scratch file while it is written" : ""));
  std::error_code unknown;
  const std::filesystem::space_info space = std::filesystem::space(config.output.dir, unknown);
  if (unknown || bytes + scratch <= as_double(space.available)) return;
  throw Error("output.days: found days of about " + gigabytes(bytes) + ", which take " + gigabytes(bytes + scratch) +
              " of the disk while they are written; expected at most the " + gigabytes(as_double(space.available)) +
              " that are free in " + config.output.dir);
}

// A folder's tables and days are of one run.
void check_no_other_days(const std::string& path) {
  if (!std::filesystem::exists(path)) return;
  throw Error(path +
              ": found the days of an earlier run, expected none beside new tables (another output.dir, or "
              "output.days=true)");
}

std::string csv_of(const std::vector<CampaignDay>& days) {
  std::string text = csv_header(campaigns::sample_columns());
  for (const CampaignDay& day : days) append_csv(text, campaigns::sample_columns(), day);
  return text;
}

}  // namespace

void CampaignsConfig::Output::fields(ConfigVisitor& v) {
  v.required_path("dir", dir);
  v.field("days", days);
  v.field("days_before", days_before, kStoredDaysBefore);
}

void CampaignsConfig::fields(ConfigVisitor& v) {
  v.section("campaigns", campaigns);
  v.section("samples", samples);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
}

int64_t CampaignsConfig::num_steps() const {
  return (samples.train + samples.validation + samples.test) * (output.days ? 2 : 1);
}

CampaignsSummary simulate_campaigns(const CampaignsConfig& config, const std::function<void(int64_t)>& done) {
  CampaignsSummary summary;
  summary.file = config.output.dir + "/samples.csv";
  Threads threads(static_cast<int>(config.threads));
  check_memory(config, threads.count());
  data::check_replaceable_output(summary.file, "a table of campaigns' days",
                                 [](const std::string& path) { return data::begins_with(path, "set,campaign,day,"); });
  const std::string store = config.output.dir + "/campaign_days.h5";
  if (config.output.days) {
    data::check_replaceable_output(store, "a store of campaigns' days", data::is_campaign_store);
  } else {
    check_no_other_days(store);
  }
  { const AtomicFile place(summary.file); }  // before the work: is there one for it?
  std::optional<data::CampaignStoreWriter> writer;
  if (config.output.days) {
    check_disk(config, store);
    writer.emplace(store, config.campaigns.slots);
  }
  const std::vector<CampaignDay> days = campaigns::campaign_days(config.campaigns, config.samples, threads, done);
  for (const CampaignDay& day : days) summary.impressions += as_double(day.impressions);
  for (size_t set = 0; set < campaigns::kSetNames.size(); ++set) {
    std::vector<const CampaignDay*> its;
    for (const CampaignDay& day : days) {
      if (day.set == static_cast<campaigns::SetOfSamples>(set)) its.push_back(&day);
    }
    if (!its.empty()) summary.sets.push_back(of_set(static_cast<campaigns::SetOfSamples>(set), its));
  }
  if (writer) {
    const campaigns::MadeSamples samples(config.campaigns, config.samples, threads);
    data::add_samples(samples, config.output.days_before, threads, *writer,
                      [&](int64_t added) { done(std::ssize(days) + added); });
    writer->close({"", print_config(MadeStoreConfig{.campaigns = config.campaigns,
                                                    .samples = config.samples,
                                                    .output = {config.output.days_before}},
                                    "simulate")});
  }
  const std::string table = csv_of(days);
  const stop_signal::Unhurried together;
  write_file(summary.file, table);
  if (writer) {
    writer->commit();
    summary.store = store;
    summary.bytes = to_signed(std::filesystem::file_size(store));
    summary.days = writer->num_days();
  }
  return summary;
}

std::string CampaignsSummary::text(size_t width) const {
  TextTable table({{"set", TextColumn::Align::kLeft},
                   {"samples"},
                   {"budget"},
                   {"ppc"},
                   {"mixed"},
                   {"Res"},
                   {"GGF"},
                   {"Gini"},
                   {"worst 30 %"},
                   {"worst 10 %"},
                   {"over"}});
  const auto share = [](double value) { return number_text("%.0f %%", 100.0 * value); };
  const auto number = [](double value) { return number_text("%.3f", value); };
  for (const CampaignsOfSet& one : sets) {
    table.add({one.set, grouped(one.samples), share(one.type_shares[0]), share(one.type_shares[1]),
               share(one.type_shares[2]), number(one.res), number(one.ggf), number(one.gini), number(one.worst_30),
               number(one.worst_10), share(one.violation_share)});
  }
  return table.text(width) +
         wrapped("", "Types: which limit binds at the optimum. Res to over: yesterday's best bid, kept all day.",
                 width) +
         file + "\n" +
         (store.empty() ? "" : store + " (" + size_text(as_double(bytes)) + ", " + grouped(days) + " days)\n");
}

std::string CampaignsSummary::json() const {
  nlohmann::ordered_json json = {{"samples", {{"file", file}}}, {"impressions", impressions}};
  if (!store.empty()) json["store"] = {{"file", store}, {"bytes", bytes}, {"num_days", days}};
  nlohmann::ordered_json& list = json["sets"] = nlohmann::ordered_json::array();
  for (const CampaignsOfSet& one : sets) {
    list.push_back({{"set", one.set},
                    {"samples", one.samples},
                    {"budget_share", one.type_shares[0]},
                    {"ppc_share", one.type_shares[1]},
                    {"mixed_share", one.type_shares[2]},
                    {"unbound_share", one.type_shares[3]},
                    {"yesterday",
                     {{"res", one.res},
                      {"ggf", one.ggf},
                      {"gini", one.gini},
                      {"worst_30", one.worst_30},
                      {"worst_10", one.worst_10},
                      {"violation_share", one.violation_share}}}});
  }
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::runs
