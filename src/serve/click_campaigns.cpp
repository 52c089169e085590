#include "serve/click_campaigns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/convert.h"
#include "base/memory.h"
#include "campaigns/agent_moves.h"
#include "serve/caller_structs.h"
#include "serve/refused.h"

namespace genbid::serve {
namespace {

using campaigns::SlotProfile;

constexpr double kMost = 1e15;

// `where` is asked for only when it is needed: a text takes memory.
template <typename Where>
void require_range(double value, const Where& where, double low, double high) {
  if (value >= low && value <= high) return;
  refuse(GENBID_INVALID, where(), number_text(value), "a number from " + number_text(low) + " to " + number_text(high));
}

// Money whose 32-bit float is a number above 0.
void require_money(double value, const char* what) {
  const float narrow = as_float(value);
  if (std::isfinite(narrow) && narrow > 0.0F) return;
  refuse(GENBID_INVALID, std::string("genbid_click_campaign: ") + what, number_text(value),
         "a finite number above 0, which a 32-bit float can hold");
}

template <typename Where>
SlotProfile profile_from(const double* numbers, const Where& where) {
  SlotProfile profile{};
  for (size_t i = 0; i < profile.size(); ++i) {
    require_range(
        numbers[i], [&] { return where() + "[" + std::to_string(i) + "]"; }, 0.0,
        as_double(std::numeric_limits<float>::max()));
    profile[i] = as_float(numbers[i]);
  }
  return profile;
}

int64_t checked_rows(const ClickBundle& bundle, int64_t max_campaigns) {
  constexpr int64_t kMostCampaigns = std::numeric_limits<uint32_t>::max() - 1;
  if (max_campaigns < 1 || max_campaigns > kMostCampaigns) {
    refuse(GENBID_INVALID, "max_campaigns", std::to_string(max_campaigns), "1 to " + std::to_string(kMostCampaigns));
  }
  const int64_t rows = std::min(ClickCampaigns::kBlockRows, max_campaigns);
  double needed = as_double(max_campaigns) * as_double(ClickCampaigns::bytes_of_campaign(bundle));
  for (const auto& agent : bundle.agents) needed += as_double(graph::Workspace::bytes_for(*agent, rows));
  if (bundle.profile) needed += as_double(graph::Workspace::bytes_for(*bundle.profile, rows));
  const double available = available_memory();
  if (needed > available) {
    throw Refused(GENBID_MEMORY, "session: found room for " + gigabytes(available) + ", expected " + gigabytes(needed) +
                                     " for " + std::to_string(max_campaigns) + " campaigns");
  }
  return rows;
}

// Agents that read nothing of a campaign do not measure its spending by its usual traffic.
size_t traffic_size(const ClickBundleInfo& info) { return info.read == ClickRead::kNothing ? 0 : to_size(info.slots); }

size_t row_size(const ClickBundle& bundle) {
  return 2 * to_size(bundle.info.read_size) + traffic_size(bundle.info) +
         2 * to_size(carry_size(bundle.agents.front()->graph()));
}

}  // namespace

ClickCampaigns::Network::Network(const std::shared_ptr<const graph::Program>& program, int64_t rows)
    : workspace(program, rows) {
  const graph::Graph& graph = program->graph();
  size_t place = 0;
  for (size_t output = 0; output < graph.outputs().size(); ++output) {
    const graph::Named& named = graph.outputs()[output];
    if (!named.name.starts_with("carry.")) {
      bid = output;
      continue;
    }
    const auto input = std::find_if(graph.inputs().begin(), graph.inputs().end(),
                                    [&](const graph::Named& one) { return one.name == named.name; });
    const size_t size = to_size(graph.value(named.value).shape.inner());
    carried.push_back({static_cast<size_t>(input - graph.inputs().begin()), output, place, size});
    place += size;
  }
}

std::span<float> ClickCampaigns::Network::row(const char* name, size_t row, size_t size) {
  const std::vector<graph::Named>& inputs = workspace.program().graph().inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].name == name) return workspace.float_input(i).subspan(row * size, size);
  }
  return {};
}

int64_t ClickCampaigns::bytes_of_campaign(const ClickBundle& bundle) {
  // Beside its slot and its numbers: its entry in Places, and its place in the order of a call.
  return to_signed(sizeof(Slot) + row_size(bundle) * sizeof(float) + 2 * sizeof(uint64_t) + sizeof(uint32_t) +
                   sizeof(size_t));
}

