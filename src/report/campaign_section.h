#pragma once

#include <string>
#include <vector>

#include "report/markup.h"
#include "report/report_input.h"
#include "report/section.h"

// The part of a page about campaigns that pay by the click (docs/perbid.md).

namespace genbid::report {

// At most `most_rows` lines as tables of numbers, and how to read them.
Table campaign_table(const CampaignJudgement& judged, size_t most_rows);
Table campaign_types_table(const CampaignJudgement& judged, size_t most_rows);
std::string campaign_note(const CampaignJudgement& judged);

// Res and its differences with their intervals, the worst campaigns, and how unequally Res is shared; of the kNumStyles
// best candidates.
std::vector<Section> campaign_sections(const CampaignJudgement& judged);

}  // namespace genbid::report
