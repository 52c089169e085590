#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace genbid::runs {

// `genbid act` as a function: campaigns bid through the serving library, by lines of JSON (docs/serving.md). Each line
// names a campaign and may open it, say what became of its last tick, ask for its next one, close it, in this order;
// for each that asks, a line goes out. An Error names the line. What `in` throws where it cannot be read passes
// through, if its exceptions() have badbit.
void act_by_lines(const std::string& bundle, int64_t max_campaigns, std::istream& in, std::ostream& out);

}  // namespace genbid::runs