ClickCampaigns::ClickCampaigns(std::shared_ptr<const ClickBundle> bundle, int64_t max_campaigns)
    : bundle_(std::move(bundle)),
      read_size_(to_size(bundle_->info.read_size)),
      carry_size_(to_size(carry_size(bundle_->agents.front()->graph()))),
      row_size_(row_size(*bundle_)),
      rows_(checked_rows(*bundle_, max_campaigns)),
      places_(to_size(max_campaigns)),
      slots_(to_size(max_campaigns)),
      numbers_(slots_.size() * row_size_, 0.0F) {
  for (const auto& agent : bundle_->agents) agents_.emplace_back(agent, rows_);
  if (bundle_->profile) profile_.emplace_back(bundle_->profile, rows_);
  order_.reserve(slots_.size());
  block_slots_.reserve(to_size(kBlockRows));
}

std::span<float> ClickCampaigns::read_of(size_t place, bool next) {
  const size_t which = next ? 1U - slots_[place].now : slots_[place].now;
  return std::span<float>(numbers_).subspan(place * row_size_ + which * read_size_, read_size_);
}

std::span<float> ClickCampaigns::traffic_of(size_t place) {
  return std::span<float>(numbers_).subspan(place * row_size_ + 2 * read_size_, traffic_size(bundle_->info));
}

std::span<float> ClickCampaigns::carry_of(size_t place, bool next) {
  const size_t which = next ? 1U - slots_[place].now : slots_[place].now;
  const size_t begin = 2 * read_size_ + traffic_size(bundle_->info) + which * carry_size_;
  return std::span<float>(numbers_).subspan(place * row_size_ + begin, carry_size_);
}

// --- Campaigns -------------------------------------------------------------------------------------------------------

void ClickCampaigns::check(const genbid_click_campaign& campaign) const {
  const std::string where = "genbid_click_campaign: ";
  const ClickBundleInfo& info = bundle_->info;
  require_money(campaign.budget, "budget");
  require_money(campaign.ppc, "ppc");
  for (const auto& [what, value] : {std::pair("campaign", campaign.campaign), std::pair("day", campaign.day)}) {
    if (value < 0) refuse(GENBID_INVALID, where + what, std::to_string(value), "0 or more");
  }
  if (campaign.agent < -1 || campaign.agent >= info.num_agents) {
    refuse(GENBID_INVALID, where + "agent", std::to_string(campaign.agent),
           "-1 or one below " + std::to_string(info.num_agents));
  }
  if (campaign.reserved != 0) refuse(GENBID_INVALID, where + "reserved", std::to_string(campaign.reserved), "0");
  const size_t numbers = to_size(info.slots * campaigns::kSlotProfileSize);
  const bool known = campaign.yesterday != nullptr;
  if (campaign.yesterday_size != (known ? numbers : 0)) {
    refuse(GENBID_INVALID, where + "yesterday_size", std::to_string(campaign.yesterday_size),
           known ? std::to_string(numbers) + ", 8 numbers of each of " + std::to_string(info.slots) + " slots"
                 : "0 beside NULL");
  }
  require_range(
      campaign.yesterday_bid.alpha, [&] { return where + "yesterday_bid.alpha"; }, 0.0,
      std::numeric_limits<double>::max());
  require_range(
      campaign.yesterday_bid.beta, [&] { return where + "yesterday_bid.beta"; }, 0.0, 1.0);
}

void ClickCampaigns::require_room() const {
  if (!places_.is_full()) return;
  refuse(GENBID_FULL, "session", "no room for another campaign",
         "at most " + std::to_string(places_.count()) + " at once");
}

uint64_t ClickCampaigns::open(const genbid_click_campaign& campaign) {
  check(campaign);
  const ClickBundleInfo& info = bundle_->info;
  std::vector<SlotProfile> yesterday;
  for (size_t i = 0; i < campaign.yesterday_size; i += to_size(campaigns::kSlotProfileSize)) {
    yesterday.push_back(
        profile_from(campaign.yesterday + i, [] { return std::string("genbid_click_campaign: yesterday"); }));
  }
  require_room();
  // Nothing below can fail but a network, and then the place stays free.
  const size_t place = places_.next();
  std::ranges::fill(std::span<float>(numbers_).subspan(place * row_size_, row_size_), 0.0F);
  Slot& slot = slots_[place];
  slot = Slot{};
  slot.limits = {campaign.budget, campaign.ppc};
  slot.campaign = campaign.campaign;
  slot.number_of_day = campaign.day;
  slot.agent = campaign.agent >= 0 ? campaign.agent : bundle_->agent(campaign.campaign);
  const campaigns::ClickBid middle{info.start_alpha, info.start_beta};
  const campaigns::ClickBid before{campaign.yesterday_bid.alpha, campaign.yesterday_bid.beta};
  slot.day.last = info.starts_with_yesterday ? campaigns::start_with(before, middle) : middle;
  slot.start_alpha = slot.day.last.alpha;
  if (info.read != ClickRead::kNothing) {
    std::ranges::fill(traffic_of(place), as_float(1.0 / as_double(info.slots)));
    if (!yesterday.empty()) std::ranges::copy(campaigns::traffic_shares(yesterday), traffic_of(place).begin());
  }
  if (info.read == ClickRead::kConditions && !yesterday.empty()) {
    std::ranges::copy(campaigns::tightness(yesterday, slot.limits), read_of(place, false).begin());
  }
  if (info.read == ClickRead::kProfile) read_yesterday(place, yesterday);
  return places_.open();
}

