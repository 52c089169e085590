#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/bidder_setting.h"
#include "bidding/bidder.h"
#include "bidding/state_features.h"

// The learned policies of AuctionNet's population (auctionnet.md 4.1, 4.5): small perceptrons over 16 features.

namespace genbid::bidders {

// y = W x + b, and max(0, y) where `relu`.
struct DenseLayer {
  int num_inputs = 0;
  int num_outputs = 0;
  std::vector<float> weights;  // [input][output]
  std::vector<float> bias;     // [output]
  bool relu = false;
};

enum class AgentHead {
  kPlain,            // the output itself
  kClampAtZero,      // max(0, output)
  kThreeHundredTanh  // 300 tanh(output)
};

struct OfficialAgent {
  std::string name;
  std::vector<DenseLayer> layers;  // from kNumAuctionnetFeatures inputs to one output
  AgentHead head = AgentHead::kPlain;
};

// How a policy is made of tensors: the layers, in order, by their names in its file.
struct OfficialAgentLayout {
  std::string name;
  std::vector<std::string> layers;
  int num_relu = 0;  // the first layers that have one
  AgentHead head = AgentHead::kPlain;
};

// bc, iql, cql, td3_bc, mopo, combo.
const std::vector<OfficialAgentLayout>& official_agent_layouts();
const std::vector<std::string>& official_agent_names();

// The inputs of one decision, as AuctionNet's strategies scale them (auctionnet.md 4.1, 6.13): num_pv, num_pv_last_3
// and num_pv_all are scaled by the range that its dictionary gives, without clipping, and then all 16 are rounded to
// float. `state` holds the features auctionnet16_frozen. The variant that takes ranges is for other dictionaries.
struct FeatureRange {
  int feature = 0;
  double min = 0.0;
  double max = 0.0;
};
std::span<const FeatureRange> official_feature_ranges();
void normalise_features(std::span<const double> state, std::span<const FeatureRange> ranges, std::span<float> out);

// The decision for each row of 16 inputs. Every sum starts at 0, runs in the order of the inputs and takes the bias
// last, in float and without fused multiply-add: the same bits on every machine and whatever the number of rows (also
// those of AuctionNet on a reference BLAS, but for the tanh). An alpha is widened to double before it meets a p-value
// (6.30).
std::vector<float> official_agent_alphas(const OfficialAgent& agent, std::span<const float> inputs);

// bid = alpha * p-value; negative alphas bid nothing (6.31). Features are computed from the seat's history.
// reset() throws an Error for days of another length than the 48 ticks that it was trained on.
std::unique_ptr<Bidder> make_official_agent(std::shared_ptr<const OfficialAgent> agent);

struct OfficialAgentOptions {
  std::string agent = {};  // one of official_agent_names()

  void fields(ConfigVisitor& v);
  std::string label() const;
  int days(const BidderAssets& /*assets*/) const { return kTicksPerPeriod; }
  std::unique_ptr<Bidder> make(const BidderSetting& setting) const;
};

}  // namespace genbid::bidders
