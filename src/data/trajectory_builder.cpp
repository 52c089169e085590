#include "data/trajectory_builder.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cassert>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <unordered_map>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "data/day_length.h"
#include "data/feature_check.h"
#include "data/row_place.h"

namespace genbid::data {
namespace {

constexpr size_t kBadRowsListed = 20;

struct KeyHash {
  size_t operator()(const TrajectoryKey& key) const {
    const uint64_t mixed = static_cast<uint64_t>(key.first) * 0x9E3779B97F4A7C15U + static_cast<uint64_t>(key.second);
    return to_size(mixed * 0xD1B54A32D192ED03U);
  }
};

using Ticks = std::bitset<kMaxTicks>;

struct Entry {
  Trajectory trajectory;
  std::vector<TickRow> rows;  // until finished
  Ticks ticks_seen;
  std::vector<int64_t> lines;  // by tick, once finished; empty if they follow each other from the first on
  int last_tick = -1;          // the highest
  int told_ticks = 0;          // the day's, by its states, once finished; 0 if they do not agree
  int bad_tick = -1;           // the first that cannot be stored, once finished; -1: all can
  std::string bad_value;       // of it: unstorable()
  bool ends = false;           // its last tick is marked done
  bool damaged = false;        // lost a row
  bool finished = false;
};

int first_missing(const Ticks& seen) {
  int tick = 0;
  while (tick < kMaxTicks && at(seen, tick)) ++tick;
  return tick;
}

std::string name_of(const TrajectoryHead& head) {
  return "period " + std::to_string(head.period) + ", advertiser " + std::to_string(head.advertiser);
}

// The first column in which two heads of one trajectory differ: its official name and both values.
std::string contradiction(const TrajectoryHead& old, const TrajectoryHead& now) {
  const auto text = [](const char* column, double before, double after) {
    return std::string("column '") + column + "': found '" + shortest(after) + "', expected '" + shortest(before) +
           "' as in other rows of ";
  };
  if (old.category != now.category) {
    return text("advertiserCategoryIndex", old.category, now.category);
  }
  if (old.budget != now.budget) return text("budget", old.budget, now.budget);
  if (old.cpa != now.cpa) return text("CPAConstraint", old.cpa, now.cpa);
  if (old.cost != now.cost) return text("realAllCost", old.cost, now.cost);
  return text("realAllConversion", old.conversions, now.conversions);
}

void check_next_states(std::span<const TickRow> rows, Trajectory& t) {
  for (size_t k = 0; k + 1 < rows.size(); ++k) {
    if (!rows[k].tells_next_state) continue;
    const bool equal =
        rows[k].next_state_hash.has_value() ? *rows[k].next_state_hash == rows[k + 1].state_hash : rows[k].done;
    ++t.next_states_checked;
    if (!equal) ++t.next_states_different;
  }
}

// The day's number of ticks that all rows tell; 0 if they do not agree.
int told_ticks(std::span<const TickRow> rows) {
  int told = 0;
  for (const TickRow& row : rows) {
    if (row.tick == 0) continue;
    const int now = day_length_by(row.tick, row.state[kFeatureTimeLeft]);
    if (now == 0 || (told != 0 && now != told)) return 0;
    told = now;
  }
  return told;
}

// Sorts, checks and packs the rows of an entry.
void finish_entry(Entry& entry, FeatureSet features, int num_ticks) {
  std::vector<TickRow> rows = std::move(entry.rows);
  entry.rows = {};
  std::sort(rows.begin(), rows.end(), [](const TickRow& a, const TickRow& b) { return a.tick < b.tick; });
  Trajectory& t = entry.trajectory;
  t.num_ticks = to_int(rows.size());
  bool in_order = true;
  for (size_t k = 0; k < rows.size(); ++k) {
    assert(rows[k].tick == to_int(k));
    in_order = in_order && rows[k].line == rows[0].line + to_signed(k);
    t.num_nan += rows[k].num_nan;
  }
  if (!in_order) {
    for (const TickRow& row : rows) entry.lines.push_back(row.line);
  }

  entry.told_ticks = told_ticks(rows);
  const Advertiser advertiser{t.head.budget, t.head.cpa, t.head.category};
  check_next_states(rows, t);
  if (t.num_nan == 0) {
    const FeatureCheck check = check_features(advertiser, rows, num_ticks);
    t.features_checked = std::ssize(rows);
    t.features_different = check.num_different;
    t.first_difference = {t.first.file, rows[check.first_row].line};
    t.first_difference_feature = check.first_feature;
  }

  constexpr size_t kMoreFeatures = 6;  // of kConstraint
  std::array<double, kNumAuctionnetFeatures + kMoreFeatures> values{};
  const std::span<const double> state = std::span<const double>(values).first(feature_names(features).size());
  t.state.reserve(rows.size() * state.size());
  double expected_conversions = 0.0;
  double conversions = 0.0;
  for (size_t k = 0; k < rows.size(); ++k) {
    const TickRow& row = rows[k];
    std::copy(row.state.begin(), row.state.end(), values.begin());
    if (features == FeatureSet::kConstraint) {
      const double cost = advertiser.budget * (1.0 - row.state[kFeatureBudgetLeft]);
      constraint_features(advertiser, row.tick, cost, expected_conversions, conversions,
                          std::span(values).subspan(kNumAuctionnetFeatures), num_ticks);
    }
    if (entry.bad_tick < 0) {
      entry.bad_value = unstorable(features, state, row.action, row.reward, row.reward_continuous);
      if (!entry.bad_value.empty()) entry.bad_tick = row.tick;
    }
    for (const double value : state) t.state.push_back(as_float(value));
    expected_conversions += row.reward_continuous;
    conversions += row.reward;
    t.action.push_back(as_float(row.action));
    t.reward.push_back(as_float(row.reward));
    t.reward_continuous.push_back(as_float(row.reward_continuous));
    t.done.push_back(row.done ? 1 : 0);
  }
  entry.finished = true;
}

}  // namespace

std::string unstorable(FeatureSet features, std::span<const double> state, double action, double reward,
                       double reward_continuous) {
  const auto fits = [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); };
  const auto words = [](const std::string& what, double value) {
    return what + ": found " + shortest(value) + ", expected a finite number (float32)";
  };
  for (size_t f = 0; f < state.size(); ++f) {
    if (!fits(state[f])) return words("feature '" + feature_names(features)[f] + "'", state[f]);
  }
  if (!fits(action)) return words("column 'action'", action);
  if (!fits(reward)) return words("column 'reward'", reward);
  if (!fits(reward_continuous)) return words("column 'reward_continuous'", reward_continuous);
  return {};
}

