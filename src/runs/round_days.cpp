#include "runs/round_days.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/files/atomic_file.h"
#include "base/log.h"
#include "base/random/random.h"
#include "base/text_table.h"
#include "runs/load_policy.h"
#include "train/taught_days.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "rounds";

}  // namespace

std::unique_ptr<train::TapeDays> make_tape_days(const TrainRunConfig& config, const TapeData& data,
                                                std::vector<int64_t> chosen, int64_t cells, int64_t parts,
                                                int64_t seed) {
  const train::TapeDaysOptions options = tape_options(config.tapes, config.data.reward);
  const auto make = [&]<typename Kind>() {
    return std::make_unique<Kind>(data.tapes, data.days, std::move(chosen), options, cells, parts, seed);
  };
  if (config.train.objective == "teacher") return make.operator()<train::TaughtDays>();
  return make.operator()<train::TapeDays>();
}

RoundDays::RoundDays(const TrainRunConfig& config, const RunDir& run, std::shared_ptr<policy::Policy> policy,
                     const policy::CheckpointInfo& info, int64_t cells, int64_t parts, c10::Device device,
                     train::Ranks& ranks)
    : config_(config),
      run_(run),
      policy_(std::move(policy)),
      cells_(cells),
      num_parts_(to_size(std::clamp<int64_t>(parts, 1, cells))),
      device_(device),
      ranks_(ranks),
      market_(config, bidder_options(info, "rounds.market", 1, device)) {}

void RoundDays::ask_for(Wishes wishes) {
  wishes_ = std::move(wishes);
  if (days_) days_->ask_for(wishes_);
}

void RoundDays::take_share(const train::Share& share) {
  share_ = share;
  if (days_) days_->take_share(share);
}

std::string RoundDays::path_of(int64_t round) const {
  char name[40];
  std::snprintf(name, sizeof name, "round-%08lld.h5", static_cast<long long>(round));
  return run_.file(std::string(kFolder) + "/" + name);
}

void RoundDays::begin_anew() {
  if (ranks_.first()) fs::remove_all(run_.file(kFolder));
  untold_ = begin(0).value_or(MetricValues());
}

// Files of rounds to come were made by a training that had come further; it will come there again.
void RoundDays::remove_others(int64_t round) const {
  const std::string first = path_of(std::max<int64_t>(0, oldest(round) - 1));  // for the checkpoint before this round
  const std::string last = path_of(round);
  for (const auto& entry : fs::directory_iterator(run_.file(kFolder))) {
    const std::string path = entry.path().string();
    if (path < first || path > last) fs::remove(entry.path());
  }
}

std::optional<MetricValues> RoundDays::begin(int64_t step) {
  const int64_t round = round_of(step);
  if (round == round_) return std::exchange(untold_, {});
  if (ranks_.first()) {
    fs::create_directories(run_.file(kFolder));
    remove_leftovers(run_.file(kFolder));
  }
  MetricValues values;
  if (ranks_.copy_from_first(ranks_.first() && fs::exists(path_of(round)) ? 1 : 0) == 0) {
    if (step != first_step(step)) {
      throw Error(path_of(round) + ": not there; expected the tapes of the round that step " + std::to_string(step) +
                  " is in (remove the checkpoints behind step " + std::to_string(first_step(step)) +
                  " to go on from there, or take another run=NAME to start anew)");
    }
    // What the last round's steps learned from gives its memory to the market.
    days_.reset();
    data_.reset();
    std::optional<MetricValues> played = MetricValues();
    if (ranks_.first()) played = play(round);
    if (ranks_.any(!played)) return std::nullopt;
    values = *played;
  }
  if (ranks_.first()) remove_others(round);
  read(round);
  return values;
}

std::optional<MetricValues> RoundDays::play(int64_t round) {
  const auto summary = market_.play(round, policy_, path_of(round));
  if (!summary) return std::nullopt;
  log_info("round " + std::to_string(round) + ": " + (round == 0 ? "the population" : "the policy") + " scores " +
           number_text("%.2f", summary->expected_score) + " a seat, spends " +
           number_text("%.1f", 100.0 * summary->budget_use) + " % of the money, at " +
           number_text("%.2f", summary->expected_cpa) + " of the CPA limit");
  return MetricValues{{"round/number", as_double(round)},
                      {"round/expected_score", summary->expected_score},
                      {"round/budget_use", summary->budget_use},
                      {"round/expected_cpa", summary->expected_cpa}};
}

void RoundDays::read(int64_t round) {
  days_.reset();
  data_.reset();
  TapesConfig tapes = config_.tapes;
  tapes.store.clear();
  tapes.held_out_periods.values.clear();
  for (int64_t one = oldest(round); one <= round; ++one) {
    TapeFileConfig& file = tapes.store.emplace_back();
    file.path = path_of(one);
    file.train_periods.values = market_.periods(one);
  }
  if (!ranks_.first() && !fs::exists(path_of(round))) {
    throw Error(path_of(round) + ": not there at rank " + std::to_string(ranks_.rank()) +
                "; with rounds.every the run's folder must be one that all ranks see");
  }
  data_.emplace(
      load_tape_data(tapes, available_memory(), device_, config_.train.objective == "teacher" && device_.is_cpu()));
  // Days come as the files do: rounds, periods, seats.
  std::vector<int64_t> chosen;
  const int64_t num_seats = config_.rounds.market.shape().seats;
  int64_t first = 0;
  for (int64_t one = oldest(round); one <= round; ++one) {
    for (int64_t place = 0; place < config_.rounds.periods; ++place) {
      for (const int seat : market_.seats(one, place)) chosen.push_back(first + seat);
      first += num_seats;
    }
  }
  // A seed of its own, so that days of rounds are drawn otherwise than those of tapes.store.
  const auto seed =
      static_cast<int64_t>(derive_seed(static_cast<uint64_t>(config_.train.seed), "train.rounds", 0) >> 1);
  days_ = make_tape_days(config_, *data_, std::move(chosen), cells_, to_signed(num_parts_), seed);
  days_->take_share(share_);
  days_->ask_for(wishes_);
  round_ = round;
}

}  // namespace genbid::runs
