#include "serve/campaigns.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>

#include "base/convert.h"
#include "base/memory.h"
#include "base/shown.h"
#include "graph/carry_buffers.h"
#include "serve/caller_structs.h"
#include "serve/refused.h"

namespace genbid::serve {
namespace {

// Ids of two sessions should not look alike: each begins to count elsewhere.
uint32_t first_generation() {
  static std::atomic<uint32_t> sessions{0};
  return 1 + 0x9E3779B9U * sessions.fetch_add(1, std::memory_order_relaxed);
}

constexpr size_t kFetchAhead = 4;  // campaigns

// Fetches no more than the first kilobyte: the processor sees by itself how a longer piece goes on.
void prefetch_lines(const void* begin, size_t bytes) {
  const auto* const first = static_cast<const std::byte*>(begin);
  for (size_t i = 0; i < std::min<size_t>(bytes, 1024); i += 64) __builtin_prefetch(first + i, 1);
}

// Numbers go from 0 to this. What is computed of larger ones would not be finite as a 32-bit float.
constexpr double kMost = 1e15;

void require_number(double value, const char* what, uint64_t id, double high = kMost) {
  if (value >= 0.0 && value <= high) return;
  refuse(GENBID_INVALID, campaign_text(id) + ": " + what, number_text(value),
         "a number from 0 to " + number_text(high));
}

void require_count(int64_t value, const char* what, uint64_t id) {
  if (value >= 0 && value <= static_cast<int64_t>(kMost)) return;
  refuse(GENBID_INVALID, campaign_text(id) + ": " + what, std::to_string(value), "a count of at most 1e15");
}

void require_reserved(int32_t value, const std::string& where) {
  if (value != 0) refuse(GENBID_INVALID, where + ": reserved", std::to_string(value), "0");
}

void require_seen(float value, uint64_t id, const std::string& name) {
  if (std::isfinite(value)) return;
  refuse(GENBID_INVALID, campaign_text(id) + ": " + name, number_text(as_double(value)),
         "a finite number: what was pushed is too large");
}

// Money whose 32-bit float is a number above 0.
void require_money(double value, const char* what) {
  const float narrow = as_float(value);
  if (std::isfinite(value) && std::isfinite(narrow) && narrow > 0.0F) return;
  refuse(GENBID_INVALID, std::string("genbid_campaign: ") + what, number_text(value),
         "a finite number above 0, which a 32-bit float can hold");
}

size_t carry_size(const BundleInfo& info) {
  int64_t size = 0;
  for (const BundleTensor& carry : info.carry) size += carry.shape.inner();
  return to_size(size);
}

constexpr size_t kLine = 64 / sizeof(float);
size_t in_lines(size_t numbers) { return (numbers + kLine - 1) / kLine * kLine; }

// The number of rows of a session's workspace. Refuses a session that the memory has no room for.
int64_t checked_rows(const Bundle& bundle, int64_t max_campaigns) {
  constexpr int64_t kMostCampaigns = std::numeric_limits<uint32_t>::max() - 1;
  if (max_campaigns < 1 || max_campaigns > kMostCampaigns) {
    refuse(GENBID_INVALID, "max_campaigns", std::to_string(max_campaigns), "1 to " + std::to_string(kMostCampaigns));
  }
  const int64_t rows = std::min(Campaigns::kBlockRows, max_campaigns);
  const double needed = as_double(max_campaigns) * as_double(Campaigns::bytes_of_campaign(bundle)) +
                        as_double(graph::Workspace::bytes_for(*bundle.program, rows));
  const double available = available_memory();
  if (needed > available) {
    throw Refused(GENBID_MEMORY, "session: found room for " + gigabytes(available) + ", expected " + gigabytes(needed) +
                                     " for " + std::to_string(max_campaigns) + " campaigns");
  }
  return rows;
}

}  // namespace

CampaignLayout::CampaignLayout(const Bundle& bundle)
    : window(to_size(bundle.info.window)),
      num_features(bundle.info.features.size()),
      actions(window * num_features),
      before(actions + window),
      constraint(before + window * to_size(kNumOutcomes)),
      plain(constraint + 2),
      carry(in_lines(plain)),
      carry_size(serve::carry_size(bundle.info)),
      size(carry) {
  for (const graph::MovingCarry& moving : bundle.program->moving_carries()) {
    buffers.push_back(size);
    size += in_lines(to_size(moving.buffer_size()));
  }
  if (buffers.empty()) size += in_lines(2 * carry_size);
}

int64_t Campaigns::bytes_of_campaign(const Bundle& bundle) {
  return to_signed(sizeof(Slot) + sizeof(uint32_t) + CampaignLayout(bundle).size * sizeof(float));
}

Campaigns::Campaigns(std::shared_ptr<const Bundle> bundle, int64_t max_campaigns)
    : bundle_(std::move(bundle)),
      layout_(*bundle_),
      workspace_(bundle_->program, checked_rows(*bundle_, max_campaigns)),
      num_coefficients_(to_size(bundle_->info.num_coefficients)),
      scratch_(layout_.num_features),
      slots_(to_size(max_campaigns)),
      numbers_(slots_.size() * layout_.size + kLine, 0.0F) {  // the runtime reads whole vectors
  static_cast<void>(outcome_names());  // made when they are first asked for, which would be in act()
  plan_inputs();
  plan_outputs();
  const std::vector<graph::MovingCarry>& carries = bundle_->program->moving_carries();
  for (const graph::MovingCarry& carry : carries) {
    most_moves_ = &carry == carries.data() ? carry.most_moves() : std::min(most_moves_, carry.most_moves());
  }
  const uint32_t generation = first_generation();
  free_.reserve(slots_.size());
  for (size_t place = slots_.size(); place-- > 0;) {
    slots_[place].generation = generation;
    free_.push_back(static_cast<uint32_t>(place));
  }
}

void Campaigns::plan_inputs() {
  static constexpr std::array kFeeds = {std::pair("states", Feed::kStates), std::pair("actions", Feed::kActions),
                                        std::pair("before", Feed::kBefore), std::pair("ticks", Feed::kTicks),
                                        std::pair("mask", Feed::kMask),     std::pair("constraint", Feed::kConstraint),
                                        std::pair("wishes", Feed::kWishes), std::pair("noise", Feed::kNoise)};
  const std::vector<BundleTensor>& inputs = bundle_->info.inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Input input;
    input.feed = Feed::kCarry;
    input.size = to_size(inputs[i].shape.inner());
    for (const auto& [name, feed] : kFeeds) {
      if (inputs[i].name == name) input.feed = feed;
    }
    if (input.feed == Feed::kCarry && moving()) continue;
    for (const BundleTensor& carry : bundle_->info.carry) {
      if (input.feed != Feed::kCarry || carry.name == inputs[i].name) break;
      input.place += to_size(carry.shape.inner());
    }
    if (input.feed == Feed::kTicks) {
      input.integers = workspace_.int_input(i);
    } else {
      input.floats = workspace_.float_input(i);
    }
    reads_before_ = reads_before_ || input.feed == Feed::kBefore;
    inputs_.push_back(input);
  }
}