struct TrajectoryBuilder::State {
  std::vector<std::string> files;
  BuilderOptions options;
  DayLengths lengths;  // but for what is known of whole trajectories only
  std::unordered_map<TrajectoryKey, size_t, KeyHash> index;
  std::vector<Entry> entries;
  std::vector<size_t> whole;  // entries that became whole
  size_t last = 0;            // the entry of the last row: the next one mostly belongs to it
  int64_t num_bad_rows = 0;
  int64_t num_keyless_rows = 0;  // bad rows whose trajectory is not known
  std::vector<std::string> bad_rows;
  std::set<TrajectoryKey> damaged;
  int64_t num_incomplete = 0;
  int64_t num_left_out = 0;

  std::string where(Place place) const { return place_text(files[place.file], place.line); }

  // Stops, or goes on without what is at fault.
  void fault(const std::string& message) {
    if (!options.skip_faults) throw Error(message);
    if (bad_rows.size() < kBadRowsListed) bad_rows.push_back(message);
  }

  Entry* find(const TrajectoryKey& key) {
    if (last < entries.size()) {
      const TrajectoryHead& head = entries[last].trajectory.head;
      if (head.period == key.first && head.advertiser == key.second) return &entries[last];
    }
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    last = found->second;
    return &entries[last];
  }

