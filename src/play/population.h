#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bidding/advertiser.h"
#include "bidders/bidder_config.h"
#include "market/market.h"

namespace genbid::play {

// Who sits where, with how much money and which CPA limit. A population is a YAML file with one list:
//
//   seats:
//     - {position: 0, bidder: pid}                                    # position 0..7 of every category
//     - {position: 1, category: 2, bidder: fixed_alpha, alpha: 90}    # of one category only
//     - {seat: 7, bidder: fixed_alpha, cpa_ratio: 1.1, budget: 3000, cpa: 90}
//
// An entry without seat, position and category is for every seat; `seats: pid` is a whole population. Budget and CPA
// limit, in any currency, are the seat's official ones where they are left out (official_campaign). Every seat of the
// market is named exactly once; entries for seats that it does not have are passed over.
struct PopulationSeat {
  bidders::BidderConfig bidder;
  Advertiser advertiser;
  double budget_scale = 1.0;  // drawn for one period (play/exploration.h): times the advertiser's budget and CPA limit
  double cpa_scale = 1.0;
};

struct Population {
  std::vector<PopulationSeat> seats;  // as many as the market has
};

// Reads a shipped population by its name, or a file, for a market of so many seats. ConfigError for an unknown name, a
// bad file, a seat that is not named.
Population load_population(const std::string& name_or_file, int num_seats = kNumSeats);
std::vector<std::string> population_names();
bool is_shipped_population(const std::string& name);
// For checks of a config: whether `name` is a shipped population or a file that exists.
bool population_exists(const std::string& name_or_file);
// "official, pid48, rules48 or the path of a population file".
std::string expected_population();

// Seat `seat` of a market of any size: in category seat / 8, with the budget and CPA limit of AuctionNet's seat % 48.
Advertiser official_campaign(int seat);

// Makes one bidder for each seat, for days of so many ticks. Throws an Error for a table that is not there or cannot be
// used, and for a bidder that cannot play such days (make_bidder).
std::vector<std::unique_ptr<Bidder>> make_bidders(const Population& population, BiddingRules rules,
                                                  int num_ticks = kTicksPerPeriod);
// A population with its bidders made: seat_bidder says which of `bidders` plays each seat of a cell.
struct SeatedPopulation {
  SeatedPopulation(const Population& population, BiddingRules rules, int num_ticks = kTicksPerPeriod);

  std::vector<std::unique_ptr<Bidder>> owned;
  std::vector<Bidder*> bidders;
  std::vector<int> seat_bidder;
};

// A seat's campaign under the market's scales (budget_scale, cpa_scale; rival_budget_scale unless it is judged), and
// the population's period, in which one seat at most is judged, and misled where the market's stress is to.
Advertiser scaled_campaign(const PopulationSeat& seat, const market::MarketConfig& market, bool judged);
inline constexpr int kNobodyJudged = -1;
market::Cell make_cell(const Population& population, int64_t period, const market::MarketConfig& market,
                       int judged_seat = kNobodyJudged);

struct ShippedPopulation {
  std::string_view name;
  std::string_view yaml;
};
const std::vector<ShippedPopulation>& shipped_populations();  // made from populations/*.yaml by the build

}  // namespace genbid::play
