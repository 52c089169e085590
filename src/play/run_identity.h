#pragma once

#include <string>

#include "play/population.h"
#include "play/simulate.h"

namespace genbid::play {

// What decides the content of a simulation's stores, as YAML: the resolved settings, who sits where, and a `format`
// that is raised when the meaning of any of it changes. A file, such as a population or a table of OnlineLP, stands
// there by what it holds (a table as `content HASH`) and not by its name. The names, and the program that made the
// text, follow as comments. The text is kept in the stores, and a run that goes on, or is given again, must have the
// same.
std::string run_identity(const SimulateConfig& config, const Population& population);

// Which program made such a text, as its comments say; empty where they do not.
std::string program_in(const std::string& identity);

}  // namespace genbid::play
