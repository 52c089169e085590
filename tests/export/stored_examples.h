#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/files/safetensors.h"
#include "graph/program.h"
#include "serve/bundle.h"

namespace genbid::test {

// The decisions of examples.safetensors, which the runtime makes as the policy did: all at once, and the first 1, 2 and
// 3 by themselves. The same tolerances as over a day (lowering_test.cpp).
inline void expect_stored_examples(const std::string& folder) {
  SCOPED_TRACE(folder);
  const SafetensorsFile examples(folder + "/examples.safetensors");
  const auto bundle = serve::load_bundle(folder);
  const graph::Graph& graph = bundle->program->graph();
  const TensorBytes* expected = examples.find("outputs.coefficients");
  ASSERT_NE(expected, nullptr);
  const int64_t all = expected->shape.at(0);
  EXPECT_EQ(all, 48);
  graph::Workspace workspace(bundle->program, all);
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const TensorBytes* input = examples.find("inputs." + graph.inputs()[i].name);
    ASSERT_NE(input, nullptr) << graph.inputs()[i].name;
    if (graph.value(graph.inputs()[i].value).type == graph::Type::kInt) {
      std::memcpy(workspace.int_input(i).data(), input->data.data(), input->data.size());
    } else {
      std::memcpy(workspace.float_input(i).data(), input->data.data(), input->data.size());
    }
  }
  std::vector<float> policy(expected->data.size() / sizeof(float));
  std::memcpy(policy.data(), expected->data.data(), expected->data.size());
  float largest = 1e-6F;
  for (const float number : policy) largest = std::max(largest, std::abs(number));
  const float tolerance = (bundle->info.noise_size > 1 ? 1e-4F : 1e-5F) * largest;
  size_t coefficients = 0;
  while (graph.outputs()[coefficients].name != "coefficients") ++coefficients;
  for (const int64_t rows : {int64_t{1}, int64_t{2}, int64_t{3}, all}) {
    workspace.run(rows);
    const std::span<const float> said = workspace.output(coefficients);
    ASSERT_EQ(said.size() * to_size(all), policy.size() * to_size(rows));
    for (size_t i = 0; i < said.size(); ++i)
      EXPECT_NEAR(said[i], policy[i], tolerance) << rows << " rows, number " << i;
  }
}

}  // namespace genbid::test