void ClickCampaigns::read_yesterday(size_t place, std::span<const SlotProfile> slots) {
  const bool known = !slots.empty();
  const SlotProfile none{};
  for (int64_t slot = 0; slot < bundle_->info.slots; ++slot) {
    const SlotProfile& one = known ? slots[to_size(slot)] : none;
    read_block(std::span(&place, 1), std::span(&one, 1), known);
    slots_[place].now = static_cast<uint8_t>(1U - slots_[place].now);
  }
}

void ClickCampaigns::close(uint64_t id) { places_.close(places_.of(id)); }

// --- Before a slot ---------------------------------------------------------------------------------------------------

void ClickCampaigns::ask_block(std::span<const size_t> places, Network& agent) {
  const ClickBundleInfo& info = bundle_->info;
  const size_t noise_size = to_size(info.noise_size);
  for (size_t row = 0; row < places.size(); ++row) {
    const size_t place = places[row];
    const Slot& slot = slots_[place];
    const campaigns::CampaignStatus status = campaigns::status_of(slot.day, slot.limits, traffic_of(place), info.slots);
    const auto put = [&](const char* name, std::span<const float> numbers) {
      const std::span<float> to = agent.row(name, row, numbers.size());
      if (!to.empty()) std::ranges::copy(numbers, to.begin());
    };
    put("status", status);
    const float start = as_float(slot.start_alpha);
    put("start", std::span(&start, 1));
    if (read_size_ > 0) put("read", read_of(place, false));
    const std::span<float> noise = noise_size > 0 ? agent.row("noise", row, noise_size) : std::span<float>();
    campaigns::move_noise(slot.campaign, slot.number_of_day, slot.day.slot, noise);
    for (const Network::Carried& one : agent.carried) {
      const auto from = carry_of(place, false).subspan(one.place, one.size);
      std::ranges::copy(from, agent.workspace.float_input(one.input).subspan(row * one.size).begin());
    }
  }
  agent.workspace.run(std::ssize(places));
  const std::span<const float> bids = agent.workspace.output(agent.bid);
  for (size_t row = 0; row < places.size(); ++row) {
    Slot& slot = slots_[places[row]];
    slot.asked = {as_double(bids[2 * row]), as_double(bids[2 * row + 1])};
    if (!std::isfinite(slot.asked.alpha) || !std::isfinite(slot.asked.beta)) {
      refuse(GENBID_INTERNAL, "campaign of the number " + std::to_string(slot.campaign),
             number_text(slot.asked.alpha) + ", " + number_text(slot.asked.beta), "finite numbers from the network");
    }
    slot.has_asked = true;
    for (const Network::Carried& one : agent.carried) {
      const auto from = agent.workspace.output(one.output).subspan(row * one.size, one.size);
      std::ranges::copy(from, carry_of(places[row], true).subspan(one.place).begin());
    }
  }
}

void ClickCampaigns::ask(size_t count, const uint64_t* ids, genbid_click_bid* bids, size_t room) {
  if (room < count) refuse(GENBID_INVALID, "room", std::to_string(room), "at least " + std::to_string(count));
  places_.new_call();
  order_.clear();
  for (size_t i = 0; i < count; ++i) {
    const size_t place = places_.of(ids[i]);
    places_.name_once(place, ids[i]);
    if (slots_[place].day.slot >= bundle_->info.slots) {
      refuse(GENBID_ORDER, campaign_text(ids[i]), "no slot left",
             "at most " + std::to_string(bundle_->info.slots) + " in a day");
    }
    order_.push_back(place);
  }
  std::sort(order_.begin(), order_.end(),
            [&](size_t a, size_t b) { return std::pair(slots_[a].agent, a) < std::pair(slots_[b].agent, b); });
  try {
    for (size_t begin = 0; begin < order_.size();) {
      const int32_t agent = slots_[order_[begin]].agent;
      size_t end = begin + 1;
      while (end < order_.size() && end - begin < to_size(kBlockRows) && slots_[order_[end]].agent == agent) ++end;
      ask_block(std::span<const size_t>(order_).subspan(begin, end - begin), at(agents_, agent));
      begin = end;
    }
  } catch (...) {
    for (const size_t place : order_) {
      slots_[place].has_asked = false;
      slots_[place].asked = {};
    }
    throw;
  }
  for (size_t i = 0; i < count; ++i) {
    const campaigns::ClickBid& asked = slots_[low_word(ids[i])].asked;
    bids[i] = {asked.alpha, asked.beta};
  }
}

