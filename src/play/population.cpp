#include "play/population.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "bidders/bidder_config.h"
#include "play/official_assets.h"

namespace genbid::play {
namespace {

constexpr int64_t kNotGiven = -1;
constexpr int kMaxCategories = kMaxSeats / kSeatsPerCategory;

struct Entry {
  int64_t seat = kNotGiven;
  int64_t position = kNotGiven;
  int64_t category = kNotGiven;
  double budget = 0.0;  // 0: not given, the seat has AuctionNet's
  double cpa = 0.0;     // CPA limit; 0: not given, the seat has AuctionNet's
  bidders::BidderConfig bidder;

  void fields(ConfigVisitor& v) {
    v.field("seat", seat, {0, kMaxSeats - 1});
    v.field("position", position, {0, kSeatsPerCategory - 1});
    v.field("category", category, {0, kMaxCategories - 1});
    v.check(seat == kNotGiven || (position == kNotGiven && category == kNotGiven), "seat",
            "either a seat, or a position and category");
    v.field("budget", budget, {1e-6, 1e12});
    v.field("cpa", cpa, {1e-6, 1e12});
    bidder.fields(v);
  }

  bool covers(int which) const {
    if (seat != kNotGiven) return which == seat;
    return (position == kNotGiven || which % kSeatsPerCategory == position) &&
           (category == kNotGiven || which / kSeatsPerCategory == category);
  }
};

struct PopulationFile {
  explicit PopulationFile(int num_seats_to_fill) : num_seats(num_seats_to_fill) {}

  int num_seats;  // of the market
  std::vector<Entry> seats;

  void fields(ConfigVisitor& v) {
    v.list("seats", seats, "bidder");
    std::string missing;
    for (int seat = 0; seat < num_seats; ++seat) {
      const auto count =
          std::count_if(seats.begin(), seats.end(), [&](const Entry& entry) { return entry.covers(seat); });
      v.check(count < 2, "seats", "every seat once: seat " + std::to_string(seat) + " is named twice");
      if (count == 0) missing += (missing.empty() ? "" : ", ") + std::to_string(seat);
    }
    v.check(missing.empty(), "seats", "all " + std::to_string(num_seats) + " seats of the market: missing " + missing);
  }
};

const ShippedPopulation* find_shipped(const std::string& name) {
  for (const ShippedPopulation& shipped : shipped_populations()) {
    if (shipped.name == name) return &shipped;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> population_names() {
  std::vector<std::string> names;
  for (const ShippedPopulation& shipped : shipped_populations()) names.emplace_back(shipped.name);
  return names;
}

bool is_shipped_population(const std::string& name) { return find_shipped(name) != nullptr; }

bool population_exists(const std::string& name_or_file) {
  std::error_code ignored;
  return find_shipped(name_or_file) != nullptr || std::filesystem::is_regular_file(name_or_file, ignored);
}

std::string expected_population() {
  std::string text;
  for (const std::string& name : population_names()) text += name + ", ";
  return text + "or the path of a population file";
}

Population load_population(const std::string& name_or_file, int num_seats) {
  if (!population_exists(name_or_file)) {
    throw ConfigError("population: found '" + name_or_file + "', expected " + expected_population());
  }
  const ShippedPopulation* shipped = find_shipped(name_or_file);
  const ConfigFile file = shipped != nullptr
                              ? ConfigFile::parse(std::string(shipped->yaml), "population " + name_or_file)
                              : ConfigFile::load(name_or_file);
  PopulationFile list(num_seats);
  file.read(list);

  Population population;
  for (int seat = 0; seat < num_seats; ++seat) {
    const Entry& entry =
        *std::find_if(list.seats.begin(), list.seats.end(), [&](const Entry& one) { return one.covers(seat); });
    PopulationSeat filled{entry.bidder, official_campaign(seat)};
    if (entry.budget > 0.0) filled.advertiser.budget = entry.budget;
    if (entry.cpa > 0.0) filled.advertiser.cpa_limit = entry.cpa;
    population.seats.push_back(filled);
  }
  return population;
}

Advertiser official_campaign(int seat) {
  Advertiser advertiser = official_advertiser(seat % kNumSeats);
  advertiser.category = seat / kSeatsPerCategory;
  return advertiser;
}

std::vector<std::unique_ptr<Bidder>> make_bidders(const Population& population, BiddingRules rules, int num_ticks) {
  const OfficialAssets assets;
  std::vector<std::unique_ptr<Bidder>> bidders;
  for (const PopulationSeat& seat : population.seats) {
    try {
      bidders.push_back(bidders::make_bidder(seat.bidder, {rules, assets, num_ticks, {&seat.advertiser.category, 1}}));
    } catch (const Error& e) {
      throw Error("population: seat " + std::to_string(bidders.size()) + ": " + e.what());
    }
  }
  return bidders;
}

SeatedPopulation::SeatedPopulation(const Population& population, BiddingRules rules, int num_ticks)
    : owned(make_bidders(population, rules, num_ticks)) {
  for (const auto& bidder : owned) {
    seat_bidder.push_back(to_int(bidders.size()));
    bidders.push_back(bidder.get());
  }
}

Advertiser scaled_campaign(const PopulationSeat& seat, const market::MarketConfig& market, bool judged) {
  Advertiser advertiser = seat.advertiser;
  advertiser.budget *= seat.budget_scale * market.budget_scale;
  if (!judged) advertiser.budget *= market.rival_budget_scale;
  advertiser.cpa_limit *= seat.cpa_scale * market.cpa_scale;
  return advertiser;
}

market::Cell make_cell(const Population& population, int64_t period, const market::MarketConfig& market,
                       int judged_seat) {
  market::Cell cell;
  cell.period = period;
  for (const PopulationSeat& seat : population.seats) {
    const bool judged = to_int(cell.advertisers.size()) == judged_seat;
    cell.advertisers.push_back(scaled_campaign(seat, market, judged));
  }
  if (judged_seat != kNobodyJudged && market.stress.misleads()) cell.misled = uint64_t{1} << judged_seat;
  return cell;
}

}  // namespace genbid::play