void Campaigns::plan_outputs() {
  const std::vector<BundleTensor>& outputs = bundle_->info.outputs;
  const auto index_of_output = [&](const std::string& name) {
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const auto& one) { return one.name == name; });
    return static_cast<size_t>(found - outputs.begin());  // read_bundle_info() has seen it
  };
  coefficients_output_ = index_of_output("coefficients");
  if (moving()) return;
  size_t place = 0;
  for (const BundleTensor& carry : bundle_->info.carry) {
    const size_t size = to_size(carry.shape.inner());
    carry_outputs_.push_back({index_of_output(carry.name), size, place});
    place += size;
  }
}

// --- Slots -----------------------------------------------------------------------------------------------------------

uint64_t Campaigns::id_of(const Slot& slot) const {
  return uint64_t{slot.generation} << 32 | static_cast<uint64_t>(&slot - slots_.data());
}

Campaigns::Slot& Campaigns::slot_of(uint64_t id) {
  const uint64_t place = low_word(id);
  if (place < slots_.size()) {
    Slot& slot = slots_[place];
    if (slot.is_open && slot.generation == static_cast<uint32_t>(id >> 32)) return slot;
  }
  throw Refused(GENBID_ORDER, campaign_text(id) + ": found none of this id, expected one that is open in this session");
}

