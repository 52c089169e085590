#include "runs/campaigns_run.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/memory.h"
#include "base/text_table.h"
#include "data/replaceable.h"
#include "statistics/inequality.h"
#include "statistics/values.h"

namespace genbid::runs {
namespace {

using campaigns::CampaignDay;

CampaignsOfSet of_set(const std::string& set, const std::vector<const CampaignDay*>& days) {
  CampaignsOfSet all;
  all.set = set;
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

// Before the work: a row of each sample and its text, and in each thread a day, what is left of it for an optimum, and
// its sample. A day may be e^(3 drift) times as long as the longest mean.
void check_memory(const CampaignsConfig& config, int num_threads) {
  constexpr double kTextOfARow = 400.0;
  constexpr double kBytesOfAnImpression = 12.0;
  const campaigns::SampleSets& sets = config.samples;
  const double samples = as_double(sets.train + sets.validation + sets.test);
  const double rows = samples * (as_double(sizeof(CampaignDay)) + kTextOfARow);
  const double longest = config.campaigns.volume.high * std::exp(3.0 * config.campaigns.drift);
  const double days = as_double(num_threads) * 3.0 * kBytesOfAnImpression * longest;
  const double available = available_memory();
  if (rows + days <= available) return;
  throw Error((rows > days ? "samples: found " + grouped(static_cast<long long>(samples))
                           : "campaigns.volume: found days of up to " + number_text("%.3g", longest) + " impressions") +
              ", which takes " + gigabytes(rows + days) + " of memory; expected at most the " + gigabytes(available) +
              " that are available");
}

std::string csv_of(const std::vector<CampaignDay>& days) {
  std::string text = csv_header(campaigns::sample_columns());
  for (const CampaignDay& day : days) append_csv(text, campaigns::sample_columns(), day);
  return text;
}

}  // namespace

void CampaignsConfig::Output::fields(ConfigVisitor& v) { v.required_path("dir", dir); }

void CampaignsConfig::fields(ConfigVisitor& v) {
  v.section("campaigns", campaigns);
  v.section("samples", samples);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
}

CampaignsSummary simulate_campaigns(const CampaignsConfig& config, const std::function<void(int64_t)>& done) {
  CampaignsSummary summary;
  summary.file = config.output.dir + "/samples.csv";
  Threads threads(static_cast<int>(config.threads));
  check_memory(config, threads.count());
  data::check_replaceable_output(summary.file, "a table of campaigns' days",
                                 [](const std::string& path) { return data::begins_with(path, "set,campaign,day,"); });
  { const AtomicFile place(summary.file); }  // before the work: is there one for it?
  const std::vector<CampaignDay> days = campaigns::campaign_days(config.campaigns, config.samples, threads, done);
  for (const CampaignDay& day : days) summary.impressions += as_double(day.impressions);
  for (const char* set : {"train", "validation", "test"}) {
    std::vector<const CampaignDay*> its;
    for (const CampaignDay& day : days) {
      if (day.set == set) its.push_back(&day);
    }
    if (!its.empty()) summary.sets.push_back(of_set(set, its));
  }
  write_file(summary.file, csv_of(days));
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
         file + "\n";
}

std::string CampaignsSummary::json() const {
  nlohmann::ordered_json json = {{"samples", {{"file", file}}}, {"impressions", impressions}};
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
