#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/convert.h"
#include "graph/program.h"
#include "reference.h"

namespace genbid::graph::test {
namespace {

Number number_at(const std::byte* bytes, Type type, int64_t i) {
  Number out;
  const std::byte* const from = bytes + i * static_cast<int64_t>(size_of(type));
  if (type == Type::kFloat) {
    float real = 0.0F;
    std::memcpy(&real, from, sizeof real);
    out.real = as_double(real);
  } else {
    std::memcpy(&out.whole, from, size_of(type));
  }
  return out;
}

bool agrees(const Number& found, const Number& expected) {
  if (std::isnan(expected.real)) return std::isnan(found.real) && found.whole == expected.whole;
  const bool infinite = std::isinf(expected.real);
  const double most = as_double(std::numeric_limits<float>::max());
  if (infinite || std::abs(expected.real) > most) {
    // What no float can hold is infinite, or the largest within its error.
    return std::signbit(found.real) == std::signbit(expected.real) &&
           (std::isinf(found.real) || (!infinite && std::abs(found.real - expected.real) <= expected.error));
  }
  if (std::isinf(found.real)) return std::abs(expected.real) + expected.error > most;
  return std::abs(found.real - expected.real) <= expected.error && found.whole == expected.whole;
}

void expect_output(const Workspace& workspace, size_t index, const Numbers& expected, const std::string& where) {
  const std::span<const std::byte> bytes = workspace.output_bytes(index);
  ASSERT_EQ(bytes.size(), expected.all.size() * size_of(expected.type)) << where;
  int wrong = 0;
  for (int64_t i = 0; i < std::ssize(expected.all) && wrong < 3; ++i) {
    const Number found = number_at(bytes.data(), expected.type, i);
    const Number& wanted = at(expected.all, i);
    if (agrees(found, wanted)) continue;
    ++wrong;
    ADD_FAILURE() << where << ", output " << index << ", number " << i << ": found " << found.real << " / "
                  << found.whole << ", expected " << wanted.real << " +- " << wanted.error << " / " << wanted.whole
                  << "; off by " << std::abs(found.real - wanted.real) / 0x1p-24 / std::abs(wanted.real) << " u";
  }
}

}  // namespace

double spread(size_t index, int64_t i) {
  return as_double(static_cast<float>((i * 7919 + to_signed(index) * 104729 + i * i % 31) % 1009) / 252.0F - 2.0F);
}

std::vector<Numbers> inputs_of(const Graph& graph, int64_t num_rows, const Source& source) {
  std::vector<Numbers> inputs;
  for (size_t index = 0; index < graph.inputs().size(); ++index) {
    const Value& value = graph.value(graph.inputs()[index].value);
    Numbers& input = inputs.emplace_back(Numbers{value.type, value.shape.sizes(num_rows), {}, true});
    for (int64_t i = 0; i < value.shape.count(num_rows); ++i) {
      const double number = source(index, i);
      if (value.type == Type::kFloat) {
        input.all.push_back({as_double(as_float(number))});
      } else {
        input.all.push_back({0.0, 0.0, static_cast<int64_t>(number)});
      }
    }
  }
  return inputs;
}

std::vector<std::string> targets_here() {
  std::vector<std::string> names;
  for (const std::string& name : target_names()) {
    names.push_back(name);
    if (name == best_target()) break;
  }
  return names;
}

void expect_as_reference(const Graph& graph, const Source& source, const std::vector<int64_t>& rows) {
  const int64_t most = *std::max_element(rows.begin(), rows.end());
  for (const std::string& target : targets_here()) {
    Workspace workspace(std::make_shared<const Program>(graph, target), most);
    for (const int64_t num_rows : rows) {
      const std::vector<Numbers> inputs = inputs_of(graph, num_rows, source);
      const std::vector<Numbers> values = reference_of(graph, inputs, num_rows);
      for (size_t i = 0; i < inputs.size(); ++i) {
        for (size_t j = 0; j < inputs[i].all.size(); ++j) {
          if (inputs[i].type == Type::kFloat) workspace.float_input(i)[j] = as_float(inputs[i].all[j].real);
          if (inputs[i].type == Type::kInt) workspace.int_input(i)[j] = inputs[i].all[j].whole;
        }
      }
      workspace.run(num_rows);
      for (size_t i = 0; i < graph.outputs().size(); ++i) {
        const Numbers& expected = at(values, graph.outputs()[i].value);
        ASSERT_TRUE(expected.sure) << graph.outputs()[i].name;
        expect_output(workspace, i, expected,
                      target + ", " + std::to_string(num_rows) + " rows, " + graph.outputs()[i].name);
      }
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace genbid::graph::test
