#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// A policy that was stored reaches what it reached when it was stored: training, checkpoint, features, market, draws
// and score, all of them, as they were. tests/golden/README.md says how both were made.

namespace genbid::app {
namespace {

constexpr const char* kStored = "tests/golden/stored_policy";

// The draws are the same on any machine, the last bits of a network's products are not: another order of the same sums
// moves an alpha by 1e-7 of it. Integer numbers of cells stay, but for a bid that meets another to that precision.
bool is_close(const nlohmann::json& found, const nlohmann::json& expected) {
  if (!expected.is_number_float()) return found == expected;
  const double value = expected.get<double>();
  return std::abs(found.get<double>() - value) <= 1e-5 * std::max(1.0, std::abs(value));
}

TEST(StoredPolicy, ReachesItsStoredCells) {
  const test::TemporaryFolder folder;
  const auto result = test::run_program("evaluate configs/evaluate.yaml policy='{policy: " + std::string(kStored) +
                                        "/policy, name: stored}' market.impressions=30000 market.budget_scale=0.06 "
                                        "market.periods=30..31 seats='[0, 5, 11, 16, 22, 27, 33, 38, 44]' output.dir=" +
                                        folder.path("out"));
  ASSERT_EQ(result.status, 0) << result.output;
  const auto found = nlohmann::json::parse(read_file(folder.path("out/result.json")));
  const auto expected = nlohmann::json::parse(read_file(std::string(kStored) + "/cells.json"));
  ASSERT_EQ(found["cells"].size(), 18U);
  ASSERT_EQ(expected["cells"].size(), 18U);
  // Where the reference was made (CI among these) every number is exactly as it was.
  const bool exact = std::getenv("GENBID_PEERS") != nullptr;
  for (size_t i = 0; i < 18; ++i) {
    for (const auto& [key, value] : expected["cells"][i].items()) {
      const auto& other = found["cells"][i][key];
      EXPECT_TRUE(exact ? other == value : is_close(other, value))
          << "cell " << i << ": " << key << ": found " << other << ", expected " << value;
    }
  }
}

}  // namespace
}  // namespace genbid::app
