#include "play/exploration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/random/lanes.h"
#include "bidders/bidder_config.h"
#include "play/official_assets.h"

namespace genbid::play {
namespace {

constexpr RealInterval kUnchanged = {1.0, 1.0};

double draw(const RealInterval& range, uint32_t bits) {
  if (range.low == range.high) return range.low;
  const double low = std::log(range.low);
  const double value = std::exp(low + uniform_double(bits) * (std::log(range.high) - low));
  return std::clamp(value, range.low, range.high);
}

// Plays the bidders of the population or of the list, each in the seats that it was drawn for, and puts noise on their
// bids.
class ExploringBidder : public Bidder {
 public:
  ExploringBidder(const ExploreConfig& config, const Exploration& exploration,
                  std::vector<std::unique_ptr<Bidder>> bidders)
      : config_(config), exploration_(exploration) {
    for (auto& bidder : bidders) parts_.push_back({std::move(bidder), {}, {}, {}});
  }

  void reset(std::span<const SeatView> rows) override {
    for (Part& part : parts_) part.rows.clear();
    coefficients_.clear();
    noise_.assign(rows.size(), 0.0);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Exploration::SeatDraw drawn = exploration_.seat(rows[i].period, rows[i].seat);
      parts_[config_.bidders.empty() ? to_size(rows[i].seat) : drawn.bidder].rows.push_back(i);
      coefficients_.push_back(drawn.coefficient);
    }
    for (Part& part : parts_) {
      if (part.take(rows)) part.bidder->reset(part.views);
    }
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (Part& part : parts_) {
      if (!part.take(rows)) continue;
      part.bids.assign(part.rows.size(), {});
      part.bidder->bid(part.views, part.bids);
      for (size_t i = 0; i < part.rows.size(); ++i) bids[part.rows[i]] = part.bids[i];
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      const double factor = coefficients_[i] * noise_factor(rows[i], noise_[i]);
      bids[i].value *= factor;
      bids[i].value_squared *= factor;
    }
  }

 private:
  struct Part {
    std::unique_ptr<Bidder> bidder;
    std::vector<size_t> rows;
    std::vector<SeatView> views;
    std::vector<BidFormula> bids;

    bool take(std::span<const SeatView> all) {
      views.clear();
      for (const size_t row : rows) views.push_back(all[row]);
      return !rows.empty();
    }
  };

  // The first tick has a plain draw, so that the sequence is stationary.
  double noise_factor(const SeatView& view, double& last) const {
    if (config_.alpha_noise == 0.0) return 1.0;
    const double fresh = exploration_.standard_normal(view.period, view.seat, view.now.tick);
    const double rho = config_.alpha_noise_correlation;
    last = view.now.tick == 0 ? fresh : rho * last + std::sqrt(1.0 - rho * rho) * fresh;
    return std::exp(config_.alpha_noise * last);
  }

  ExploreConfig config_;
  Exploration exploration_;
  std::vector<Part> parts_;
  std::vector<double> coefficients_, noise_;  // by row
};

}  // namespace

void ExploreBidder::fields(ConfigVisitor& v) {
  bidder.kind_field(v);
  v.field("weight", weight, {1e-6, 1e6});
  bidder.option_fields(v);
}

bool ExploreConfig::on() const {
  return !bidders.empty() || budget_scale != kUnchanged || cpa_scale != kUnchanged || alpha_noise > 0.0;
}

void ExploreConfig::fields(ConfigVisitor& v) {
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.list("bidders", bidders, "bidder");
  v.field("budget_scale", budget_scale, {1e-3, 1e3});
  v.field("cpa_scale", cpa_scale, {1e-3, 1e3});
  v.field("alpha_noise", alpha_noise, {0.0, 2.0});
  v.field("alpha_noise_correlation", alpha_noise_correlation, {0.0, 1.0});
  v.check(alpha_noise > 0.0 || alpha_noise_correlation == 0.0, "alpha_noise_correlation", "0 where alpha_noise is 0");
}

Exploration::Exploration(const ExploreConfig& config)
    : config_(config),
      seats_(static_cast<uint64_t>(config.seed), "explore.seat"),
      noise_(static_cast<uint64_t>(config.seed), "explore.alpha_noise") {
  for (const ExploreBidder& one : config.bidders) total_weight_ += one.weight;
}

Exploration::SeatDraw Exploration::seat(int64_t period, int seat) const {
  const auto bits = seats_.bits(low_word(period), low_word(seat));
  SeatDraw drawn;
  drawn.budget_scale = draw(config_.budget_scale, bits[2]);
  drawn.cpa_scale = draw(config_.cpa_scale, bits[3]);
  if (config_.bidders.empty()) return drawn;
  double left = uniform_double(bits[0]) * total_weight_;
  while (drawn.bidder + 1 < config_.bidders.size() && left >= config_.bidders[drawn.bidder].weight) {
    left -= config_.bidders[drawn.bidder].weight;
    ++drawn.bidder;
  }
  drawn.coefficient = draw(config_.bidders[drawn.bidder].bidder.range(), bits[1]);
  return drawn;
}

double Exploration::standard_normal(int64_t period, int seat, int tick) const {
  const auto bits = noise_.bits(low_word(period), low_word(seat), low_word(tick));
  return as_double(normal_pair(bits[0], bits[1]).first);
}

Population Exploration::populate(const Population& population, int64_t period) const {
  Population drawn_population = population;
  for (size_t i = 0; i < drawn_population.seats.size(); ++i) {
    PopulationSeat& seat = drawn_population.seats[i];
    const SeatDraw drawn = this->seat(period, to_int(i));
    seat.budget_scale = drawn.budget_scale;
    seat.cpa_scale = drawn.cpa_scale;
    if (!config_.bidders.empty()) seat.bidder = config_.bidders[drawn.bidder].bidder.at(drawn.coefficient);
  }
  return drawn_population;
}

std::unique_ptr<Bidder> Exploration::make_bidder(const Population& population, int num_ticks) const {
  if (config_.bidders.empty()) {
    return std::make_unique<ExploringBidder>(config_, *this,
                                             make_bidders(population, BiddingRules::kCorrected, num_ticks));
  }
  std::vector<int> categories;  // any bidder may be drawn for any seat
  for (const PopulationSeat& seat : population.seats) categories.push_back(seat.advertiser.category);
  const OfficialAssets assets;
  const bidders::BidderSetting setting{BiddingRules::kCorrected, assets, num_ticks, categories};
  std::vector<std::unique_ptr<Bidder>> bidders;
  for (const ExploreBidder& one : config_.bidders) {
    try {
      bidders.push_back(bidders::make_bidder(one.bidder.at(1.0), setting));  // its bids are times the coefficient
    } catch (const Error& e) {
      throw Error("explore.bidders[" + std::to_string(bidders.size()) + "]: " + e.what());
    }
  }
  return std::make_unique<ExploringBidder>(config_, *this, std::move(bidders));
}

}  // namespace genbid::play
