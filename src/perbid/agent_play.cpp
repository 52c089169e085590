#include "perbid/agent_play.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "base/convert.h"
#include "base/random/random.h"
#include "base/stop_signal.h"
#include "campaigns/agent_moves.h"
#include "campaigns/click_optimum.h"
#include "campaigns/click_play.h"
#include "campaigns/episode.h"
#include "campaigns/slot_profile.h"

namespace genbid::perbid {
namespace {

using campaigns::ClickBid;
using campaigns::ClickDay;
using campaigns::Episode;

constexpr int64_t kGrain = 1;

// The days that are played, each made once, however many agents play it.
struct Days {
  std::vector<ClickDay> days;
  std::vector<int64_t> day_of_play;

  Days(const Field& field, const at::Tensor& rows_MB, Threads& threads) {
    const auto* const rows = rows_MB.data_ptr<int64_t>();
    std::unordered_map<int64_t, int64_t> places;
    std::vector<int64_t> wanted;
    for (int64_t i = 0; i < rows_MB.numel(); ++i) {
      const auto [found, is_new] = places.emplace(rows[i], std::ssize(wanted));
      if (is_new) wanted.push_back(rows[i]);
      day_of_play.push_back(found->second);
    }
    days.resize(wanted.size());
    threads.parallel_for(std::ssize(wanted), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const DayPlace& place = at(field.days.places, at(wanted, i));
        at(days, i) = field.samples.day(place.sample, place.back);
      }
    });
  }
};

// The bids that plays begin with.
std::vector<ClickBid> starts(const CampaignAgents& agents, const PreparedDays& days, const at::Tensor& rows_MB,
                             const Exploration* exploration) {
  const auto* const rows = rows_MB.const_data_ptr<int64_t>();
  const int64_t count = rows_MB.numel();
  std::vector<ClickBid> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(agents.start_of(days, rows[i]));
  if (exploration == nullptr) return all;
  const at::Tensor drawn = at::rand({count, 2}, exploration->generator);
  const at::Tensor alphas = at::randn({count}, exploration->generator);
  for (int64_t i = 0; i < count; ++i) {
    if (drawn[i][0].item<double>() >= exploration->random_start) continue;
    at(all, i).alpha *= std::exp(alphas[i].item<double>());
    if (exploration->draws_beta) at(all, i).beta = drawn[i][1].item<double>();
  }
  return all;
}

// Normals that moves of a slot are made of. Without exploration they are a function of the day and the slot, whoever
// plays it and among which others.
at::Tensor noise_MBZ(const CampaignAgents& agents, const Field& field, const at::Tensor& rows_MB, int64_t slot,
                     const Exploration* exploration) {
  const int64_t size = agents.draws_a_move();
  if (size == 0) return {};
  const std::array<int64_t, 3> sizes{rows_MB.size(0), rows_MB.size(1), size};
  if (exploration != nullptr) return at::randn(sizes, exploration->generator);
  at::Tensor noise = at::empty(sizes);
  auto* to = noise.data_ptr<float>();
  const auto* const rows = rows_MB.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < rows_MB.numel(); ++i) {
    const DayPlace& place = at(field.days.places, rows[i]);
    const campaigns::Sample& sample = at(field.samples.all(), place.sample);
    campaigns::move_noise(sample.campaign, sample.day - place.back, slot, {to + i * size, to_size(size)});
  }
  return noise;
}

// Limits and optimum of each play: those of the day, or relabelled ones.
struct Terms {
  std::vector<campaigns::ClickLimits> limits;
  std::vector<double> optimum;
  at::Tensor shift_MB2;  // of conditions that agents read; undefined where nothing is relabelled

