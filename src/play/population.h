#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bidding/advertiser.h"
#include "market/bidder.h"
#include "market/market.h"

namespace genbid {

// Who sits where, with how much money and which CPA limit. A population is a YAML file with one list:
//
//   seats:
//     - {position: 0, bidder: pid}                                    # position 0..7 of every category
//     - {position: 1, category: 2, bidder: fixed_alpha, alpha: 90}    # of one category only
//     - {seat: 7, bidder: fixed_alpha, cpa_ratio: 1.1, budget: 3000, cpa: 90}
//
// An entry without seat, position and category is for every seat; `seats: pid` is a whole population. Budget
// and CPA limit are the seat's official ones where they are left out. Every seat is named exactly once.
struct PopulationSeat {
  BidderConfig bidder;
  Advertiser advertiser;
};

struct Population {
  std::vector<PopulationSeat> seats;  // kNumSeats
};

// Reads a shipped population by its name, or a file. ConfigError for an unknown name or a bad file.
Population load_population(const std::string& name_or_file);
std::vector<std::string> population_names();
// For checks of a config: `name` is shipped, or a file that exists.
bool population_exists(const std::string& name_or_file);
// "official, pid48, rules48 or the path of a population file".
std::string expected_population();

// One bidder a seat. Error for a table that is not there or cannot be used.
std::vector<std::unique_ptr<Bidder>> make_bidders(const Population& population, Rules rules);
Cell make_cell(const Population& population, int64_t period, double budget_scale);

struct ShippedPopulation {
  std::string_view name;
  std::string_view yaml;
};
const std::vector<ShippedPopulation>& shipped_populations();  // made from populations/*.yaml by the build

}  // namespace genbid