  // Does not hold for a tick that came after its trajectory was thought to be whole.
  Place place_of_tick(const Entry& entry, int tick) const {
    Place place = entry.trajectory.first;
    if (!entry.finished) {
      for (const TickRow& row : entry.rows) {
        if (row.tick == tick) place.line = row.line;
      }
    } else if (!entry.lines.empty()) {
      place.line = at(entry.lines, tick);
    } else {
      place.line += tick;
    }
    return place;
  }

  void finish_entries(const std::vector<size_t>& which, Threads& threads) {
    threads.parallel_for(std::ssize(which), 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        finish_entry(entries[at(which, i)], options.features, options.num_ticks);
      }
    });
  }
};

TrajectoryBuilder::TrajectoryBuilder(std::vector<std::string> files, const BuilderOptions& options)
    : state_(std::make_unique<State>()) {
  state_->files = std::move(files);
  state_->options = options;
}
TrajectoryBuilder::~TrajectoryBuilder() = default;

int64_t TrajectoryBuilder::num_bad_rows() const { return state_->num_bad_rows; }
int64_t TrajectoryBuilder::num_incomplete() const { return state_->num_incomplete; }
const std::vector<std::string>& TrajectoryBuilder::bad_rows() const { return state_->bad_rows; }
int64_t TrajectoryBuilder::num_left_out() const { return state_->num_left_out; }

void TrajectoryBuilder::add(size_t file, const TrajectoryHead& head, const TickRow& row) {
  State& s = *state_;
  const TrajectoryKey key{head.period, head.advertiser};
  const Place place{file, row.line};
  Entry* entry = s.find(key);
  if (entry == nullptr) {
    s.last = s.entries.size();
    s.index.emplace(key, s.last);
    entry = &s.entries.emplace_back();
    entry->trajectory.head = head;
    entry->trajectory.first = place;
    entry->rows.reserve(to_size(s.options.num_ticks));
  }
  const Place first = entry->trajectory.first;
  const auto tick = to_size(row.tick);
  if (first.file != file) {
    const std::string what = entry->ticks_seen[tick]
                                 ? name_of(head) + " appears a second time, first at " + s.where(first)
                                 : "the rows of " + name_of(head) + " go on in another file (first at " +
                                       s.where(first) + "), expected all rows of a trajectory in one file";
    add_bad({row.line, s.where(place) + ": " + what, key});
    return;
  }
  if (entry->ticks_seen[tick]) {
    add_bad({row.line,
             s.where(place) + ": " + name_of(head) + ", tick " + std::to_string(row.tick) +
                 " appears a second time, first at " + s.where(s.place_of_tick(*entry, row.tick)),
             key});
    return;
  }
  if (head != entry->trajectory.head) {
    add_bad({row.line, s.where(place) + ": " + contradiction(entry->trajectory.head, head) + name_of(head), key});
    return;
  }
  entry->ticks_seen.set(tick);
  if (row.tick >= s.lengths.highest) s.lengths.highest = row.tick + 1;
  if (row.tick > entry->last_tick) {
    entry->last_tick = row.tick;
    entry->ends = row.done;
  }
  ++at(s.lengths.rows, day_length_by(row.tick, row.state[kFeatureTimeLeft]));
  if (entry->finished) return;  // a longer day than was assumed: all is put together again
  entry->rows.push_back(row);
  const bool whole = entry->rows.size() == to_size(s.options.num_ticks);
  if (whole && entry->last_tick < s.options.num_ticks) s.whole.push_back(s.last);
}

void TrajectoryBuilder::add_bad(const BadRow& row) {
  State& s = *state_;
  s.fault(row.message);
  ++s.num_bad_rows;
  if (row.key) {
    s.damaged.insert(*row.key);
  } else {
    ++s.num_keyless_rows;
  }
}

