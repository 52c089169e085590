#include "data/campaign_log.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "base/random/random.h"

namespace genbid::data {
namespace {

using campaigns::SetOfSamples;

constexpr int64_t kHighestCampaign = std::numeric_limits<uint32_t>::max();
constexpr int64_t kHighestDay = std::numeric_limits<int32_t>::max();
constexpr double kHighestFloat = std::numeric_limits<float>::max();

enum LogColumn : size_t { kCampaign, kDay, kSlot, kValue, kCtr, kPrice };
enum TableColumn : size_t { kId, kBudget, kPpc, kSet };

float value_of(const CsvRows& row) {
  const double value = row.number(kValue);
  if (!(value >= 0.0 && value <= kHighestFloat)) row.fail(kValue, "a number of 0 or more (below 3.4e38)");
  return as_float(value);
}

float ctr_of(const CsvRows& row, double ctr) {
  const float narrow = as_float(ctr);
  if (!(ctr <= 1.0 && narrow > 0.0F)) row.fail(kCtr, "a share above 0, at most 1");
  return narrow;
}

// By the numbers as they were written, rounded once.
float cost_of(const CsvRows& row, double ctr) {
  const double price = row.number(kPrice);
  const double cost = ctr * price;
  if (!(price > 0.0 && cost <= kHighestFloat && as_float(cost) > 0.0F)) {
    row.fail(kPrice, "a price of a click above 0 (ctr x price between 1.4e-45 and 3.4e38)");
  }
  return as_float(cost);
}

void add_row(const CsvRows& row, int64_t num_slots, CampaignRows& rows) {
  const int64_t campaign = row.whole(kCampaign, 0, kHighestCampaign);
  const int64_t day = row.whole(kDay, 0, kHighestDay);
  const int64_t slot = row.whole(kSlot, 0, num_slots - 1);
  const bool goes_on = !rows.pieces.empty() && rows.pieces.back().campaign == campaign && rows.pieces.back().day == day;
  if (goes_on && slot < rows.slot.back()) {
    row.fail(kSlot, std::to_string(rows.slot.back()) + " or more: slots of a day in order");
  }
  const float value = value_of(row);
  const double ctr = row.number(kCtr);
  const float narrow_ctr = ctr_of(row, ctr);
  const float cost = cost_of(row, ctr);
  if (!goes_on) rows.pieces.push_back({campaign, day, row.line(), rows.num_rows()});
  rows.slot.push_back(static_cast<int32_t>(slot));
  rows.value.push_back(value);
  rows.ctr.push_back(narrow_ctr);
  rows.cost.push_back(cost);
}

SetOfSamples drawn_set(const RandomStream& stream, int64_t campaign, double validation_share, double test_share) {
  const double place = uniform_double(stream.bits(low_word(campaign))[0]);
  if (place < test_share) return SetOfSamples::kTest;
  return place < test_share + validation_share ? SetOfSamples::kValidation : SetOfSamples::kTrain;
}

SetOfSamples named_set(const CsvRows& row) {
  const auto set = campaigns::set_named(row.text(kSet));
  if (!set) row.fail(kSet, "train, validation or test");
  return *set;
}

double limit_of(const CsvRows& row, size_t column) {
  const double limit = row.number(column);
  if (!(limit > 0.0)) row.fail(column, "a finite number above 0");
  return limit;
}

}  // namespace

CampaignLogFile::CampaignLogFile(const std::string& path, int64_t num_slots, int64_t block_bytes)
    : csv_(path, block_bytes),
      columns_(csv_, {"campaign", "day", "slot", "value", "ctr", "price"}),
      num_slots_(num_slots) {}

void CampaignLogFile::parse(const CsvBlock& block, CampaignRows& rows) const {
  rows.pieces.clear();
  rows.slot.clear();
  rows.value.clear();
  rows.ctr.clear();
  rows.cost.clear();
  rows.fault = nullptr;
  try {
    CsvRows row(block, columns_);
    while (row.next()) add_row(row, num_slots_, rows);
  } catch (...) {
    rows.fault = std::current_exception();
  }
}

CampaignTable read_campaign_table(const std::string& path, double validation_share, double test_share) {
  CsvFile file(path);
  CampaignTable table;
  table.has_sets = std::find(file.header().begin(), file.header().end(), "set") != file.header().end();
  const CsvColumns columns(file, {"campaign", "budget", "ppc", table.has_sets ? "set" : ""});
  const RandomStream stream(0, "sets of campaigns");
  CsvBlock block;
  while (file.next(block)) {
    CsvRows row(block, columns);
    while (row.next()) {
      const int64_t campaign = row.whole(kId, 0, kHighestCampaign);
      CampaignTable::Row one;
      one.limits = {limit_of(row, kBudget), limit_of(row, kPpc)};
      one.set = table.has_sets ? named_set(row) : drawn_set(stream, campaign, validation_share, test_share);
      one.line = row.line();
      const auto [place, is_new] = table.rows.emplace(campaign, one);
      if (!is_new) row.fail(kId, "each campaign once (line " + std::to_string(place->second.line) + " has it too)");
    }
  }
  if (table.rows.empty()) throw Error(path + ": found no rows behind the header, expected a row for each campaign");
  table.source = file.source();
  return table;
}

}  // namespace genbid::data
