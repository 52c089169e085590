#pragma once

#include <string>

#include "base/files/safetensors.h"
#include "bidders/planner_knowledge.h"

namespace genbid::play {

// What the bidder `planner` knows, as a safetensors file: one float32 tensor a part, named as in PlannerKnowledge, and
// its sizes as metadata. The file is there whole or not at all.
void write_planner_knowledge(const bidders::PlannerKnowledge& knowledge, const std::string& path);
// Error, naming file and part, for a part that is missing, of another type, or does not fit the sizes.
bidders::PlannerKnowledge read_planner_knowledge(const SafetensorsFile& file, const std::string& name);

}  // namespace genbid::play
