#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "base/random/random.h"
#include "bidding/outcomes.h"
#include "policy/policy.h"
#include "softmarket/soft_day.h"
#include "softmarket/tapes.h"
#include "train/objective.h"
#include "train/ranks.h"

namespace genbid::train {

// Whose budget and CPA limit a day of a seat is played under: those of who sat there; or of any seat of any of the
// days, as nobody's own bids are in a seat's tape.
enum class Campaigns { kOwn, kAny };
const std::vector<std::string>& campaign_names();  // "own", "any"
Campaigns parse_campaigns(const std::string& name);

// A factor is drawn from low to high, its logarithm evenly.
struct FactorRange {
  double low = 1.0;
  double high = 1.0;

  double draw(uint32_t bits) const;
};

struct TapeDaysOptions {
  softmarket::DayOptions day;
  Campaigns campaigns = Campaigns::kAny;
  FactorRange budget_scale, cpa_scale;
  // What a day earns: the expected score, or the score of the expected conversions, as if it were these that come,
  // which flatters who rides on the CPA limit.
  bool score_of_expected = false;
  // What a day loses beside the score where it pays more than the limit for an expected conversion: this times its
  // budget / CPA limit, for each time that the limit is exceeded by itself. The score alone allows a day to pass the
  // limit where that pays; a policy that must not learns here how far to stay below. (A penalty for passing it at all,
  // whether by much or little, was worse: between 0.3 and 0.35 of par a policy jumps from a fifth of its days to none.)
  double cpa_penalty = 0.0;
  // What a day loses beside the score for the money that it pays: this times cost / CPA limit. A slot of a generalised
  // second-price auction costs what the next seat bid for it, which at that seat's alpha is the value that it does not
  // get: what is paid stands for what others lose (the externality that Vickrey, Clarke and Groves charge). The score
  // knows money only where it is short, so policies that play their copies and go by it alone drive each other's prices
  // up until it is.
  double cost_penalty = 0.0;
  // What each day is asked for: a number drawn evenly from a range for each of these outcomes. Who is to learn what
  // brings it must be taught so (train/taught_days.h); the score does not know of it.
  std::map<Outcome, RealInterval> asked;
};

// A day of a seat in the tapes.
struct TapeDay {
  int64_t period = 0;
  int64_t seat = 0;
  double budget = 0.0;     // money
  double cpa_limit = 0.0;  // money per conversion
};
std::vector<TapeDay> days_of(const data::TapeColumns& columns);

// What a policy learns from when it learns in the market: days of tapes, played whole, whose expected score it raises
// by its gradient (softmarket/soft_day.h). The loss is - the mean expected score / the mean of budget / CPA limit, so
// that a day counts by the conversions that are in it, as it does in the benchmark's mean.
class TapeDays : public Objective {
 public:
  // `days`: those of the tapes' M; `chosen`: places in them that are drawn. A step plays `batch_size` cells, in as many
  // `parts`. References must outlive it.
  TapeDays(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days, std::vector<int64_t> chosen,
           const TapeDaysOptions& options, int64_t batch_size, int64_t parts, int64_t seed);

  // What is asked of the policy on every day, from the next step on; at first nothing. What it asks for by itself is
  // known once it is fitted or loaded.
  void ask_for(Wishes wishes) { wishes_ = std::move(wishes); }

  int64_t draw(int64_t first, int64_t most) override;
  void gather(const at::Tensor& place_1) override;
  size_t num_parts() const override { return to_size(parts_); }
  at::Tensor weight(size_t part) const override { return weights_[part]; }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  bool is_of_all_groups() const override { return true; }
  c10::Device device() const override { return tapes_.device(); }
  std::optional<Kind> kind_of_step(int64_t /*step*/) const override { return Kind(); }

  // For normalisation constants: days of constant bids around the CPA limits, or such that bring what is asked, and
  // labels that are these.
  policy::TrainingColumns training_columns() const;

 protected:
  const softmarket::Tapes& tapes() const { return tapes_; }
  const TapeDaysOptions& options() const { return options_; }
  const Wishes& wishes() const { return wishes_; }
  double mean_par() const { return mean_par_; }        // of budget / CPA limit
  softmarket::Cells cells_of_part(size_t part) const;  // of the step
  int64_t cells_in(size_t part) const;
  // What days earn (TapeDaysOptions, score_of_expected), in conversions.
  at::Tensor earned_B(const softmarket::Cells& cells, const softmarket::Day& day) const;
  // How often days exceed the limit by itself, times their budget / CPA limit (TapeDaysOptions, cpa_penalty).
  at::Tensor excess_B(const softmarket::Cells& cells, const softmarket::Day& day) const;
  softmarket::Day played(policy::Policy& policy, const softmarket::Cells& cells, at::Generator& noise) const;
  // The constant alpha of the whole day that brings what cells ask for; not a number where that is not known.
  virtual at::Tensor asked_alpha_B1(const softmarket::Cells& cells) const;

 private:
  // What is drawn for one cell of a step.
  struct Drawn {
    int64_t day;
    float budget, cpa_limit;
    OutcomeValues asked;  // not a number: it is not
  };
  Drawn drawn(int64_t step, int64_t slot) const;

  const softmarket::Tapes& tapes_;
  const std::vector<TapeDay>& days_;
  std::vector<int64_t> chosen_;
  TapeDaysOptions options_;
  Wishes wishes_;
  int64_t batch_size_;
  int64_t parts_;
  RandomStream stream_;
  double mean_par_;
  at::Tensor ahead_day_KB_;  // i64, of K steps, made once
  at::Tensor ahead_constraint_KBC_;
  at::Tensor ahead_asked_KBO_;       // undefined: nothing is
  softmarket::Cells cells_;          // of the step
  std::vector<at::Tensor> weights_;  // by part
};

// Mean expected score by period of days of tapes under the campaigns of who sat there, without gradients and in
// evaluation mode. Empty if a stop was asked for. Ranks share the days out among them, and all get the whole.
std::map<int64_t, double> tape_scores(policy::Policy& policy, const softmarket::Tapes& tapes,
                                      const std::vector<TapeDay>& days, const std::vector<int64_t>& chosen,
                                      const softmarket::DayOptions& options, Ranks& ranks = one_rank());

}  // namespace genbid::train