Campaigns::Slot& Campaigns::free_slot() {
  if (!free_.empty()) return slots_[free_.back()];
  throw Refused(GENBID_FULL, "session: found no room for another campaign, expected at most " +
                                 std::to_string(slots_.size()) + " at once");
}

std::span<float> Campaigns::numbers_of(const Slot& slot) {
  return std::span<float>(numbers_).subspan(to_size(&slot - slots_.data()) * layout_.size, layout_.size);
}

std::span<float> Campaigns::carry_of(const Slot& slot, bool next) {
  const size_t which = next ? 1U - slot.carry_now : slot.carry_now;
  return numbers_of(slot).subspan(layout_.carry + which * layout_.carry_size, layout_.carry_size);
}

float* Campaigns::window_of(const Slot& slot, size_t carry, int64_t moves) {
  const graph::MovingCarry& how = bundle_->program->moving_carries()[carry];
  return numbers_of(slot).data() + layout_.buffers[carry] + moves * how.step * how.inner;
}

// A carry as the graph has it, without the room around a window that moves.
std::vector<float> Campaigns::saved_carry(const Slot& slot, bool next) {
  if (!moving()) {
    const std::span<float> carry = carry_of(slot, next);
    return {carry.begin(), carry.end()};
  }
  std::vector<float> numbers;
  for (size_t i = 0; i < layout_.buffers.size(); ++i) {
    // What lies behind a window that nobody has asked for is of no meaning.
    const float* const window = window_of(slot, i, int64_t{slot.moves} + (next && slot.has_acted ? 1 : 0));
    graph::append_window(bundle_->program->moving_carries()[i], window, numbers);
  }
  return numbers;
}

void Campaigns::restore_carry(const Slot& slot, std::span<const float> now, std::span<const float> next) {
  if (!moving()) {
    std::ranges::copy(now, carry_of(slot, false).begin());
    std::ranges::copy(next, carry_of(slot, true).begin());
    return;
  }
  for (size_t i = 0; i < layout_.buffers.size(); ++i) {
    const graph::MovingCarry& how = bundle_->program->moving_carries()[i];
    float* to = window_of(slot, i, 0);
    const size_t places = to_size(how.places * how.inner);
    for (int64_t outer = 0; outer < how.outer; ++outer, to += how.capacity * how.inner) {
      std::ranges::copy(next.first(places), to + how.step * how.inner);
      std::ranges::copy(now.first(places), to);
      now = now.subspan(places);
      next = next.subspan(places);
    }
  }
}

void Campaigns::name_once(Slot& slot, uint64_t id) const {
  if (slot.call == call_) refuse(GENBID_INVALID, campaign_text(id), "twice in one call", "each once");
  slot.call = call_;
}

void Campaigns::fetch_head(std::span<const uint64_t> ids, size_t i) const {
  const size_t place = i + kFetchAhead < ids.size() ? low_word(ids[i + kFetchAhead]) : slots_.size();
  if (place < slots_.size()) __builtin_prefetch(&slots_[place], 1);
}

void Campaigns::fetch(std::span<const uint64_t> ids, size_t i) const {
  if (i + kFetchAhead >= ids.size()) return;
  const size_t place = low_word(ids[i + kFetchAhead]);
  prefetch_lines(&slots_[place], sizeof(Slot));
  prefetch_lines(&numbers_[place * layout_.size], layout_.size * sizeof(float));
}

