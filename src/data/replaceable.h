#pragma once

#include <functional>
#include <string>

namespace genbid::data {

// An output given by name may replace only its like. Throws a ConfigError that names `key` if at `path` lies anything
// but an empty file or one that `is_one` recognises as `kind` ("a trajectory store").
void check_replaceable(const std::string& key, const std::string& path, const std::string& kind,
                       const std::function<bool(const std::string&)>& is_one);

// Does the same with an Error, for a file that a run writes into its folder and that no key names. `folder`: the key
// that names the folder.
void check_replaceable_output(const std::string& path, const std::string& kind,
                              const std::function<bool(const std::string&)>& is_one,
                              const std::string& folder = "output.dir");
// Tests that serve as `is_one`.
bool is_trajectory_store(const std::string& path);
bool is_market_log(const std::string& path);
bool is_tape(const std::string& path);
bool is_campaign_store(const std::string& path);
bool begins_with(const std::string& path, const std::string& text);

// What an HDF5 file says of its format; empty for one that says nothing, and for a file of another kind. Error for a
// damaged one.
std::string format_of_hdf5(const std::string& path);

void check_replaceable_store(const std::string& key, const std::string& path);
void check_replaceable_market_log(const std::string& key, const std::string& path);

}  // namespace genbid::data
