#pragma once

#include <optional>

#include "data/ingest.h"

namespace genbid::data {

// The part of ingest() for raw traffic logs. The caller has made sure that all inputs are such logs. Private to data.
std::optional<IngestSummary> ingest_raw_logs(const IngestConfig& config, const IngestControl& control);

}  // namespace genbid::data
