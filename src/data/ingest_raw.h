#pragma once

#include <optional>

#include "data/ingest.h"

namespace genbid::data {

// The part of ingest() for raw traffic logs; all inputs are known to be some. Private to data.
std::optional<IngestSummary> ingest_raw_logs(const IngestConfig& config, const IngestControl& control);

}  // namespace genbid::data
