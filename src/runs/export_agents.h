#pragma once

#include <cstdint>
#include <string>

#include "base/config/config.h"
#include "runs/export_run.h"

namespace genbid::runs {

// Whether it is a checkpoint (or a run) of a training with `protocol: campaigns`.
bool is_campaign_training(const std::string& path);

// Agents of campaigns, their network of profiles and who has which agent become one bundle.
ExportSummary export_agents(const ExportConfig& config);

}  // namespace genbid::runs
