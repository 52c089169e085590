#include "report/read_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

namespace genbid::report {
namespace {

std::vector<MetricCurve> read(const std::string& text) {
  const test::TemporaryFolder folder;
  write_file(folder.path("metrics.jsonl"), text);
  return read_metrics(folder.path("metrics.jsonl"));
}

TEST(ReadMetrics, EachNameHasTheStepsAtWhichItStands) {
  const auto curves = read("{\"step\": 1, \"a\": 2, \"b\": null}\n{\"step\": 3, \"c\": 5}\n{\"step\": 4, \"a\": 6}\n");
  ASSERT_EQ(curves.size(), 3U);
  EXPECT_EQ(curves[0].name, "a");
  EXPECT_EQ(curves[0].steps, (std::vector<double>{1, 4}));
  EXPECT_EQ(curves[0].values, (std::vector<double>{2, 6}));
  EXPECT_TRUE(std::isnan(curves[1].values[0]));
  EXPECT_EQ(curves[2].name, "c");
}

TEST(ReadMetrics, ALineThatIsStillWrittenDoesNotCount) {
  EXPECT_EQ(read("{\"step\": 1, \"a\": 2}\n{\"step\": 2, \"a").front().steps.size(), 1U);
  EXPECT_TRUE(read("").empty());
}

TEST(ReadMetrics, ALineThatIsNoneIsNamed) {
  try {
    read("{\"step\": 1}\nnonsense\n");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("metrics.jsonl:2: found 'nonsense', expected a JSON object with a step"),
              std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace genbid::report
