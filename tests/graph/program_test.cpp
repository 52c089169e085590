#include "graph/program.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "graph/operators.h"

namespace genbid::graph {
namespace {

std::vector<float> numbers(int64_t count, int64_t seed) {
  std::vector<float> all(static_cast<size_t>(count));
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<float>((static_cast<int64_t>(i) * 7919 + seed * 104729) % 1009) / 504.0F - 1.0F;
  }
  return all;
}

// Targets that this processor has.
std::vector<std::string> targets() {
  std::vector<std::string> all;
  for (const std::string& name : target_names()) {
    all.push_back(name);
    if (name == best_target()) break;
  }
  return all;
}

TEST(Program, LinearOnEveryTargetIsWhatTheSumsSay) {
  for (const std::string& target : targets()) {
    for (const int64_t rows : {1, 2, 3, 48}) {
      constexpr int64_t kIn = 300;
      constexpr int64_t kOut = 37;
      const std::vector<float> w = numbers(kIn * kOut, 1);
      const std::vector<float> b = numbers(kOut, 2);
      Graph graph;
      const ValueId x = graph.add_input("x", Type::kFloat, {1, {kIn}});
      const ValueId y = graph.add(Op::kLinear, {x, graph.add_constant("w", {kOut, kIn}, std::span<const float>(w)),
                                                graph.add_constant("b", {kOut}, std::span<const float>(b))});
      graph.add_output("y", y);
      Workspace workspace(std::make_shared<const Program>(graph, target), 48);
      const std::vector<float> in = numbers(kIn * rows, 3);
      std::copy(in.begin(), in.end(), workspace.float_input(0).begin());
      workspace.run(rows);
      const std::span<const float> out = workspace.output(0);
      ASSERT_EQ(std::ssize(out), rows * kOut);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t o = 0; o < kOut; ++o) {
          double sum = b[static_cast<size_t>(o)];
          for (int64_t k = 0; k < kIn; ++k) {
            sum += static_cast<double>(in[static_cast<size_t>(r * kIn + k)]) * w[static_cast<size_t>(o * kIn + k)];
          }
          EXPECT_NEAR(out[static_cast<size_t>(r * kOut + o)], sum, 1e-4) << target << " " << rows;
        }
      }
    }
  }
}

TEST(Program, ConvolutionOnEveryTargetIsWhatTheSumsSay) {
  for (const std::string& target : targets()) {
    for (const auto& [length, stride, padding, taps] :
         std::vector<std::array<int64_t, 4>>{{48, 1, 2, 5}, {12, 2, 1, 3}, {3, 1, 2, 5}, {7, 3, 0, 1}, {1, 1, 1, 3}}) {
      constexpr int64_t kRows = 3;
      constexpr int64_t kIn = 24;
      constexpr int64_t kOut = 20;
      const std::vector<float> w = numbers(kOut * kIn * taps, 1);
      const std::vector<float> b = numbers(kOut, 2);
      Graph graph;
      const ValueId x = graph.add_input("x", Type::kFloat, {1, {kIn, length}});
      const ValueId y = graph.add(Op::kConv1d,
                                  {x, graph.add_constant("w", {kOut, kIn, taps}, std::span<const float>(w)),
                                   graph.add_constant("b", {kOut}, std::span<const float>(b))},
                                  {stride, padding});
      graph.add_output("y", y);
      Workspace workspace(std::make_shared<const Program>(graph, target), kRows);
      const std::vector<float> in = numbers(kRows * kIn * length, 3);
      std::copy(in.begin(), in.end(), workspace.float_input(0).begin());
      workspace.run(kRows);
      const std::span<const float> out = workspace.output(0);
      const int64_t places = (length + 2 * padding - taps) / stride + 1;
      ASSERT_EQ(std::ssize(out), kRows * kOut * places);
      for (int64_t i = 0; i < std::ssize(out); ++i) {
        const int64_t t = i % places;
        const int64_t o = i / places % kOut;
        const int64_t r = i / places / kOut;
        double sum = b[static_cast<size_t>(o)];
        for (int64_t c = 0; c < kIn; ++c) {
          for (int64_t k = 0; k < taps; ++k) {
            const int64_t l = t * stride + k - padding;
            if (l < 0 || l >= length) continue;
            sum += static_cast<double>(in[static_cast<size_t>((r * kIn + c) * length + l)]) *
                   w[static_cast<size_t>((o * kIn + c) * taps + k)];
          }
        }
        EXPECT_NEAR(out[static_cast<size_t>(i)], sum, 1e-4) << target << " " << length;
      }
    }
  }
}

}  // namespace
}  // namespace genbid::graph
