#include "perbid/outcomes.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace genbid::perbid {
namespace {

// By hand: sorted -0.5, 0.5, 0.9, 1.0; the worst 30 % of four are 1.2 of them.
TEST(OutcomeMeans, AreThePapers) {
  const std::vector<double> res{0.9, -0.5, 1.0, 0.5};
  const std::vector<double> ratio{1.0, 1.5, 0.8, 1.1};
  const OutcomeMeans means = means_of(res, ratio);
  EXPECT_DOUBLE_EQ(means.res, 0.475);
  EXPECT_DOUBLE_EQ(means.worst_30, (-0.5 + 0.2 * 0.5) / 1.2);
  EXPECT_DOUBLE_EQ(means.worst_10, -0.5);
  EXPECT_DOUBLE_EQ(means.violation_share, 0.5);
  EXPECT_NEAR(means.excess, 0.3, 1e-12);
  // 0, 0.5, 0.9, 1: the differences of all pairs twice, over 2 n^2 times the mean 0.6.
  EXPECT_NEAR(means.gini, 2.0 * (0.5 + 0.9 + 1.0 + 0.4 + 0.5 + 0.1) / (2.0 * 16.0 * 0.6), 1e-12);
  EXPECT_NEAR(means.ggf, 0.6 * (1.0 - means.gini), 1e-12);
}

// PerBid's table 2: Res, GGF and Gini as printed, of which GGF is Res x (1 - Gini), for no Res of it is below 0.
TEST(OutcomeMeans, AreThoseOfThePublishedRows) {
  struct Row {
    double res, ggf, gini;
  };
  for (const Row& row : {Row{0.9033, 0.8678, 0.0392}, Row{0.9233, 0.8943, 0.0313}, Row{0.9327, 0.9049, 0.0298},
                         Row{0.9494, 0.9270, 0.0235}, Row{0.9337, 0.9039, 0.0318}}) {
    EXPECT_NEAR(row.res * (1.0 - row.gini), row.ggf, 1.5e-4);  // of numbers rounded to four places
  }
  const std::vector<double> res{0.8, 0.95, 0.99, 0.7, 1.0};
  const OutcomeMeans means = means_of(res, std::vector<double>(5, 0.9));
  EXPECT_NEAR(means.ggf, means.res * (1.0 - means.gini), 1e-12);
  EXPECT_EQ(means.excess, 0.0);
}

TEST(OutcomeMeans, NeedADay) { EXPECT_THROW(means_of(std::vector<Outcome>()), Error); }

}  // namespace
}  // namespace genbid::perbid
