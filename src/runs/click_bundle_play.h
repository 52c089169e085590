#pragma once

#include <vector>

#include "base/threads.h"
#include "campaigns/samples.h"
#include "perbid/outcomes.h"
#include "perbid/prepared_days.h"
#include "serve/click_bundle.h"

namespace genbid::runs {

// Error unless its agents are of days of so many slots.
void check_slots(const serve::ClickBundle& bundle, int64_t slots);

// What a bundle's agents make of prepared days, asked as a bidding server asks them: through the shared library
// (include/genbid_click.h). Each campaign has the agent of the bundle's matching table. The days have as
// many slots as its agents' (check_slots).
std::vector<perbid::Outcome> play_bundle(const serve::ClickBundle& described, const campaigns::Samples& samples,
                                         const perbid::PreparedDays& days, Threads& threads);

}  // namespace genbid::runs
