#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace genbid::runs {

// Where days come from: a period's number names a day only together with that. "auctionnet": its episodes, under either
// rule set, and what is ingested from its files. "own HASH": days drawn by the knobs of market.traffic and a seed.
// Empty: nobody knows.
//
// `settings`: YAML that has them in a section `market` (play/run_identity.h), or is such a section; of a store that was
// made from files, the ingestion's.
std::string day_source(const std::string& settings, int64_t seed);
// Of a store, by what it says of how it was made; empty settings are of files too.
std::string day_source_of_store(const std::string& settings);

// "days of AuctionNet", for a message.
std::string day_source_text(const std::string& source);

// Error if one of `periods`, days of `source`, is among those that `who` was trained or tuned (`how`) on, days of
// `seen_source`. Where one of the sources is not known, equal numbers count as equal days.
void refuse_seen_days(const std::string& who, const std::string& key, const std::string& how,
                      const std::string& seen_source, const std::vector<int64_t>& seen, const std::string& source,
                      const std::vector<int64_t>& periods, const std::string& remedy = ", or allow_seen_periods: true");

}  // namespace genbid::runs