void TrajectoryBuilder::finish_whole(Threads& threads) {
  State& s = *state_;
  s.finish_entries(s.whole, threads);
  s.whole.clear();
}

std::optional<int> TrajectoryBuilder::other_num_ticks() const {
  const State& s = *state_;
  if (s.options.ticks_are_certain) return std::nullopt;
  DayLengths lengths = s.lengths;
  for (const Entry& entry : s.entries) {
    const auto num_ticks = to_int(entry.ticks_seen.count());
    if (first_missing(entry.ticks_seen) == num_ticks) lengths.longest = std::max(lengths.longest, num_ticks);
  }
  for (const Entry& entry : s.entries) {
    const auto num_ticks = to_int(entry.ticks_seen.count());
    lengths.all_end = lengths.all_end && entry.ends && num_ticks == lengths.longest;
  }
  const int ticks = lengths.ticks();
  const bool fits = ticks == s.options.num_ticks && lengths.highest <= ticks;
  return fits ? std::nullopt : std::optional<int>(ticks);
}

std::vector<Trajectory> TrajectoryBuilder::finish(Threads& threads) {
  State& s = *state_;
  finish_whole(threads);

  for (const TrajectoryKey& key : s.damaged) {
    if (Entry* entry = s.find(key)) {
      entry->damaged = true;
    } else {
      ++s.num_left_out;
    }
  }
  std::vector<size_t> open;
  for (size_t i = 0; i < s.entries.size(); ++i) {
    Entry& entry = s.entries[i];
    if (entry.finished || entry.damaged) continue;
    const int missing = first_missing(entry.ticks_seen);
    // A row that was skipped because its key could not be read may belong to any trajectory that is short, even as its
    // last tick.
    if (s.num_keyless_rows > 0) {
      entry.damaged = true;
    } else if (to_size(missing) == entry.rows.size()) {
      open.push_back(i);
    } else {
      s.fault(s.where(entry.trajectory.first) + ": " + name_of(entry.trajectory.head) + ": tick " +
              std::to_string(missing) + " is missing (found " + std::to_string(entry.rows.size()) + " ticks up to " +
              std::to_string(entry.last_tick) + ")");
      ++s.num_incomplete;
      entry.damaged = true;
    }
  }
  s.finish_entries(open, threads);

  std::vector<Trajectory> all;
  all.reserve(s.entries.size());
  for (Entry& entry : s.entries) {
    const Trajectory& t = entry.trajectory;
    if (entry.bad_tick >= 0 && !entry.damaged) {
      s.fault(s.where(s.place_of_tick(entry, entry.bad_tick)) + ": " + name_of(t.head) + ", tick " +
              std::to_string(entry.bad_tick) + ": " + entry.bad_value);
      ++s.num_bad_rows;
      entry.damaged = true;
    }
    const bool other_day = s.options.refuse_other_days && entry.told_ticks == t.num_ticks && entry.told_ticks != 0 &&
                           entry.told_ticks != s.options.num_ticks;
    if (other_day && !entry.damaged) {
      s.fault(s.where(t.first) + ": " + name_of(t.head) + ": found a day of " + std::to_string(t.num_ticks) +
              " ticks by its states, expected " + std::to_string(s.options.num_ticks) +
              " as in others (a store's days are of one length)");
      ++s.num_incomplete;
      entry.damaged = true;
    }
    if (entry.damaged) {
      ++s.num_left_out;
    } else {
      all.push_back(std::move(entry.trajectory));
    }
  }
  s.entries.clear();
  s.index.clear();
  std::sort(all.begin(), all.end(), [](const Trajectory& a, const Trajectory& b) {
    return std::pair(a.head.period, a.head.advertiser) < std::pair(b.head.period, b.head.advertiser);
  });
  return all;
}

}  // namespace genbid::data
