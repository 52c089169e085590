#include "runs/tape_data.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/config/period_text.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/memory.h"
#include "data/tape_store.h"
#include "runs/day_source.h"

namespace genbid::runs {
namespace {

using Periods = std::vector<int64_t>;

// A file with what is wanted of it.
struct TapeFile {
  data::TapeStore store;
  Periods training, held_out;

  Periods all() const {
    Periods periods = training;
    periods.insert(periods.end(), held_out.begin(), held_out.end());
    return periods;
  }
};

std::set<int64_t> periods_in(const data::TapeStore& store) {
  const Periods& periods = store.periods();
  return {periods.begin(), periods.end()};
}

// A file that names no held-out periods has those of the common list that it holds; a single file must hold them all.
std::vector<TapeFile> open_files(const TapesConfig& config) {
  std::vector<TapeFile> files;
  const Periods& common = config.held_out_periods.values;
  std::set<int64_t> missing(common.begin(), common.end());
  for (const TapeFileConfig& one : config.store) {
    TapeFile file{data::TapeStore(one.path), {}, {}};
    const std::set<int64_t> held = periods_in(file.store);
    file.training = one.train_periods.values.empty() ? config.train_periods.values : one.train_periods.values;
    file.held_out = one.held_out_periods.values;
    if (file.held_out.empty()) {
      std::copy_if(common.begin(), common.end(), std::back_inserter(file.held_out),
                   [&](int64_t period) { return held.contains(period); });
    }
    for (const int64_t period : file.all()) {
      missing.erase(period);
      if (held.contains(period)) continue;
      throw Error(one.path + ": found no period " + std::to_string(period) + ", expected one of " +
                  period_ranges({held.begin(), held.end()}));
    }
    files.push_back(std::move(file));
  }
  if (!missing.empty()) {
    throw Error("tapes.held_out_periods: found " + period_ranges({missing.begin(), missing.end()}) +
                ", which no file of tapes.store holds; expected periods that one holds");
  }
  return files;
}

void check_agreement(const TapesConfig& config, const std::vector<TapeFile>& files) {
  const data::TapeInfo& first = files.front().store.info();
  for (size_t i = 1; i < files.size(); ++i) {
    const data::TapeInfo& info = files[i].store.info();
    const auto differ = [&](const char* what, int64_t found, int64_t expected) {
      if (found == expected) return;
      throw Error("tapes.store: " + config.store[i].path + ": found " + std::to_string(found) + " " + what +
                  ", expected " + std::to_string(expected) + " as in " + config.store.front().path);
    };
    differ("ticks a day", info.ticks, first.ticks);
    differ("octaves of alpha", info.octaves, first.octaves);
    differ("knots an octave", info.knots_per_octave, first.knots_per_octave);
  }
}

void check_seats(const TapesConfig& config, const std::vector<TapeFile>& files) {
  for (size_t i = 0; i < files.size(); ++i) {
    const int64_t seats = files[i].store.info().seats;
    for (const int64_t seat : config.seats.values) {
      if (seat < seats) continue;
      throw Error("tapes.seats: found " + std::to_string(seat) + ", expected seats below the " + std::to_string(seats) +
                  " of " + config.store[i].path);
    }
  }
}

// Number of ticks of all seats and periods that are wanted.
int64_t num_ticks(const TapeFile& file) {
  const data::TapeInfo& info = file.store.info();
  return std::ssize(file.all()) * info.seats * info.ticks;
}

size_t num_knot_numbers(const std::vector<TapeFile>& files) {
  int64_t count = 0;
  for (const TapeFile& file : files)
    count += num_ticks(file) * file.store.info().num_knots() * data::TapeColumns::kNumbers;
  return to_size(count);
}

// All files are held in memory, and the largest once more while it is put behind the others. A teacher holds a third of
// them, and as much as they are while it is made.
void check_memory(const std::vector<TapeFile>& files, double available, bool taught) {
  double all = 0.0;
  double largest = 0.0;
  for (const TapeFile& file : files) {
    const int64_t numbers = file.store.info().num_knots() * data::TapeColumns::kNumbers + 3;
    const double bytes = as_double(num_ticks(file)) * as_double(numbers) * sizeof(float);
    all += bytes;
    largest = std::max(largest, bytes);
  }
  const double loading = files.size() > 1 ? all + largest : all;
  const double needed = taught ? std::max(loading, 2.0 * all) : loading;
  if (needed <= available) return;
  throw Error("tapes.store: these days take " + gigabytes(needed) + " of memory, expected at most the " +
              gigabytes(available) + " that are available (fewer periods)");
}

std::string content_of(const data::TapeColumns& tape) {
  ContentHash hash;
  const auto add = [&](const auto& values) {
    const auto count = std::ssize(values);
    hash.add_values(std::span(&count, 1));
    hash.add_values(std::span(values));
  };
  for (const int64_t number : {tape.ticks, tape.octaves, tape.knots_per_octave}) hash.add_values(std::span(&number, 1));
  add(tape.period);
  add(tape.seat);
  add(tape.budget);
  add(tape.cpa_limit);
  for (const std::vector<float>* one : {&tape.lowest, &tape.num_pv, &tape.mean_pvalue, &tape.price, &tape.knots}) {
    add(*one);
  }
  return hash.digits();
}

template <typename T>
void put_behind(std::vector<T>& all, std::vector<T>&& more) {
  if (all.capacity() == 0) {
    all = std::move(more);
  } else {
    all.insert(all.end(), more.begin(), more.end());
  }
}

void put_behind(data::TapeColumns& all, data::TapeColumns&& more) {
  all.ticks = more.ticks;
  all.octaves = more.octaves;
  all.knots_per_octave = more.knots_per_octave;
  put_behind(all.period, std::move(more.period));
  put_behind(all.seat, std::move(more.seat));
  put_behind(all.budget, std::move(more.budget));
  put_behind(all.cpa_limit, std::move(more.cpa_limit));
  put_behind(all.lowest, std::move(more.lowest));
  put_behind(all.num_pv, std::move(more.num_pv));
  put_behind(all.mean_pvalue, std::move(more.mean_pvalue));
  put_behind(all.price, std::move(more.price));
  put_behind(all.knots, std::move(more.knots));
}

// A day that one file trains on says nothing when another one holds it out.
void refuse_shared_days(const TapesConfig& config, const std::vector<policy::SeenStore>& stores) {
  for (size_t i = 0; i < stores.size(); ++i) {
    for (const policy::SeenStore& other : stores) {
      refuse_seen_days(config.store[i].path, "held_out_periods", "trained", other.days, other.train_periods,
                       stores[i].days, stores[i].held_out_periods, "");
    }
  }
}

}  // namespace

TapeData load_tape_data(const TapesConfig& config, double available, c10::Device device, bool taught) {
  std::vector<TapeFile> files = open_files(config);
  check_agreement(config, files);
  check_seats(config, files);
  check_memory(files, available, taught);
  const std::set<int64_t> seats(config.seats.values.begin(), config.seats.values.end());
  data::TapeColumns all;
  std::vector<int64_t> training;
  std::vector<int64_t> held_out;
  std::vector<policy::SeenStore> stores;
  for (const TapeFile& file : files) {
    stores.push_back({day_source_of_store(file.store.info().config), file.training, file.held_out, "", ""});
  }
  refuse_shared_days(config, stores);
  // As a vector grows its numbers are held twice; the knots are nearly all there are.
  if (files.size() > 1) all.knots.reserve(num_knot_numbers(files));
  for (size_t i = 0; i < files.size(); ++i) {
    data::TapeColumns part = files[i].store.read(files[i].all());
    stores[i].data = content_of(part);
    const std::set<int64_t> seen(files[i].training.begin(), files[i].training.end());
    for (int64_t day = 0; day < part.num_days(); ++day) {
      if (!seats.empty() && !seats.contains(at(part.seat, day))) continue;
      (seen.contains(at(part.period, day)) ? training : held_out).push_back(all.num_days() + day);
    }
    put_behind(all, std::move(part));
  }
  std::vector<train::TapeDay> days = train::days_of(all);
  return {softmarket::Tapes(std::move(all), device), std::move(days), std::move(training), std::move(held_out),
          std::move(stores)};
}

train::TapeDaysOptions tape_options(const TapesConfig& config, const std::string& reward) {
  train::TapeDaysOptions options;
  options.day.feature_set = parse_feature_set(config.features);
  options.day.drawn_conversions = config.conversions == "drawn";
  options.day.realised_reward = reward == "realised";
  options.day.softness = config.softness;
  options.campaigns = train::parse_campaigns(config.campaigns);
  options.budget_scale = {config.budget_scale.low, config.budget_scale.high};
  options.cpa_penalty = config.cpa_penalty;
  options.cost_penalty = config.cost_penalty;
  options.asked = config.asked.ranges();
  options.score_of_expected = config.ablate.uncertainty;
  options.cpa_scale = {config.cpa_scale.low, config.cpa_scale.high};
  return options;
}

}  // namespace genbid::runs
