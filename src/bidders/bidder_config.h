#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config/any_config.h"
#include "bidders/bidder_kind.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

// Who bids: `pid`, or `{bidder: fixed_alpha, alpha: 90}`. A kind has only the options that it reads. In code the
// options of a kind make such a config: `BidderConfig bidder = FixedAlphaOptions{.alpha = 90.0};`.
class BidderConfig {
 public:
  BidderConfig();  // pid
  template <BidderOptions Options>
  BidderConfig(Options options) : BidderConfig(AnyConfig(std::move(options))) {}
  // A bidder of the kind that has these options.
  explicit BidderConfig(AnyConfig options);

  const std::string& kind() const { return kind_->name; }
  // If this changes the kind, the options are that kind's defaults. Throws an Error for an unknown one.
  void set_kind(const std::string& name);
  // Its options; null where they are those of another kind.
  template <BidderOptions Options>
  const Options* get_if() const {
    return options_.get_if<Options>();
  }

  void fields(ConfigVisitor& v);
  // All but `bidder`, which the caller knows; rejects what the kind does not read.
  void option_fields(ConfigVisitor& v) { options_.fields(v); }

 private:
  friend std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, const BidderSetting& setting);
  friend std::string bidder_label(const BidderConfig& config);
  friend std::vector<int64_t> tuned_on(const BidderConfig& config);

  const BidderKind* kind_;  // a row of the table of kinds
  AnyConfig options_;
};

// A bidder of which an option may be a range that is drawn from: `{bidder: fixed_alpha, cpa_ratio: [0.6, 1.6]}`.
class BidderRange {
 public:
  BidderRange();  // pid

  void fields(ConfigVisitor& v);
  // The key `bidder`, and the other keys.
  void kind_field(ConfigVisitor& v);
  void option_fields(ConfigVisitor& v) { ranges_.fields(v); }

  // The range that a factor is to be drawn from: {1, 1} where there is nothing to draw.
  RealInterval range() const { return kind_->range(ranges_); }
  // The bidder that was drawn. It bids `factor` times what at(1) bids.
  BidderConfig at(double factor) const { return BidderConfig(kind_->at(ranges_, factor)); }

 private:
  const BidderKind* kind_;  // a row of the table of kinds
  AnyConfig ranges_;
};

// Throws an Error for a bidder that cannot play there. AuctionNet's agents play only days of 48 ticks, and an OnlineLP
// table only the days and categories that it was made for.
std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, const BidderSetting& setting);
// "pid", "fixed_alpha 90", "fixed_alpha 1.1 x CPA limit", "abid", "online_lp episode-3", "official iql", "pacing",
// "pacing cpa_brake 1.2": with the options that are not the default.
std::string bidder_label(const BidderConfig& config);
// AuctionNet's periods that its options were tuned on, or its table was made of: it is not judged on them. Empty where
// nobody knows of any.
std::vector<int64_t> tuned_on(const BidderConfig& config);

}  // namespace genbid::bidders
