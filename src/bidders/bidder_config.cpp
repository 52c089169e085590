#include "bidders/bidder_config.h"

#include "base/error.h"
#include "bidders/bidder_table.h"
#include "bidders/pid.h"

namespace genbid::bidders {
namespace {

// The kind that a config names in place of `kind`.
const BidderKind& visit_kind(ConfigVisitor& v, const BidderKind& kind) {
  std::string name = kind.name;
  v.field("bidder", name, bidder_names());
  return bidder_kind_named(name);
}

}  // namespace

void check_days(const std::string& label, int made_for, int found) {
  if (made_for == kAnyDays || made_for == found) return;
  throw Error("'" + label + "' is made for days of " + std::to_string(made_for) + " ticks, found " +
              std::to_string(found) + " (market.traffic.ticks)");
}

BidderConfig::BidderConfig() : BidderConfig(PidOptions()) {}

BidderConfig::BidderConfig(AnyConfig options) : kind_(&bidder_kind_of(options.type())), options_(std::move(options)) {}

void BidderConfig::set_kind(const std::string& name) {
  if (name != kind()) *this = BidderConfig(bidder_kind_named(name).options);
}

void BidderConfig::fields(ConfigVisitor& v) {
  set_kind(visit_kind(v, *kind_).name);
  option_fields(v);
}

BidderRange::BidderRange() : kind_(&bidder_kind_of(typeid(PidOptions))), ranges_(kind_->ranges) {}

void BidderRange::kind_field(ConfigVisitor& v) {
  const BidderKind& kind = visit_kind(v, *kind_);
  if (&kind == kind_) return;
  kind_ = &kind;
  ranges_ = kind.ranges;
}

void BidderRange::fields(ConfigVisitor& v) {
  kind_field(v);
  option_fields(v);
}

std::unique_ptr<Bidder> make_bidder(const BidderConfig& config, const BidderSetting& setting) {
  check_days(bidder_label(config), config.kind_->days(config.options_, setting.assets), setting.num_ticks);
  return config.kind_->make(config.options_, setting);
}

std::string bidder_label(const BidderConfig& config) { return config.kind_->label(*config.kind_, config.options_); }

std::vector<int64_t> tuned_on(const BidderConfig& config) { return config.kind_->tuned_on(config.options_); }

}  // namespace genbid::bidders
