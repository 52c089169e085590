#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config/any_config.h"
#include "bidders/bidder_setting.h"

namespace genbid::bidders {

// A kind of bidder is a struct of options, with defaults:
//
//   struct FooOptions {
//     double speed = 1.0;
//
//     void fields(ConfigVisitor& v);
//     std::unique_ptr<Bidder> make(const BidderSetting& setting) const;
//     std::string label() const;                   // in tables; left out: the kind's name
//     int days(const BidderAssets& assets) const;  // the ticks of the days that it plays; left out: any
//     std::vector<int64_t> tuned_on() const;       // AuctionNet's periods that its options come from; left out: none
//     using Ranges = ...;                          // left out: none of its options may be a range
//   };
//
// Ranges are the options of a bidder of a data set (play/exploration.h), one of which may be a range to draw from. Bids
// must be proportional to that option:
//
//   struct FooRanges {
//     void fields(ConfigVisitor& v);
//     RealInterval range() const;             // to draw a factor from; {1, 1}: none is drawn
//     FooOptions at(double factor) const;     // at(f) bids f times what at(1) bids
//   };
template <typename T>
concept BidderOptions = ConfigStruct<T> && requires(const T& options, const BidderSetting& setting) {
  { options.make(setting) } -> std::same_as<std::unique_ptr<Bidder>>;
};

// A line of the table of kinds (bidder_table.h).
struct BidderKind {
  std::string name;
  std::string help;   // a line: what it bids, and each of its options
  AnyConfig options;  // the defaults
  AnyConfig ranges;   // the defaults where an option may be a range
  // Each of these takes the kind's options, or its ranges.
  std::string (*label)(const BidderKind& kind, const AnyConfig& options);
  int (*days)(const AnyConfig& options, const BidderAssets& assets);
  std::vector<int64_t> (*tuned_on)(const AnyConfig& options);
  std::unique_ptr<Bidder> (*make)(const AnyConfig& options, const BidderSetting& setting);
  RealInterval (*range)(const AnyConfig& ranges);
  AnyConfig (*at)(const AnyConfig& ranges, double factor);
};

// The ranges of a kind of which no option may be a range.
template <typename Options>
struct NoRanges {
  Options options;

  void fields(ConfigVisitor& v) { options.fields(v); }
  RealInterval range() const { return {1.0, 1.0}; }
  Options at(double /*factor*/) const { return options; }
};

template <typename Options>
struct RangesOf {
  using Type = NoRanges<Options>;
};
template <typename Options>
requires requires { typename Options::Ranges; }
struct RangesOf<Options> {
  using Type = typename Options::Ranges;
};

template <BidderOptions Options>
BidderKind bidder_kind(const std::string& name, const std::string& help) {
  using Ranges = typename RangesOf<Options>::Type;
  return {
      .name = name,
      .help = help,
      .options = AnyConfig(Options()),
      .ranges = AnyConfig(Ranges()),
      .label = [](const BidderKind& kind, [[maybe_unused]] const AnyConfig& options) -> std::string {
        if constexpr (requires(const Options& one) { one.label(); }) {
          return options.get_if<Options>()->label();
        } else {
          return kind.name;
        }
      },
      .days = []([[maybe_unused]] const AnyConfig& options, [[maybe_unused]] const BidderAssets& assets) -> int {
        if constexpr (requires(const Options& one) { one.days(assets); }) {
          return options.get_if<Options>()->days(assets);
        } else {
          return kAnyDays;
        }
      },
      .tuned_on = []([[maybe_unused]] const AnyConfig& options) -> std::vector<int64_t> {
        if constexpr (requires(const Options& one) { one.tuned_on(); }) {
          return options.get_if<Options>()->tuned_on();
        } else {
          return {};
        }
      },
      .make = [](const AnyConfig& options,
                 const BidderSetting& setting) { return options.get_if<Options>()->make(setting); },
      .range = [](const AnyConfig& ranges) -> RealInterval { return ranges.get_if<Ranges>()->range(); },
      .at = [](const AnyConfig& ranges, double factor) { return AnyConfig(ranges.get_if<Ranges>()->at(factor)); },
  };
}

}  // namespace genbid::bidders