void Campaigns::check_count(size_t count) const {
  if (count <= slots_.size()) return;
  refuse(GENBID_INVALID, "count", std::to_string(count),
         "at most the " + std::to_string(slots_.size()) + " campaigns that the session was opened for");
}

// --- Campaigns -------------------------------------------------------------------------------------------------------

void Campaigns::check(const genbid_campaign& campaign) const {
  const int64_t ticks = bundle_->info.ticks;
  const std::string where = "genbid_campaign: ";
  require_money(campaign.budget, "budget");
  require_money(campaign.cpa_limit, "cpa_limit");
  if (campaign.category < 0) refuse(GENBID_INVALID, where + "category", std::to_string(campaign.category), "0 or more");
  if (campaign.ticks != 0 && campaign.ticks != ticks) {
    refuse(GENBID_INVALID, where + "ticks", std::to_string(campaign.ticks),
           std::to_string(ticks) + ", as many as the days have that the policy was trained on");
  }
  if (campaign.noise_period < 0) {
    refuse(GENBID_INVALID, where + "noise_period", std::to_string(campaign.noise_period), "0 or more");
  }
  if (campaign.noise_seat < 0 || campaign.noise_seat > 65535) {
    refuse(GENBID_INVALID, where + "noise_seat", std::to_string(campaign.noise_seat), "0 to 65535");
  }
  require_reserved(campaign.reserved, "genbid_campaign");
  if (campaign.profile != nullptr || campaign.profile_size != 0) {
    refuse(GENBID_INVALID, where + "profile", "one of " + std::to_string(campaign.profile_size) + " numbers",
           "NULL and 0, since this policy reads none");
  }
  if (campaign.num_wishes > 0 && campaign.wishes == nullptr) {
    refuse(GENBID_INVALID, where + "wishes", "NULL", std::to_string(campaign.num_wishes) + " of them");
  }
}

OutcomeValues Campaigns::wishes_of(const genbid_campaign& campaign) const {
  OutcomeValues values{};  // what the policy does not read is 0
  std::vector<std::string> names;
  for (const BundleWish& wish : bundle_->info.wishes) {
    values[index_of(parse_outcome(wish.name))] = as_float(wish.usual);
    names.push_back(wish.name);
  }
  for (size_t i = 0; i < campaign.num_wishes; ++i) {
    const genbid_wish& wish = campaign.wishes[i];
    const std::string where = "genbid_campaign: wishes[" + std::to_string(i) + "]";
    if (wish.name == nullptr) refuse(GENBID_INVALID, where + ": name", "NULL", "a name");
    if (std::find(names.begin(), names.end(), wish.name) == names.end()) {
      refuse(GENBID_INVALID, where, "'" + shown(wish.name) + "'",
             names.empty() ? "none, since this policy reads none" : "one of " + listed(names));
    }
    if (!std::isfinite(as_float(wish.value))) {
      refuse(GENBID_INVALID, where + ": " + wish.name, number_text(wish.value), "a finite number");
    }
    values[index_of(parse_outcome(wish.name))] = as_float(wish.value);
  }
  return values;
}

// Nothing in it can fail, so it may be called once all is checked.
Campaigns::Slot& Campaigns::occupy(const genbid_campaign& campaign, const OutcomeValues& wishes) {
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  const uint32_t generation = slot.generation;
  slot = Slot{};
  slot.generation = generation;
  slot.is_open = true;
  slot.advertiser = {campaign.budget, campaign.cpa_limit, campaign.category};
  slot.noise_seed = campaign.noise_seed;
  slot.noise_period = campaign.noise_period;
  slot.noise_seat = campaign.noise_seat;
  slot.noise = DecisionNoise(static_cast<int64_t>(campaign.noise_seed));
  slot.wishes = wishes;
  std::ranges::fill(numbers_of(slot), 0.0F);
  return slot;
}