  Terms(const Field& field, const at::Tensor& rows_MB, const Days& days, const Exploration* exploration,
        Threads& threads) {
    const auto* const rows = rows_MB.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < rows_MB.numel(); ++i) {
      limits.push_back(at(field.days.limits, rows[i]));
      optimum.push_back(at(field.days.optima, rows[i]).value);
    }
    if (exploration == nullptr) return;
    const double reach = exploration->relabel;
    shift_MB2 = at::zeros({rows_MB.size(0), rows_MB.size(1), 2});
    if (reach == 0.0) return;
    shift_MB2 = (at::rand(shift_MB2.sizes(), exploration->generator) * 2.0 - 1.0) * reach;
    const auto* const shift = shift_MB2.const_data_ptr<float>();
    threads.parallel_for(rows_MB.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        at(limits, i).budget *= std::exp(as_double(shift[2 * i]));
        at(limits, i).ppc *= std::exp(as_double(shift[2 * i + 1]));
        at(optimum, i) = campaigns::click_optimum(at(days.days, at(days.day_of_play, i)), at(limits, i)).value;
      }
    });
    // Of days without one before them agents read 0, whatever their limits.
    shift_MB2.mul_(field.days.known_N.index_select(0, rows_MB.flatten()).view_as(rows_MB).unsqueeze(2));
  }
};

}  // namespace

at::Generator drawn_by(int64_t seed, const char* purpose, int64_t index) {
  return at::detail::createCPUGenerator(
      derive_seed(static_cast<uint64_t>(seed), purpose, static_cast<uint64_t>(index)));
}

at::Tensor conditions_NT2(const PreparedDays& days) {
  const at::Tensor conditions_N2 = at::zeros({days.count(), 2});
  const int64_t slots = days.before_NTP.size(1);
  const auto* const before = days.before_NTP.const_data_ptr<float>();
  std::vector<campaigns::SlotProfile> day(to_size(slots));
  for (int64_t i = 0; i < days.count(); ++i) {
    if (!days.known(i)) continue;
    const auto* from = before + i * slots * campaigns::kSlotProfileSize;
    for (campaigns::SlotProfile& slot : day) {
      std::copy_n(from, slot.size(), slot.begin());
      from += slot.size();
    }
    const std::array<float, 2> tight = campaigns::tightness(day, at(days.limits, i));
    std::copy(tight.begin(), tight.end(), conditions_N2.data_ptr<float>() + 2 * i);
  }
  return conditions_N2.unsqueeze(1).expand({-1, slots, -1});
}