// --- After a slot ----------------------------------------------------------------------------------------------------

void ClickCampaigns::check_outcome(size_t place, uint64_t id, const genbid_click_outcome& outcome) const {
  const Slot& slot = slots_[place];
  const auto where = [&](const char* what) { return [id, what] { return campaign_text(id) + ": " + what; }; };
  if (!slot.has_asked) {
    refuse(GENBID_ORDER, campaign_text(id), "genbid_click_push() for slot " + std::to_string(outcome.slot),
           "genbid_click_ask() for slot " + std::to_string(slot.day.slot) + " before it");
  }
  if (outcome.slot != slot.day.slot) {
    refuse(GENBID_ORDER, where("slot")(), std::to_string(outcome.slot), std::to_string(slot.day.slot));
  }
  if (outcome.reserved != 0) refuse(GENBID_INVALID, where("reserved")(), std::to_string(outcome.reserved), "0");
  require_range(outcome.cost, where("cost"), 0.0, kMost);
  require_range(outcome.clicks, where("clicks"), 0.0, kMost);
  if (bundle_->info.read == ClickRead::kProfile) {
    static_cast<void>(profile_from(outcome.profile, where("profile")));
  }
}

void ClickCampaigns::read_block(std::span<const size_t> places, std::span<const SlotProfile> slots, bool known) {
  Network& network = profile_.front();
  const auto put = [&](const char* name, size_t row, std::span<const float> numbers) {
    const std::span<float> to = network.row(name, row, numbers.size());
    if (!to.empty()) std::ranges::copy(numbers, to.begin());
  };
  for (size_t row = 0; row < places.size(); ++row) {
    const campaigns::ClickLimits& limits = slots_[places[row]].limits;
    put("slot", row, slots[row]);
    put("limits", row, std::array{as_float(limits.budget), as_float(limits.ppc)});
    put("known", row, std::array{known ? 1.0F : 0.0F});
    put("carry.0", row, read_of(places[row], false));
  }
  network.workspace.run(std::ssize(places));
  const std::span<const float> said = network.workspace.output(network.carried.front().output);
  for (size_t row = 0; row < places.size(); ++row) {
    const std::span<const float> numbers = said.subspan(row * read_size_, read_size_);
    if (!std::ranges::all_of(numbers, [](float number) { return std::isfinite(number); })) {
      refuse(GENBID_INTERNAL, "campaign of the number " + std::to_string(slots_[places[row]].campaign),
             "a profile that is not finite", "finite numbers from the network");
    }
    std::ranges::copy(numbers, read_of(places[row], true).begin());
  }
}

void ClickCampaigns::push(size_t count, const uint64_t* ids, const genbid_click_outcome* outcomes) {
  places_.new_call();
  order_.clear();
  for (size_t i = 0; i < count; ++i) {
    const size_t place = places_.of(ids[i]);
    places_.name_once(place, ids[i]);
    check_outcome(place, ids[i], click_outcome_at(outcomes, i));
    order_.push_back(place);
  }
  // The network may fail, so all is read before anything moves on.
  for (size_t begin = 0; !profile_.empty() && begin < count; begin += to_size(kBlockRows)) {
    const size_t end = std::min(count, begin + to_size(kBlockRows));
    block_slots_.clear();
    for (size_t i = begin; i < end; ++i) {
      block_slots_.push_back(profile_from(click_outcome_at(outcomes, i).profile, [] { return std::string(); }));
    }
    read_block(std::span<const size_t>(order_).subspan(begin, end - begin), block_slots_, /*known=*/true);
  }
  for (size_t i = 0; i < count; ++i) {
    const genbid_click_outcome outcome = click_outcome_at(outcomes, i);
    Slot& slot = slots_[order_[i]];
    slot.day.of_last_slot = {0.0, outcome.cost, outcome.clicks, 0};
    slot.day.sums += slot.day.of_last_slot;
    slot.day.last = slot.asked;
    ++slot.day.slot;
    slot.has_asked = false;
    if (profile_.empty()) std::ranges::copy(read_of(order_[i], false), read_of(order_[i], true).begin());
    slot.now = static_cast<uint8_t>(1U - slot.now);
  }
}

}  // namespace genbid::serve