uint64_t Campaigns::open(const genbid_campaign& campaign) {
  check(campaign);
  const OutcomeValues wishes = wishes_of(campaign);
  static_cast<void>(free_slot());
  return id_of(occupy(campaign, wishes));
}

void Campaigns::close(uint64_t id) {
  Slot& slot = slot_of(id);
  slot.is_open = false;
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(static_cast<uint32_t>(&slot - slots_.data()));
}

// --- Before a tick ---------------------------------------------------------------------------------------------------

void Campaigns::check_start(const Slot& slot, uint64_t id, const genbid_tick_start& start) const {
  const int next = slot.history.num_ticks();
  const int64_t ticks = bundle_->info.ticks;
  if (next >= ticks) {
    refuse(GENBID_ORDER, campaign_text(id), "its day of " + std::to_string(ticks) + " ticks at its end",
           "no more calls for it");
  }
  if (start.tick != next) {
    refuse(GENBID_ORDER, campaign_text(id) + ": tick", std::to_string(start.tick), std::to_string(next));
  }
  if (start.reserved != 0) require_reserved(start.reserved, campaign_text(id));
  require_count(start.num_impressions, "num_impressions", id);
  require_number(start.mean_pvalue, "mean_pvalue", id, 1.0);
  if (start.remaining_budget != GENBID_FROM_COSTS) require_number(start.remaining_budget, "remaining_budget", id);
}

// Writes what the policy sees of the tick behind the campaign's past ones.
void Campaigns::see(Slot& slot, uint64_t id, const genbid_tick_start& start) {
  const int tick = slot.history.num_ticks();
  const size_t place = std::min(to_size(tick), layout_.window - 1);
  slot.start = {tick, start.num_impressions, start.mean_pvalue, start.remaining_budget};
  if (start.remaining_budget == GENBID_FROM_COSTS) {
    slot.start.remaining_budget = std::max(0.0, slot.advertiser.budget - slot.history.cost());
  }
  SeatView seat;
  seat.advertiser = &slot.advertiser;
  seat.history = &slot.history;
  seat.now = slot.start;
  seat.num_ticks = to_int(bundle_->info.ticks);
  const std::span<float> numbers = numbers_of(slot);
  const std::span<float> state = numbers.subspan(place * layout_.num_features, layout_.num_features);
  std::span<float> before;
  if (reads_before_) before = numbers.subspan(layout_.before + place * to_size(kNumOutcomes), to_size(kNumOutcomes));
  see_tick(bundle_->info.observation, seat, scratch_, {state, before, numbers.subspan(layout_.constraint, 2)});
  for (size_t i = 0; i < state.size(); ++i) require_seen(state[i], id, bundle_->info.features[i].name);
  for (size_t i = 0; i < before.size(); ++i) require_seen(before[i], id, outcome_names()[i]);
}

void Campaigns::write_row(size_t row, const Slot& slot) {
  for (size_t i = 0; i < layout_.buffers.size(); ++i) {
    workspace_.set_carry(i, to_signed(row), window_of(slot, i, slot.moves));
  }
  const std::span<const float> numbers = numbers_of(slot);
  const size_t tick = to_size(slot.history.num_ticks());
  const size_t known = std::min(tick + 1, layout_.window);
  for (const Input& input : inputs_) {
    if (input.feed == Feed::kTicks) {
      const std::span<int64_t> to = input.integers.subspan(row * input.size, input.size);
      for (size_t i = 0; i < to.size(); ++i) to[i] = i < known ? to_signed(tick + 1 - known + i) : 0;
      continue;
    }
    const std::span<float> to = input.floats.subspan(row * input.size, input.size);
    const auto copy = [&](std::span<const float> from) { std::copy_n(from.begin(), to.size(), to.begin()); };
    switch (input.feed) {
      case Feed::kStates:
        copy(numbers);
        break;
      case Feed::kActions:
        copy(numbers.subspan(layout_.actions));
        break;
      case Feed::kBefore:
        copy(numbers.subspan(layout_.before));
        break;
      case Feed::kMask:
        for (size_t i = 0; i < to.size(); ++i) to[i] = i < known ? 1.0F : 0.0F;
        break;
      case Feed::kConstraint:
        copy(numbers.subspan(layout_.constraint));
        break;
      case Feed::kWishes:
        copy(slot.wishes);
        break;
      case Feed::kNoise:
        slot.noise.numbers(slot.noise_period, slot.noise_seat, to_signed(tick), to);
        break;
      case Feed::kCarry:
        copy(carry_of(slot, false).subspan(input.place));
        break;
      case Feed::kTicks:
        break;
    }
  }
}