Played play_days(CampaignAgents& agents, const Field& field, const at::Tensor& rows_MB, Threads& threads,
                 const Exploration* exploration) {
  const torch::NoGradGuard no_grad;
  const int64_t count = rows_MB.numel();
  const int64_t slots = field.samples.num_slots();
  const auto* const rows = rows_MB.data_ptr<int64_t>();
  const Days days(field, rows_MB, threads);
  const std::vector<ClickBid> first = starts(agents, field.days, rows_MB, exploration);
  const Terms terms(field, rows_MB, days, exploration, threads);
  std::vector<Episode> episodes;
  for (int64_t i = 0; i < count; ++i) {
    const bool known = field.profiles_NTH.defined();
    const auto* const shares = field.days.shares_NT.data_ptr<float>() + rows[i] * slots;
    episodes.emplace_back(at(days.days, at(days.day_of_play, i)), at(terms.limits, i), at(first, i),
                          known ? std::span(shares, to_size(slots)) : std::span<const float>());
  }
  const auto res_of = [&](const campaigns::ClickSums& sums, int64_t i) {
    return campaigns::res(sums, at(terms.optimum, i), at(terms.limits, i).ppc);
  };

  Played played;
  Met met;
  if (exploration != nullptr) {
    met.status_TMBS = at::empty({slots, rows_MB.size(0), rows_MB.size(1), campaigns::kStatusSize});
    met.moves_TMB2 = at::empty({slots, rows_MB.size(0), rows_MB.size(1), 2});
    met.gain_TMB = at::empty({slots, rows_MB.size(0), rows_MB.size(1)});
  }
  std::vector<at::Tensor> memory = agents.first_memory(count);
  AgentStates states;
  states.memory = &memory;
  states.start_MB = at::empty(rows_MB.sizes());
  for (int64_t i = 0; i < count; ++i) {
    states.start_MB.data_ptr<float>()[i] = as_float(agents.start_of(field.days, rows[i]).alpha);
  }
  for (int64_t slot = 0; slot < slots; ++slot) {
    states.status_MBS = at::empty({rows_MB.size(0), rows_MB.size(1), campaigns::kStatusSize});
    auto* to = states.status_MBS.data_ptr<float>();
    for (const Episode& episode : episodes) {
      const campaigns::CampaignStatus status = episode.status();
      to = std::copy(status.begin(), status.end(), to);
    }
    if (field.profiles_NTH.defined()) {
      states.profile_MBH = field.profiles_NTH.select(1, slot)
                               .index_select(0, rows_MB.flatten())
                               .view({rows_MB.size(0), rows_MB.size(1), -1});
      if (exploration != nullptr && exploration->relabel > 0.0)
        states.profile_MBH = states.profile_MBH + terms.shift_MB2;
    }
    states.noise_MBZ = noise_MBZ(agents, field, rows_MB, slot, exploration);
    at::Tensor moves_MB2 = agents.moves_MB2(states);
    if (exploration != nullptr) {
      moves_MB2 = agents.explored_MB2(states, moves_MB2, exploration->noise, exploration->generator);
      met.status_TMBS[slot].copy_(states.status_MBS);
      met.moves_TMB2[slot].copy_(moves_MB2);
    }
    const at::Tensor bids_MB2 = CampaignAgents::moved_MB2(states, moves_MB2).contiguous();
    const auto* const bids = bids_MB2.data_ptr<float>();
    float* const gains = exploration != nullptr ? met.gain_TMB.data_ptr<float>() + slot * count : nullptr;
    threads.parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const ClickBid bid{as_double(bids[2 * i]), as_double(bids[2 * i + 1])};
        Episode& episode = at(episodes, i);
        if (gains != nullptr) gains[i] = as_float(std::max(kWorstGain, res_of(episode.end_with(bid), i)));
        episode.play(bid);
      }
    });
  }
  played.res_MB = at::empty(rows_MB.sizes(), at::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    played.sums.push_back(at(episodes, i).sums());
    played.res_MB.data_ptr<double>()[i] = res_of(played.sums.back(), i);
  }
  met.shift_MB2 = terms.shift_MB2;
  if (exploration != nullptr) played.met = std::move(met);
  return played;
}

namespace {

// False where `goes_on` says so between pieces.
bool play_pieces(CampaignAgents& agents, const Field& field, Threads& threads, const std::function<bool()>& goes_on,
                 PlayedByAll& all) {
  constexpr int64_t kPiece = 128;
  const int64_t count = field.days.count();
  const int64_t num_agents = agents.num_agents();
  all.sums.resize(to_size(count * num_agents));
  all.res_NM = at::empty({count, num_agents}, at::kDouble);
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    if (!goes_on()) return false;
    const int64_t piece = std::min(kPiece, count - begin);
    const at::Tensor rows_MB = at::arange(begin, begin + piece, at::kLong).expand({num_agents, piece});
    const Played played = play_days(agents, field, rows_MB.contiguous(), threads);
    all.res_NM.slice(0, begin, begin + piece).copy_(played.res_MB.t());
    for (int64_t i = 0; i < piece; ++i) {
      for (int64_t m = 0; m < num_agents; ++m)
        at(all.sums, (begin + i) * num_agents + m) = at(played.sums, m * piece + i);
    }
  }
  return true;
}

}  // namespace

PlayedByAll play_all(CampaignAgents& agents, const Field& field, Threads& threads) {
  PlayedByAll all;
  play_pieces(
      agents, field, threads, [] { return true; }, all);
  return all;
}

std::optional<at::Tensor> res_unless_stopped_NM(CampaignAgents& agents, const Field& field, Threads& threads) {
  PlayedByAll all;
  const bool whole = play_pieces(
      agents, field, threads, [] { return !stop_signal::requested(); }, all);
  return whole ? std::optional(all.res_NM) : std::nullopt;
}

}  // namespace genbid::perbid
