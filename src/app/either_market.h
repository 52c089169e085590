#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"

namespace genbid::app {

// The config of a verb that knows two markets: that of the seats, maybe under several protocols, and that of campaigns
// that pay by the click. The key `protocol` says which. Printed configs have it, but not one of a training in the
// market of seats, as ablations read these too, and know seats alone.
template <typename Market, typename Campaigns, bool kAlwaysPrinted = false>
struct EitherMarket {
  std::string protocol;  // empty until it was read
  Market market;
  Campaigns campaigns;

  bool of_campaigns() const { return protocol == "campaigns"; }
  void fields(ConfigVisitor& v) {
    if (protocol.empty() || of_campaigns() || kAlwaysPrinted) {
      std::vector<std::string> names{"market"};
      if constexpr (requires { Market::kProtocols; }) names = Market::kProtocols;
      if (protocol.empty()) protocol = names.front();
      names.emplace_back("campaigns");
      v.field("protocol", protocol, names);
    }
    of_campaigns() ? campaigns.fields(v) : market.fields(v);
  }
};

template <typename Config>
Config read_config(const ConfigFile& file) {
  Config config;
  file.read(config);
  return config;
}

}  // namespace genbid::app
