#include <cmath>

#include "fuzz.h"
#include "play/official_assets.h"

// OnlineLP tables: a whole one is written and read back to the same decisions.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace genbid;
  const std::string input = fuzz::Scratch::write("in.csv", fuzz::text_of(data, size));
  fuzz::accepted([&] {
    const auto table = play::read_online_lp_table(input);
    const std::string output = fuzz::Scratch::path("out.csv");
    play::write_online_lp_table(*table, 0, output);
    const auto again = play::read_online_lp_table(output);
    fuzz::require(again->categories() == table->categories(), "categories come back");
    for (const int category : table->categories()) {
      for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
        const auto& a = table->rows(category, tick);
        const auto& b = again->rows(category, tick);
        fuzz::require(a.real_cpa == b.real_cpa && a.cum_cost == b.cum_cost, "rows come back");
        for (const double money : {0.0, 1.0, 1e6}) {
          fuzz::require(std::isfinite(table->alpha(category, tick, money, 100.0)), "a decision is finite");
        }
      }
    }
  });
  return 0;
}
