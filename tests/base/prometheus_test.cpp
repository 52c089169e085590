#include "base/prometheus.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// tests/train/tensorboard_test.cpp reads such a file with Prometheus' own parser.

namespace genbid {
namespace {

TEST(Prometheus, AMetricsNameBecomesANameAndLabels) {
  const test::TemporaryFolder folder;
  PrometheusFile file(folder.path("a.prom"), "runs/mine");
  file.write(150, {{"train/loss", 0.5},
                   {"train/loss/inverse", 0.25},
                   {"train/gradient_norm", 2.0},
                   {"held_out/loss/period_8", 0.75},
                   {"held_out/forecast_error/state/period_8", 0.125}});
  EXPECT_EQ(read_file(folder.path("a.prom")),
            "# TYPE genbid_held_out_forecast_error_part gauge\n"
            "genbid_held_out_forecast_error_part{run=\"runs/mine\",part=\"state\",period=\"8\"} 0.125\n"
            "# TYPE genbid_held_out_loss gauge\n"
            "genbid_held_out_loss{run=\"runs/mine\",period=\"8\"} 0.75\n"
            "# TYPE genbid_train_gradient_norm gauge\n"
            "genbid_train_gradient_norm{run=\"runs/mine\"} 2\n"
            "# TYPE genbid_train_loss gauge\n"
            "genbid_train_loss{run=\"runs/mine\"} 0.5\n"
            "# TYPE genbid_train_loss_part gauge\n"
            "genbid_train_loss_part{run=\"runs/mine\",part=\"inverse\"} 0.25\n"
            "# TYPE genbid_train_running gauge\n"
            "genbid_train_running{run=\"runs/mine\"} 1\n"
            "# TYPE genbid_train_step gauge\n"
            "genbid_train_step{run=\"runs/mine\"} 150\n");
}

TEST(Prometheus, KeepsWhatWasNotMeasuredAnew) {
  const test::TemporaryFolder folder;
  PrometheusFile file(folder.path("a.prom"), "r");
  file.write(1, {{"held_out/loss/period_8", 0.75}, {"train/loss", 2.0}});
  file.write(2, {{"train/loss", 1.0}});
  file.write(2, {}, false);
  const std::string text = read_file(folder.path("a.prom"));
  EXPECT_NE(text.find("genbid_held_out_loss{run=\"r\",period=\"8\"} 0.75\n"), std::string::npos) << text;
  EXPECT_NE(text.find("genbid_train_loss{run=\"r\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("genbid_train_running{run=\"r\"} 0\n"), std::string::npos) << text;
}

TEST(Prometheus, NumbersThatAreNotFiniteAndLabelsHaveItsForm) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(prometheus_text({{"a", {{"x=\"1\"", kInfinity}, {"x=\"2\"", -kInfinity}, {"x=\"3\"", std::nan("")}}}}),
            "# TYPE a gauge\na{x=\"1\"} +Inf\na{x=\"2\"} -Inf\na{x=\"3\"} NaN\n");
  EXPECT_EQ(prometheus_label("run", "a\"b\\c\nd\xff"), "run=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"");
}

TEST(Prometheus, APlaceThatCannotBeWrittenIsAnErrorAtOnce) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(PrometheusFile(folder.path(), "r"), Error);
}

}  // namespace
}  // namespace genbid
