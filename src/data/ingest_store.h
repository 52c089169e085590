#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/csv_reader.h"
#include "data/ingest_summary.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

// What ingestion does with finished trajectories, whatever files they came from: it makes a store and a summary of
// them. Private to data.

namespace genbid::data {

// JSON for a store's attribute, whatever the order of the files.
std::string sources_json(std::vector<CsvSource> sources);

// Writes the trajectories, with `labels` if the info says so, frees them and closes the writer; to commit is left to
// the caller. Returns false if a stop was asked for.
bool write_store(std::vector<Trajectory>& trajectories, const std::vector<TrajectoryLabels>& labels,
                 const TrajectoryStoreInfo& info, int64_t num_rows, TrajectoryStoreWriter& writer);

// `files` names the files for messages, `num_ticks` is what a whole period has.
void summarise(const std::vector<Trajectory>& trajectories, const std::vector<std::string>& files, int num_ticks,
               IngestSummary& summary);

}  // namespace genbid::data
