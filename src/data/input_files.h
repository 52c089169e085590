#pragma once

#include <string>
#include <vector>

namespace genbid::data {

// The files that inputs name: a file is itself; a folder stands for the Parquet files in it and below, but for what
// begins with '_' or '.', as Spark's own files do; a pattern (*, ?, [...]) for all that match. s3://BUCKET/KEY
// likewise, where '?' begins options and is no pattern. Each input's files come in the order of their names. Error for
// a folder or pattern without any.
std::vector<std::string> input_files(const std::vector<std::string>& inputs);

// Whether an input stands for others, or lies in an object store: then it is no file of another kind.
bool is_many(const std::string& input);

}  // namespace genbid::data
