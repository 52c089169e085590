#pragma once

#include <functional>
#include <string>

namespace genbid {

// Hands the text of a table on, block by block, without its header line. Error if that is another one.
void copy_behind_header(const std::string& path, const std::string& header,
                        const std::function<void(const std::string& block)>& write);

}  // namespace genbid
