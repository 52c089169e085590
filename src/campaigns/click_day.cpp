#include "campaigns/click_day.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::campaigns {
namespace {

void check_number(bool good, const std::string& place, const char* column, int64_t impression, float found,
                  const char* expected) {
  if (good) return;
  throw Error(place + ": impression " + std::to_string(impression) + ", " + column + ": found " +
              std::to_string(found) + ", expected " + expected);
}

}  // namespace

void check_day(const ClickDay& day, const std::string& place) {
  const int64_t count = day.num_impressions();
  if (std::ssize(day.ctr) != count || std::ssize(day.cost) != count) {
    throw Error(place + ": found columns of " + std::to_string(count) + ", " + std::to_string(day.ctr.size()) +
                " and " + std::to_string(day.cost.size()) + " impressions, expected as many in each");
  }
  const bool whole = day.slot_begins.size() >= 2 && day.slot_begins.front() == 0 && day.slot_begins.back() == count;
  if (!whole || !std::is_sorted(day.slot_begins.begin(), day.slot_begins.end())) {
    throw Error(place + ": found slots out of order, expected each to begin where the one before ends, and all " +
                std::to_string(count) + " impressions in them");
  }
  for (int64_t i = 0; i < count; ++i) {
    const float value = at(day.value, i);
    const float ctr = at(day.ctr, i);
    const float cost = at(day.cost, i);
    check_number(std::isfinite(value) && value >= 0.0F, place, "value", i, value, "0 or more");
    check_number(ctr > 0.0F && ctr <= 1.0F, place, "ctr", i, ctr, "above 0, at most 1");
    check_number(std::isfinite(cost) && cost > 0.0F, place, "cost", i, cost, "above 0");
  }
}

}  // namespace genbid::campaigns
