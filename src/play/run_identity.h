#pragma once

#include <string>

#include "play/population.h"
#include "play/simulate.h"

namespace genbid::play {

// What decides the content of a simulation's stores, as YAML: the resolved settings, who sits where, and a `format`
// that is raised when the meaning of any of it changes. Files (a population, tables of OnlineLP) stand there by what
// they hold, tables as `content HASH`, not by their names; these, and the program that made it, follow as comments. It
// is kept in the stores, and a run that goes on, or is given again, must have the same.
std::string run_identity(const SimulateConfig& config, const Population& population);

// What decides what a market is like to a bidder in it, as YAML: the same settings but periods and seed, which are axes
// of their own, and who sits where. It names no path, so that it is the same on any machine.
std::string scenario_settings(const MarketRunConfig& market, const Population& population);

// What a population's file holds, with the tables that it names: a hash.
std::string population_content(const std::string& file, int num_seats);

// The program in such a text's comments; empty where there is none.
std::string program_in(const std::string& identity);

}  // namespace genbid::play
