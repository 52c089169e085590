#pragma once

#include <span>
#include <string>
#include <typeinfo>
#include <vector>

#include "bidders/bidder_kind.h"

// The table of bidders: nothing else names their kinds.

namespace genbid::bidders {

std::span<const BidderKind> bidder_kinds();
const std::vector<std::string>& bidder_names();

// Error for an unknown name.
const BidderKind& bidder_kind_named(const std::string& name);
// The kind with these options, or ranges.
const BidderKind& bidder_kind_of(const std::type_info& options);

// For help texts: a line for each kind, indented by so many spaces, with its name and its help.
std::string bidder_help(size_t indent);

}  // namespace genbid::bidders
