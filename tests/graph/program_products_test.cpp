#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "graph/program.h"
#include "reference.h"

// Products, attention, norms and sums against the reference: on every target, for 1, 2, 3 and 48 rows.

namespace genbid::graph {
namespace {

using test::expect_as_reference;
using test::spread;

constexpr std::array<int64_t, 10> kWidths = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33};

ValueId constant(Graph& graph, const std::vector<int64_t>& shape, double factor = 0.5) {
  const size_t index = graph.constants().size() + 100;
  std::vector<float> numbers;
  for (int64_t i = 0; i < Shape{0, shape}.inner(); ++i) numbers.push_back(as_float(factor * spread(index, i)));
  return graph.add_constant("c" + std::to_string(index), shape, numbers);
}

// One output, of inputs x0, x1, ... with these shapes.
template <typename Make>
void expect_of(const std::vector<Shape>& shapes, Make make, const std::vector<int64_t>& rows = {48, 1, 3, 2, 48}) {
  Graph graph;
  std::vector<ValueId> inputs;
  std::string names;
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(graph.add_input("x" + std::to_string(i), Type::kFloat, shapes[i]));
    names += shown_shape(shapes[i]) + " ";
  }
  const ValueId made = make(graph, inputs);
  SCOPED_TRACE(names + "-> " + shown_shape(graph.value(made).shape));
  graph.add_output("y", made);
  expect_as_reference(graph, spread, rows);
}

void expect_linear(const Shape& x, int64_t width, const std::vector<int64_t>& rows = {48, 1, 3, 2, 48}) {
  expect_of(
      {x},
      [&](Graph& graph, const std::vector<ValueId>& in) {
        return graph.add(Op::kLinear, {in[0], constant(graph, {width, x.rest.back()}), constant(graph, {width})});
      },
      rows);
}

TEST(Products, LinearOfEveryWidth) {
  for (const int64_t in : {1, 2, 3, 4, 5, 33}) {
    for (const int64_t out : kWidths) expect_linear({1, {in}}, out);
  }
  // 24 and 25 vectors of any target: panels of all widths, and one that is narrower.
  for (const int64_t out : {24, 32, 40, 48, 64, 65, 80, 129}) expect_linear({1, {5}}, out, {7, 3});
}

TEST(Products, LinearOfManyNumbersRowsAndShapes) {
  for (const int64_t in : {255, 256, 257, 513}) expect_linear({1, {in}}, 19, {5, 2});
  for (const int64_t rows : {4, 5, 6, 7, 8, 9, 95, 96, 97, 200}) expect_linear({1, {3}}, 17, {rows});
  for (const Shape& x : {Shape{2, {3}}, Shape{1, {4, 3}}, Shape{1, {2, 1, 3}}, Shape{0, {3}}, Shape{0, {5, 3}}}) {
    expect_linear(x, 9);
  }
}

TEST(Products, MatmulOfComputedMatrices) {
  for (const int64_t n : kWidths) {
    for (const auto& [m, k] : std::vector<std::array<int64_t, 2>>{{1, 1}, {2, 3}, {9, 17}}) {
      const auto product = [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kMatmul, in); };
      expect_of({{1, {m, k}}, {1, {k, n}}}, product, {3, 1});
      expect_of({{1, {2, m, k}}, {1, {2, k, n}}}, product, {3, 1});
      expect_of({{1, {2, m, k}}, {0, {k, n}}}, product, {3, 1});
      expect_of({{0, {2, m, k}}, {0, {2, k, n}}}, product, {1});
      expect_of({{2, {k}}, {0, {k, n}}}, product);
    }
  }
  expect_of({{1, {97, 300}}, {1, {300, 5}}},
            [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kMatmul, in); }, {2});
}

TEST(Products, MatmulWithAConstant) {
  for (const int64_t n : kWidths) {
    expect_of({{1, {2, 4, 7}}}, [&](Graph& graph, const std::vector<ValueId>& in) {
      return graph.add(Op::kMatmul, {in[0], constant(graph, {7, n})});
    });
    expect_of({{0, {2, 7}}},
              [&](Graph& graph, const std::vector<ValueId>& in) {
                return graph.add(Op::kMatmul, {in[0], constant(graph, {7, n})});
              },
              {1});
  }
}

