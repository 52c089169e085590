#pragma once

#include <optional>
#include <string>

#include "report/report_input.h"

namespace genbid::report {

// The table of an evaluation of campaigns' days (table.json with protocol campaigns), without spreads; nothing where
// the text is another table. Error that names `path` and the key for a text that is no table.
std::optional<CampaignJudgement> read_campaign_table(const std::string& text, const std::string& path);

}  // namespace genbid::report
