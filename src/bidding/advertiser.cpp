#include "bidding/advertiser.h"

#include <array>
#include <cassert>
#include <cstddef>

#include "base/convert.h"

namespace genbid {
namespace {

struct Campaign {
  int budget;
  int cpa_limit;
};

constexpr std::array<Campaign, kNumSeats> kOfficialCampaigns = {{
    {2900, 100}, {4350, 70},  {3000, 90},  {2400, 110}, {4800, 60},  {2000, 130}, {2050, 120}, {3500, 80},
    {4600, 70},  {2000, 130}, {2800, 100}, {2350, 110}, {2050, 120}, {2900, 90},  {4750, 60},  {3450, 80},
    {2000, 130}, {3500, 80},  {2200, 110}, {2700, 100}, {3100, 90},  {2100, 120}, {4850, 60},  {4100, 70},
    {2000, 120}, {4800, 60},  {3050, 90},  {4250, 70},  {2850, 100}, {2250, 110}, {2000, 130}, {3900, 80},
    {2000, 120}, {3250, 90},  {4450, 70},  {3550, 80},  {2700, 100}, {2100, 110}, {4650, 60},  {2000, 130},
    {3400, 90},  {2650, 100}, {2300, 110}, {4100, 80},  {4800, 60},  {4450, 70},  {2000, 130}, {2050, 120},
}};

}  // namespace

Advertiser official_advertiser(int seat) {
  assert(seat >= 0 && seat < kNumSeats);
  const Campaign& campaign = at(kOfficialCampaigns, seat);
  return {as_double(campaign.budget), as_double(campaign.cpa_limit), seat / kSeatsPerCategory};
}

}  // namespace genbid