TEST(Products, ConvolutionsOfAllStridesPaddingsAndTaps) {
  for (const Op op : {Op::kConv1d, Op::kConvTranspose1d}) {
    for (const int64_t length : {1, 2, 5, 12}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t padding : {0, 1, 2}) {
          for (const int64_t taps : {1, 2, 3, 5}) {
            const int64_t room = length + 2 * padding - taps;
            const int64_t longest = (length - 1) * stride - 2 * padding + taps;
            if (op == Op::kConv1d ? room < 0 : longest < 1) continue;
            SCOPED_TRACE("stride " + std::to_string(stride) + ", padding " + std::to_string(padding) + ", taps " +
                         std::to_string(taps));
            expect_of({{1, {3, length}}},
                      [&](Graph& graph, const std::vector<ValueId>& in) {
                        const std::vector<int64_t> shape =
                            op == Op::kConv1d ? std::vector<int64_t>{5, 3, taps} : std::vector<int64_t>{3, 5, taps};
                        return graph.add(op, {in[0], constant(graph, shape), constant(graph, {5})}, {stride, padding});
                      },
                      {5, 1});
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

TEST(Products, ConvolutionsOfOddChannelsAndManyRows) {
  for (const Op op : {Op::kConv1d, Op::kConvTranspose1d}) {
    for (const auto& [channels, outs, length] :
         std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {1, 7, 9}, {7, 1, 9}, {9, 17, 4}, {33, 31, 6}, {3, 5, 48}}) {
      for (const int64_t multiple : {1, 2}) {
        expect_of({{multiple, {channels, length}}},
                  [&](Graph& graph, const std::vector<ValueId>& in) {
                    const std::vector<int64_t> shape = op == Op::kConv1d ? std::vector<int64_t>{outs, channels, 3}
                                                                         : std::vector<int64_t>{channels, outs, 3};
                    return graph.add(op, {in[0], constant(graph, shape), constant(graph, {outs})}, {2, 1});
                  },
                  {11, 1});
      }
    }
  }
}

// Queries, keys and values that are inputs; `make` gets them.
template <typename Make>
void expect_attention(const Shape& q, const Shape& k, const Shape& v, Make make) {
  expect_of({q, k, v}, make, {5, 1, 2});
}

TEST(Products, AttentionOfAllSizes) {
  for (const int64_t size : {1, 3, 8, 9, 17}) {
    for (const int64_t values : {1, 7, 8, 32, 33}) {
      for (const int64_t keys : {1, 4, 5, 9}) {
        expect_attention(
            {1, {2, 3, size}}, {1, {2, keys, size}}, {1, {2, keys, values}},
            [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kAttention, in, {0}); });
      }
    }
  }
  for (const int64_t length : {1, 2, 5, 17}) {
    for (const int64_t multiple : {1, 2}) {
      const Shape all = {multiple, {2, length, 5}};
      expect_attention(all, all, all,
                       [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kAttention, in, {1}); });
    }
  }
}

TEST(Products, AttentionWithEveryMaskARowWithoutAKeyAmongThem) {
  for (const Shape& mask :
       {Shape{1, {2, 3, 5}}, Shape{1, {1, 3, 5}}, Shape{1, {1, 1, 5}}, Shape{0, {3, 5}}, Shape{0, {5}},
        Shape{0, {2, 1, 5}}, Shape{1, {2, 3, 1}}, Shape{0, {1, 2, 3, 5}}, Shape{0, {}}}) {
    expect_of({{1, {2, 3, 4}}, {1, {2, 5, 4}}, {1, {2, 5, 6}}, mask},
              [](Graph& graph, const std::vector<ValueId>& in) {
                const ValueId bound = graph.add_constant("bound", {}, std::vector<float>{0.5F});
                const ValueId seen = graph.add(Op::kLess, {in[3], bound});
                return graph.add(Op::kAttention, {in[0], in[1], in[2], seen}, {0});
              },
              {5, 1, 2});
  }
  // No key at all.
  expect_of({{1, {2, 3, 4}}, {1, {2, 5, 4}}, {1, {2, 5, 6}}}, [](Graph& graph, const std::vector<ValueId>& in) {
    const std::vector<std::byte> none(5, std::byte{0});
    const ValueId mask = graph.add_constant("mask", Type::kBool, {5}, none);
    return graph.add(Op::kAttention, {in[0], in[1], in[2], mask}, {0});
  });
}

TEST(Products, NormsOfEveryWidth) {
  for (const int64_t width : kWidths) {
    for (const Shape& x : {Shape{1, {width}}, Shape{2, {3, width}}, Shape{0, {2, width}}}) {
      expect_of({x}, [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kSoftmax, in); });
      expect_of({x}, [&](Graph& graph, const std::vector<ValueId>& in) {
        return graph.add(Op::kLayerNorm, {in[0], constant(graph, {width}), constant(graph, {width})}, {}, {1e-5});
      });
    }
  }
}

