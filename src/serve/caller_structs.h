#pragma once

#include <genbid.h>
#include <genbid_click.h>

#include <cstddef>

// The structs of the interface as a caller has them. They begin with their size, so a caller that was compiled with
// another header is understood: fields that it does not have are the default's, and fields that this library does not
// have must be 0.

namespace genbid::serve {

// Each is Refused where its size is smaller than that of its first version, or a field is set that is not known here.
genbid_campaign campaign_from(const genbid_campaign* given);
// The i-th of an array of structs, each as large as the first says.
genbid_tick_start tick_start_at(const genbid_tick_start* given, size_t i);
genbid_tick_outcome tick_outcome_at(const genbid_tick_outcome* given, size_t i);
genbid_click_campaign click_campaign_from(const genbid_click_campaign* given);
genbid_click_outcome click_outcome_at(const genbid_click_outcome* given, size_t i);
// Writes as much of it as the caller has room for.
void give(const genbid_bundle_info& info, genbid_bundle_info* to);
void give(const genbid_click_bundle_info& info, genbid_click_bundle_info* to);

}  // namespace genbid::serve