void Campaigns::act_block(std::span<const uint64_t> ids, const genbid_tick_start* starts, size_t first,
                          double* coefficients) {
  for (size_t row = 0; row < ids.size(); ++row) {
    fetch(ids, row);
    Slot& slot = slots_[low_word(ids[row])];
    see(slot, ids[row], tick_start_at(starts, first + row));
    write_row(row, slot);
  }
  workspace_.run(std::ssize(ids));
  const std::span<const float> said = workspace_.output(coefficients_output_);
  for (size_t i = 0; i < ids.size() * num_coefficients_; ++i) {
    if (!std::isfinite(said[i])) {
      refuse(GENBID_INTERNAL, campaign_text(ids[i / num_coefficients_]) + ": coefficient",
             number_text(as_double(said[i])), "a finite number from the network");
    }
    coefficients[i] = as_double(said[i]);
  }
  for (const uint64_t id : ids) slots_[low_word(id)].has_acted = true;
  for (const CarryOutput& output : carry_outputs_) {
    const std::span<const float> from = workspace_.output(output.index);
    for (size_t row = 0; row < ids.size(); ++row) {
      const std::span<float> to = carry_of(slots_[low_word(ids[row])], true);
      std::copy_n(from.begin() + to_signed(row * output.size), output.size, to.begin() + to_signed(output.place));
    }
  }
}

void Campaigns::act(size_t count, const uint64_t* ids, const genbid_tick_start* starts, double* coefficients,
                    size_t room) {
  check_count(count);
  if (room < count * num_coefficients_) {
    refuse(GENBID_INVALID, "room", std::to_string(room),
           "at least " + std::to_string(count * num_coefficients_) + ", " + std::to_string(num_coefficients_) +
               " for each campaign");
  }
  const std::span<const uint64_t> all(ids, count);
  ++call_;
  for (size_t i = 0; i < count; ++i) {
    fetch_head(all, i);
    Slot& slot = slot_of(ids[i]);
    name_once(slot, ids[i]);
    check_start(slot, ids[i], tick_start_at(starts, i));
  }
  try {
    for (size_t first = 0; first < count; first += kBlockRows) {
      const size_t size = std::min(count - first, to_size(kBlockRows));
      act_block(all.subspan(first, size), starts, first, coefficients + first * num_coefficients_);
    }
  } catch (...) {
    // None of them has been asked: some were for this call, some for an earlier one, and nobody could tell which.
    for (const uint64_t id : all) slots_[low_word(id)].has_acted = false;
    throw;
  }
}

// --- After a tick ----------------------------------------------------------------------------------------------------

