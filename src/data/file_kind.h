#pragma once

#include <string>
#include <string_view>

namespace genbid::data {

// What a file is that was given in place of text, by its first bytes (some hundred are enough): "an HDF5 file". Empty
// for what may be text in ASCII or UTF-8. May go on with what to do about it: "UTF-16 text (convert it: ...)".
std::string foreign_kind(std::string_view head);

// Whether it is a Parquet file by its first bytes, which the name of a column may begin with, too.
bool is_parquet(std::string_view head);

// The place of the first byte that is not UTF-8; npos where all of the text is.
size_t first_not_utf8(std::string_view text);

}  // namespace genbid::data
