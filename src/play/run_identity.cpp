#include "play/run_identity.h"

#include <map>
#include <string_view>

#include "base/config/config_paths.h"
#include "base/files/content_hash.h"
#include "bidders/bidder_config.h"
#include "play/official_assets.h"

namespace genbid::play {
namespace {

constexpr int64_t kFormat = 1;
constexpr std::string_view kProgram = "# program: ";

// The settings of section `output` that decide the stores' content. Older stores lack the keys labels and tape.
struct StoreSettings {
  std::string features;
  bool labels = false;
  bool tape = false;  // whether a tape is made as well

  void fields(ConfigVisitor& v) {
    v.field("features", features);
    if (labels) v.field("labels", labels);
    if (tape) v.field("tape", tape);
  }
};

struct PlayedSettings {
  int64_t format = kFormat;
  MarketRunConfig market;
  ExploreConfig explore;
  StoreSettings output;

  void fields(ConfigVisitor& v) {
    v.field("format", format);
    v.section("market", market);
    if (explore.on()) v.section("explore", explore);
    v.section("output", output);
  }
};

struct ScenarioSettings {
  MarketRunConfig market;

  void fields(ConfigVisitor& v) {
    market.market::MarketConfig::fields(v);
    v.field("population", market.population);
  }
};

// Replaces names of files by what they hold.
class ByContent {
 public:
  // Those that a bidder's options name. What is shipped keeps its name.
  template <typename BidderOrRange>
  void replace_in(BidderOrRange& bidder, const std::string& role) {
    for_each_path(bidder, [&](const std::string& key, std::string& path) {
      if (!is_shipped_asset(path)) replace(path, role + "." + key);
    });
  }
  void comment(const std::string& role, const std::string& path) { comments_ += "# " + role + ": " + path + "\n"; }
  const std::string& comments() const { return comments_; }

 private:
  void replace(std::string& path, const std::string& role) {
    const auto [known, added] = hashes_.try_emplace(path);
    if (added) known->second = file_content_hash(path);
    comment(role, path);
    path = "content " + known->second;
  }

  std::map<std::string, std::string> hashes_;  // by path
  std::string comments_;
};

// The seats of a population, which holds what a name or a path may stand for.
std::string seats_text(const Population& population, ByContent& files) {
  std::string seats = "population_seats:\n";
  for (size_t i = 0; i < population.seats.size(); ++i) {
    PopulationSeat seat = population.seats[i];
    files.replace_in(seat.bidder, "population_seats[" + std::to_string(i) + "]");
    seats += "  - bidder: " + bidders::bidder_label(seat.bidder) + "\n    budget: " + shortest(seat.advertiser.budget) +
             "\n    cpa: " + shortest(seat.advertiser.cpa_limit) + "\n";
  }
  return seats;
}

}  // namespace

std::string population_content(const std::string& file, int num_seats) {
  std::string text = file_content_hash(file);
  bool names_files = false;
  for (PopulationSeat& seat : load_population(file, num_seats).seats) {
    for_each_path(seat.bidder, [&](const std::string& /*key*/, std::string& path) {
      if (is_shipped_asset(path)) return;
      names_files = true;
      text += "\n" + file_content_hash(path);
    });
  }
  return names_files ? content_hash(text) : text;
}

std::string scenario_settings(const MarketRunConfig& market, const Population& population) {
  ScenarioSettings settings{market};
  settings.market.seed = 1;
  settings.market.cache_megabytes = 0;
  if (!is_shipped_population(settings.market.population)) settings.market.population = "a file";
  std::string& paid_by = settings.market.auction.reserve_from.population;
  if (!paid_by.empty() && !is_shipped_population(paid_by)) {
    paid_by = "content " + population_content(paid_by, market.shape().seats);
  }
  ByContent files;
  return print_config(settings, "", PrintFor::kComparing) + seats_text(population, files);
}

std::string run_identity(const SimulateConfig& config, const Population& population) {
  PlayedSettings settings{
      kFormat, config.market, config.explore, {config.output.features, config.output.labels, config.output.tape}};
  ByContent files;
  if (!is_shipped_population(settings.market.population)) {
    files.comment("market.population", settings.market.population);
    settings.market.population = "a file";  // population_seats is what it holds
  }
  std::string reserves;
  if (market::AuctionConfig& auction = settings.market.auction; auction.reserve_from.on()) {
    if (!is_shipped_population(auction.reserve_from.population)) {
      files.comment("market.auction.reserve_from.population", auction.reserve_from.population);
      auction.reserve_from.population =
          auction.own_reserves.empty()  // not made yet
              ? "content " + population_content(auction.reserve_from.population, config.market.shape().seats)
              : "a file";
    }
    ContentHash made;
    made.add_values(std::span<const double>(auction.own_reserves));
    reserves = "reserves: content " + made.digits() + "\n";
  }
  for (size_t i = 0; i < settings.explore.bidders.size(); ++i) {
    files.replace_in(settings.explore.bidders[i].bidder, "explore.bidders[" + std::to_string(i) + "]");
  }
  // A shipped population may be another one in another version of the program.
  const std::string seats = seats_text(population, files);
  std::string text = print_config(settings, "simulate", PrintFor::kComparing);
  text += seats + reserves + files.comments();
  if (!config.program.empty()) text.append(kProgram).append(config.program).append("\n");
  return text;
}

std::string program_in(const std::string& identity) {
  const size_t at = identity.rfind(kProgram);
  if (at == std::string::npos || (at > 0 && identity[at - 1] != '\n')) return {};
  const size_t begin = at + kProgram.size();
  return identity.substr(begin, identity.find('\n', begin) - begin);
}

}  // namespace genbid::play
