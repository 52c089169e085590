#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/csv_reader.h"
#include "data/ingest_summary.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

// From finished trajectories to a store and a summary: what ingestion does with them, whatever files they came from.
// Private to data.

namespace genbid::data {

// JSON for a store's attribute, whatever the order of the files.
std::string sources_json(std::vector<CsvSource> sources);

// Writes and frees the trajectories. False if stopped.
bool write_store(std::vector<Trajectory>& trajectories, const TrajectoryStoreInfo& info, int64_t num_rows,
                 TrajectoryStoreWriter& writer);

// `files` names the files for messages, `num_ticks` is what a whole period has.
void summarise(const std::vector<Trajectory>& trajectories, const std::vector<std::string>& files, int num_ticks,
               IngestSummary& summary);

}  // namespace genbid::data
