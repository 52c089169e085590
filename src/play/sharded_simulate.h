#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/shard.h"
#include "base/threads.h"
#include "play/simulate.h"

namespace genbid::play {

// Plays periods as a run of their own into config.output.dir; the same as simulate() says.
using PlayPeriods = std::function<std::optional<SimulateSummary>(const SimulateConfig& config)>;

// A run whose periods several processes play (output.shard), each a stretch of them:
//   DIR/shards/0-of-3/          what shard 0/3 has played, a run of its own, and shard.yaml, the settings of that
//   DIR/shards/merged.yaml      the settings of the whole, once it is in DIR
// Who finds all shards there puts their outputs together in DIR: the bytes of a run in one go. Then of the shards their
// settings alone stay. Another call, of any shard, plays what is missing, or puts together what a process that was
// killed has not. Error where a shard has been played with other settings.
//
// Whose folder a run writes into as it plays: DIR, or its shard's.
std::string playing_folder(const OutputConfig& output);

// `config`: of the whole; `periods`: its periods in the order in which they are played.
std::optional<SimulateSummary> simulate_shard(const SimulateConfig& config, const Population& population,
                                              const std::vector<int64_t>& periods, Shard shard, const PlayPeriods& play,
                                              Threads& threads);

}  // namespace genbid::play