TEST(Products, GroupNormOfAllGroups) {
  for (const int64_t channels : {1, 6, 8, 18, 33}) {
    for (const int64_t groups : {1, 2, 3, 6, 8, 18, 33}) {
      if (channels % groups != 0) continue;
      for (const int64_t length : {1, 5}) {
        expect_of({{1, {channels, length}}}, [&](Graph& graph, const std::vector<ValueId>& in) {
          return graph.add(Op::kGroupNorm, {in[0], constant(graph, {channels}), constant(graph, {channels})}, {groups},
                           {1e-2});
        });
      }
    }
  }
}

TEST(Products, SumsOverEveryDimension) {
  for (const Shape& x : {Shape{1, {3, 9, 2}}, Shape{2, {17}}, Shape{0, {4, 7}}, Shape{1, {1, 1}}, Shape{1, {33, 1}}}) {
    const auto rank = to_signed(x.rank());
    for (int64_t dimension = x.rows > 0 ? 1 : 0; dimension < rank; ++dimension) {
      expect_of({x},
                [&](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kSum, in, {dimension}); });
    }
  }
  for (const int64_t width : kWidths) {
    expect_of({{1, {width}}},
              [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kSum, in, {1}); });
    expect_of({{1, {2, width}}},
              [](Graph& graph, const std::vector<ValueId>& in) { return graph.add(Op::kSum, in, {1}); });
  }
}

// Not a number in one row: the row is none, its mates are as they are, and nothing is read that is not there.
TEST(Products, ANumberThatIsNoneStaysInItsRow) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double odd : {nan, std::numeric_limits<double>::infinity()}) {
    Graph graph;
    const ValueId x = graph.add_input("x", Type::kFloat, {1, {6, 9}});
    const ValueId weight = constant(graph, {9});
    const ValueId channels = constant(graph, {6});
    const ValueId heads = graph.add(Op::kReshape, {x}, {1, 2, 3, 9});
    graph.add_output("linear", graph.add(Op::kLinear, {x, constant(graph, {17, 9}), constant(graph, {17})}));
    graph.add_output("softmax", graph.add(Op::kSoftmax, {x}));
    graph.add_output("layer_norm", graph.add(Op::kLayerNorm, {x, weight, weight}, {}, {1e-5}));
    graph.add_output("group_norm", graph.add(Op::kGroupNorm, {x, channels, channels}, {3}, {1e-5}));
    graph.add_output("conv", graph.add(Op::kConv1d, {x, constant(graph, {5, 6, 3}), constant(graph, {5})}, {1, 1}));
    graph.add_output("attention", graph.add(Op::kAttention, {heads, heads, heads}, {1}));
    graph.add_output("sum", graph.add(Op::kSum, {x}, {2}));
    for (const std::string& target : test::targets_here()) {
      Workspace workspace(std::make_shared<const Program>(graph, target), 3);
      const auto run = [&](double second) {
        const std::span<float> in = workspace.float_input(0);
        for (int64_t i = 0; i < 3 * 54; ++i) at(in, i) = as_float(spread(0, i));
        for (int64_t i = 0; i < 9; ++i) at(in, 54 + i) = as_float(second);
        workspace.run(3);
        std::vector<std::vector<float>> all;
        for (size_t i = 0; i < graph.outputs().size(); ++i) {
          const std::span<const float> out = workspace.output(i);
          all.emplace_back(out.begin(), out.end());
        }
        return all;
      };
      const auto plain = run(0.0);
      const auto with = run(odd);
      for (size_t i = 0; i < plain.size(); ++i) {
        const size_t row = plain[i].size() / 3;
        bool finite = true;
        for (size_t j = 0; j < plain[i].size(); ++j) {
          if (j / row == 1) {
            finite = finite && std::isfinite(with[i][j]);
          } else {
            EXPECT_EQ(plain[i][j], with[i][j]) << target << " " << graph.outputs()[i].name;
          }
        }
        EXPECT_FALSE(finite) << target << " " << graph.outputs()[i].name;
      }
    }
  }
}

}  // namespace
}  // namespace genbid::graph
