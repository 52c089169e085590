#pragma once

#include <optional>
#include <string>

#include "report/report_input.h"

namespace genbid::runs {

// What an evaluation of campaigns' days left in the folder: table.json, and from outcomes.csv how Res is spread.
// Nothing where the folder has no such table; Error for a file that cannot be read.
std::optional<report::CampaignJudgement> read_campaign_judgement(const std::string& folder);

}  // namespace genbid::runs
