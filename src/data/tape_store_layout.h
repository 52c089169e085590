#pragma once

#include <cstdint>
#include <string>

#include "data/hdf5_file.h"
#include "data/tape_store.h"

// Names and order of a tape store's parts, for those who write and read it. Private to data.

namespace genbid::data {

inline constexpr const char* kTapeFormat = "genbid-tape";

// Calls a visitor with each dataset's name and column. The names stand here and nowhere else.
template <typename Columns, typename Visit>
void for_each_tape_column(Columns& columns, const Visit& visit) {
  visit("/days/period", columns.period);
  visit("/days/seat", columns.seat);
  visit("/days/budget", columns.budget);
  visit("/days/cpa_limit", columns.cpa_limit);
  visit("/days/lowest", columns.lowest);
  visit("/ticks/num_pv", columns.num_pv);
  visit("/ticks/mean_pvalue", columns.mean_pvalue);
  visit("/ticks/price", columns.price);
  visit("/ticks/knots", columns.knots);
}

// The shape of a dataset, without its first dimension, which counts days.
inline std::vector<int64_t> tape_day_shape(const std::string& name, const TapeInfo& info) {
  if (name.starts_with("/days/")) return {};
  if (name != "/ticks/knots") return {info.ticks};
  return {info.ticks, info.num_knots(), TapeColumns::kNumbers};
}

// Numbers of a day in a dataset.
inline int64_t tape_day_size(const std::string& name, const TapeInfo& info) {
  int64_t size = 1;
  for (const int64_t extent : tape_day_shape(name, info)) size *= extent;
  return size;
}

// Attributes, and datasets without content.
void create_tape_store(Hdf5File& file, const TapeInfo& info, int64_t num_days);

}  // namespace genbid::data