void Campaigns::check_outcome(const Slot& slot, uint64_t id, const genbid_tick_outcome& outcome) const {
  const int next = slot.history.num_ticks();
  if (!slot.has_acted) {
    refuse(GENBID_ORDER, campaign_text(id), "genbid_push() for tick " + std::to_string(outcome.tick),
           "genbid_act() for tick " + std::to_string(next) + " before it");
  }
  if (outcome.tick != next) {
    refuse(GENBID_ORDER, campaign_text(id) + ": tick", std::to_string(outcome.tick), std::to_string(next));
  }
  if (outcome.reserved != 0) require_reserved(outcome.reserved, campaign_text(id));
  require_number(outcome.sum_pvalue, "sum_pvalue", id);
  require_number(outcome.sum_bid, "sum_bid", id);
  require_number(outcome.mean_least_winning_cost, "mean_least_winning_cost", id);
  require_count(outcome.num_wins, "num_wins", id);
  require_count(outcome.num_exposed, "num_exposed", id);
  require_count(outcome.num_conversions, "num_conversions", id);
  require_number(outcome.sum_pvalue_exposed, "sum_pvalue_exposed", id);
  require_number(outcome.cost, "cost", id);
  if (outcome.num_exposed > outcome.num_wins) {
    refuse(GENBID_INVALID, campaign_text(id) + ": num_exposed", std::to_string(outcome.num_exposed),
           "at most num_wins, " + std::to_string(outcome.num_wins));
  }
  const double alpha = outcome.sum_pvalue > 0.0 ? outcome.sum_bid / outcome.sum_pvalue : 0.0;
  if (!std::isfinite(as_float(alpha))) {
    refuse(GENBID_INVALID, campaign_text(id) + ": sum_bid / sum_pvalue", number_text(alpha),
           "what a 32-bit float can hold");
  }
}

void Campaigns::take_in(Slot& slot, const genbid_tick_outcome& given) {
  TickOutcome outcome;
  outcome.sum_pvalue = given.sum_pvalue;
  outcome.sum_bid = given.sum_bid;
  outcome.mean_least_winning_cost = given.mean_least_winning_cost;
  outcome.num_wins = given.num_wins;
  outcome.num_exposed = given.num_exposed;
  outcome.num_conversions = given.num_conversions;
  outcome.sum_pvalue_exposed = given.sum_pvalue_exposed;
  outcome.cost = given.cost;

  const size_t tick = to_size(slot.history.num_ticks());
  const std::span<float> numbers = numbers_of(slot);
  numbers[layout_.actions + std::min(tick, layout_.window - 1)] = as_float(effective_alpha(outcome));
  if (tick + 1 >= layout_.window) {  // the next tick needs a place
    const auto shift = [&](size_t first, size_t size) {
      const std::span<float> part = numbers.subspan(first, layout_.window * size);
      std::copy(part.begin() + to_signed(size), part.end(), part.begin());
      std::fill(part.end() - to_signed(size), part.end(), 0.0F);
    };
    shift(0, layout_.num_features);
    shift(layout_.actions, 1);
    shift(layout_.before, to_size(kNumOutcomes));
  }
  slot.history.append(tick_means(slot.start, outcome), outcome.cost, outcome.sum_pvalue_exposed,
                      as_double(outcome.num_conversions));
  slot.carry_now = static_cast<uint8_t>(1U - slot.carry_now);
  if (moving() && int64_t{++slot.moves} > most_moves_) {
    for (size_t i = 0; i < layout_.buffers.size(); ++i) {
      const graph::MovingCarry& carry = bundle_->program->moving_carries()[i];
      graph::bring_back(carry, window_of(slot, i, 0), slot.moves * carry.step);
    }
    slot.moves = 0;
  }
  slot.has_acted = false;
}

void Campaigns::push(size_t count, const uint64_t* ids, const genbid_tick_outcome* outcomes) {
  check_count(count);
  const std::span<const uint64_t> all(ids, count);
  ++call_;
  for (size_t i = 0; i < count; ++i) {
    fetch_head(all, i);
    Slot& slot = slot_of(ids[i]);
    name_once(slot, ids[i]);
    check_outcome(slot, ids[i], tick_outcome_at(outcomes, i));
  }
  for (size_t i = 0; i < count; ++i) {
    fetch(all, i);
    take_in(slots_[low_word(ids[i])], tick_outcome_at(outcomes, i));
  }
}

}  // namespace genbid::serve
