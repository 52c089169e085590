#include "graph/sample_graphs.h"

#include <cmath>
#include <limits>

namespace genbid::graph::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr auto kToFloat = static_cast<int64_t>(Type::kFloat);
constexpr auto kToInt = static_cast<int64_t>(Type::kInt);
constexpr auto kToBool = static_cast<int64_t>(Type::kBool);

Graph floats() {
  SampleGraph g;
  const ValueId x = g.input("x", {1, {4, 6}});
  const ValueId y = g.input("y", {1, {4, 6}});
  const ValueId line = g.input("line", {1, {}});
  for (const Op op : {Op::kExp, Op::kSin, Op::kCos, Op::kTanh, Op::kSigmoid, Op::kRelu, Op::kGelu, Op::kSilu, Op::kMish,
                      Op::kSoftplus}) {
    g.out(op, {x});
  }
  const ValueId large = g.add(Op::kMul, {x, g.scalar("large", 100.0F)});
  for (const Op op : {Op::kSigmoid, Op::kGelu, Op::kSilu, Op::kMish, Op::kSoftplus}) g.out(op, {large});
  const ValueId positive = g.add(Op::kExp, {y});
  g.out(Op::kLog, {positive});
  g.out(Op::kSqrt, {positive});
  g.out(Op::kClamp, {x}, {}, {-0.5, 0.25});
  g.out(Op::kClamp, {x}, {}, {-kInfinity, 0.3});
  g.out(Op::kClamp, {x}, {}, {-0.1, kInfinity});
  g.out(Op::kClamp, {x}, {}, {-kInfinity, kInfinity});
  const ValueId row = g.normals("row", {6});
  g.out(Op::kAdd, {x, y});
  g.out(Op::kSub, {row, x});
  g.out(Op::kMul, {x, g.normals("whole", {1, 4, 6})});
  g.out(Op::kMin, {x, g.normals("column", {4, 1})});
  g.out(Op::kMax, {x, g.scalar("tenth", 0.1F)});
  g.out(Op::kDiv, {x, positive});
  g.out(Op::kPow, {positive, row});
  g.out(Op::kPow, {x, g.scalar("three", 3.0F)});
  g.out(Op::kMul, {line, g.scalar("two", 2.0F)});
  g.out(Op::kAdd, {row, row});
  g.out(Op::kLess, {x, y});
  g.out(Op::kLessEqual, {x, row});
  g.out(Op::kEqual, {x, g.add(Op::kMax, {x, y})});
  g.out(Op::kWhere, {g.add(Op::kLess, {row, row}), x, y});
  g.out(Op::kWhere, {g.add(Op::kLess, {x, y}), row, y});
  g.out(x);  // an input, and a value with two names
  g.out(large);
  g.out(large);
  g.out(row);
  return g.graph;
}

Graph whole_numbers() {
  SampleGraph g;
  const ValueId x = g.input("x", {1, {5}});
  const ValueId i = g.input("whole", {1, {5}}, Type::kInt);
  const ValueId j = g.input("other whole", {1, {5}}, Type::kInt);
  const ValueId b = g.input("true?", {1, {5}}, Type::kBool);
  const ValueId five = g.ints("five.numbers", {5}, {1, 2, 3, 7, 8});
  for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax, Op::kLess, Op::kLessEqual, Op::kEqual}) {
    g.out(op, {i, j});
    g.out(op, {five, i});
  }
  g.out(Op::kFloorDiv, {i, five});
  g.out(Op::kFloorDiv, {i, g.ints("four", {}, {4})});
  g.out(Op::kClamp, {i}, {}, {-3.5, 7.0});
  g.out(Op::kClamp, {i}, {}, {-kInfinity, 5.5});
  g.out(Op::kClamp, {i}, {}, {-2.0, kInfinity});
  g.out(Op::kClamp, {i}, {}, {-kInfinity, kInfinity});
  const ValueId c = g.add(Op::kLess, {i, five});
  const ValueId d = g.bools("five.bools", {5}, {0, 1, 1, 0, 1});
  for (const Op op : {Op::kAnd, Op::kOr}) {
    g.out(op, {b, c});
    g.out(op, {d, c});
  }
  g.out(Op::kNot, {b});
  g.out(Op::kWhere, {b, i, five});
  g.out(Op::kWhere, {b, c, d});
  const ValueId three_x = g.add(Op::kMul, {x, g.scalar("three", 3.0F)});
  const ValueId relu = g.add(Op::kRelu, {x});
  for (const int64_t type : {kToFloat, kToInt, kToBool}) {
    for (const ValueId value : {three_x, relu, i, b}) g.out(Op::kCast, {value}, {type});
  }
  return g.graph;
}

Graph products() {
  SampleGraph g;
  const ValueId x = g.input("x", {1, {4}});
  const ValueId y = g.input("y", {1, {3, 4}});
  const ValueId z = g.input("z", {1, {4, 5}});
  const ValueId w = g.input("w", {1, {2, 3, 4}});
  const ValueId matrix = g.normals("matrix", {4, 5});
  g.out(g.linear("two", x, 6));
  g.out(g.linear("three", y, 6));
  g.out(g.linear("four", w, 6));
  g.out(g.linear("none", matrix, 3));
  g.out(g.linear("line", g.normals("numbers", {4}), 3));
  // A weight that two share.
  const ValueId weight = g.normals("shared.weight", {2, 4});
  const ValueId bias = g.normals("shared.bias", {2});
  for (const ValueId each : {x, y, w, g.add(Op::kTanh, {y})}) g.out(Op::kLinear, {each, weight, bias});
  g.out(Op::kMatmul, {x, matrix});
  g.out(Op::kMatmul, {y, matrix});
  g.out(Op::kMatmul, {y, z});
  g.out(Op::kMatmul, {w, matrix});
  g.out(Op::kMatmul, {w, g.add(Op::kPermute, {w}, {0, 1, 3, 2})});
  g.out(Op::kMatmul, {g.normals("left", {2, 4}), matrix});
  g.out(g.conv("conv_3", z, 6, 3, 1, 1));
  g.out(g.conv("conv_2", z, 3, 2, 2, 0));
  g.out(g.conv("conv_5", z, 2, 5, 3, 4));
  g.out(g.conv("up_4", z, 6, 4, 2, 1, Op::kConvTranspose1d));
  g.out(g.conv("up_3", z, 2, 3, 1, 0, Op::kConvTranspose1d));
  g.out(Op::kSoftmax, {x});
  g.out(Op::kSoftmax, {w});
  g.out(Op::kSoftmax, {matrix});
  g.out(g.norm("norm_1", x));
  g.out(g.norm("norm_3", w));
  g.out(g.norm("groups_1", z, 1));
  g.out(g.norm("groups_2", z, 2));
  g.out(g.norm("groups_4", z, 4));
  g.out(Op::kSum, {x}, {1});
  g.out(Op::kSum, {w}, {2});
  g.out(Op::kSum, {matrix}, {0});
  return g.graph;
}

Graph attentions() {
  SampleGraph g;
  const ValueId q = g.input("q", {1, {2, 5, 4}});
  const ValueId k = g.input("k", {1, {2, 7, 4}});
  const ValueId v = g.input("v", {1, {2, 7, 3}});
  const ValueId same = g.input("same", {1, {2, 5, 4}});
  const ValueId mask = g.input("mask", {1, {1, 5, 7}}, Type::kBool);
  const ValueId keys = g.input("keys", {1, {1, 1, 7}}, Type::kBool);
  g.out(Op::kAttention, {q, k, v}, {0});
  g.out(Op::kAttention, {q, same, same}, {0});
  g.out(Op::kAttention, {q, same, same}, {1});
  std::vector<int> one_hidden(35, 1);
  for (size_t i = 7; i < 14; ++i) one_hidden[i] = 0;  // the second query sees nothing
  g.out(Op::kAttention, {q, k, v, g.bools("mask_2", {5, 7}, one_hidden)}, {0});
  g.out(Op::kAttention, {q, k, v, g.bools("mask_4", {1, 1, 5, 7}, one_hidden)}, {0});
  const ValueId some = g.add(Op::kAnd, {mask, g.bools("mask_and", {5, 7}, one_hidden)});
  g.out(Op::kAttention, {q, k, v, some}, {0});
  g.out(Op::kAttention, {q, k, v, keys}, {0});
  const ValueId both = g.add(Op::kConcat, {q, same}, {0});
  g.out(Op::kAttention, {both, both, both}, {1});
  return g.graph;
}

Graph places() {
  SampleGraph g;
  const ValueId x = g.input("x", {1, {4, 6}});
  const ValueId y = g.input("y", {2, {3}});
  const ValueId index_1 = g.input("index_1", {1, {2}}, Type::kInt);
  const ValueId index_2 = g.input("index_2", {1, {3, 5}}, Type::kInt);
  const ValueId i = g.input("whole", {1, {3}}, Type::kInt);
  const ValueId b = g.input("bool", {1, {3}}, Type::kBool);
  const ValueId matrix = g.normals("matrix", {3, 4});
  g.out(Op::kReshape, {x}, {1, 24});
  g.out(Op::kReshape, {x}, {2, 12});
  g.out(Op::kReshape, {x}, {24});
  g.out(Op::kReshape, {y}, {1, 2, 3});
  g.out(Op::kReshape, {y}, {2, 1, 3, 1});
  g.out(Op::kReshape, {matrix}, {0, 2, 6});
  g.out(Op::kReshape, {g.normals("one", {1, 1})}, {0});
  g.out(Op::kPermute, {x}, {0, 2, 1});
  g.out(Op::kPermute, {matrix}, {1, 0});
  g.out(Op::kSlice, {x}, {1, 1, 3});
  g.out(Op::kSlice, {x}, {2, 5, 6});
  g.out(Op::kSlice, {x}, {0, 0, 1});
  g.out(Op::kSlice, {matrix}, {0, 1, 3});
  const ValueId four = g.add(Op::kConcat, {y, y}, {0});
  g.out(four);
  g.out(Op::kSlice, {four}, {0, 0, 1});
  g.out(Op::kSlice, {four}, {0, 1, 3});
  g.out(Op::kSlice, {four}, {0, 3, 4});
  g.out(Op::kConcat, {x, x, x}, {2});
  g.out(Op::kConcat, {matrix, matrix}, {0});
  g.out(Op::kConcat, {i, i}, {0});
  g.out(Op::kConcat, {b, b}, {1});
  g.out(Op::kConcat, {x}, {1});
  g.out(Op::kExpand, {g.normals("start", {1, 3})}, {1, 3});
  g.out(Op::kExpand, {g.normals("flat", {6})}, {1, 4, 6});
  g.out(Op::kExpand, {g.normals("token", {1, 1, 6})}, {2, 4, 6});
  g.out(Op::kExpand, {g.scalar("zero", 0.5F)}, {1});
  g.out(Op::kExpand, {g.ints("int", {1, 1}, {3})}, {1, 2});
  g.out(Op::kExpand, {g.bools("yes", {}, {1})}, {1, 2});
  g.out(Op::kExpand, {g.add(Op::kReshape, {y}, {2, 1, 3})}, {2, 4, 3});
  g.out(Op::kExpand, {matrix}, {0, 2, 3, 4});
  g.out(Op::kPad, {x}, {1, 2, 0});
  g.out(Op::kPad, {x}, {2, 1, 3});
  g.out(Op::kPad, {i}, {1, 0, 2});
  g.out(Op::kPad, {b}, {1, 1, 1});
  g.out(Op::kPad, {matrix}, {0, 1, 1});
  g.out(Op::kPick, {x}, {1, 3, 0, 0});
  g.out(Op::kPick, {x}, {2, 5});
  g.out(Op::kPick, {matrix}, {0, 2, 1});
  g.out(Op::kGather, {x, index_2}, {1});
  g.out(Op::kGather, {x, index_2}, {2});
  g.out(Op::kTake, {g.normals("table", {4, 3}), index_1});
  g.out(Op::kTake, {matrix, index_2});
  g.out(Op::kTake, {g.normals("list", {3}), index_1});
  g.out(Op::kTake, {g.ints("ids", {3}, {7, -8, 9}), index_1});
  g.out(Op::kTake, {matrix, g.ints("second", {}, {1})});
  return g.graph;
}

// The rows are told by an input that has three times as many.
Graph threefold() {
  SampleGraph g;
  const ValueId x = g.input("x", {3, {2}});
  g.out(Op::kSlice, {x}, {0, 1, 2});
  g.out(Op::kExpand, {g.normals("start", {2})}, {2, 2});
  g.out(Op::kReshape, {x}, {1, 3, 2});
  return g.graph;
}

Graph mlp() {
  SampleGraph g;
  const ValueId states = g.input("states", {1, {16}});
  const ValueId centred = g.add(Op::kSub, {states, g.normals("mean", {16})});
  const ValueId scaled = g.add(Op::kMul, {centred, g.normals("inverse_deviation", {16})});
  ValueId x = g.add(Op::kClamp, {scaled}, {}, {-5.0, 5.0});
  x = g.add(Op::kRelu, {g.linear("layers.0", x, 32)});
  x = g.norm("layers.1", x);
  x = g.add(Op::kSilu, {g.linear("layers.2", x, 32)});
  const ValueId made = g.add(Op::kExp, {g.linear("head", x, 1)});
  g.graph.add_output("coefficients", made);
  return g.graph;
}

// The carry has the names of an input and of an output.
Graph transformer() {
  SampleGraph g;
  constexpr int64_t kTicks = 8, kWidth = 16, kHeads = 2;
  const ValueId states = g.input("states", {1, {kTicks, 6}});
  const ValueId ticks = g.input("index_ticks", {1, {kTicks}}, Type::kInt);
  const ValueId carry = g.input("carry", {1, {kWidth}});
  ValueId x = g.linear("embed", states, kWidth);
  x = g.add(Op::kAdd, {x, g.add(Op::kTake, {g.normals("positions", {3, kWidth}), ticks})});
  x = g.add(Op::kAdd, {x, g.add(Op::kReshape, {carry}, {1, 1, kWidth})});
  const auto heads = [&](const std::string& name, ValueId of) {
    const ValueId wide = g.linear(name, of, kWidth);
    const ValueId split = g.add(Op::kReshape, {wide}, {1, kTicks, kHeads, kWidth / kHeads});
    return g.add(Op::kPermute, {split}, {0, 2, 1, 3});
  };
  for (const std::string block : {"blocks.0", "blocks.1"}) {
    const ValueId normal = g.norm(block + ".norm", x);
    const ValueId seen = g.add(
        Op::kAttention, {heads(block + ".q", normal), heads(block + ".k", normal), heads(block + ".v", normal)}, {1});
    const ValueId joined = g.add(Op::kReshape, {g.add(Op::kPermute, {seen}, {0, 2, 1, 3})}, {1, kTicks, kWidth});
    x = g.add(Op::kAdd, {x, g.linear(block + ".out", joined, kWidth)});
    const ValueId wide = g.add(Op::kGelu, {g.linear(block + ".up", g.norm(block + ".norm_2", x), 32)});
    x = g.add(Op::kAdd, {x, g.linear(block + ".down", wide, kWidth)});
  }
  const ValueId last = g.add(Op::kReshape, {g.add(Op::kSlice, {x}, {1, kTicks - 1, kTicks})}, {1, kWidth});
  g.graph.add_output("coefficients", g.linear("head", last, 1));
  g.graph.add_output("carry", g.add(Op::kTanh, {last}));
  return g.graph;
}

// Denoises twice with a pass for the condition and one without, in twice the rows.
Graph unet() {
  SampleGraph g;
  const ValueId noise = g.input("noise", {1, {4, 8}});
  const ValueId wishes = g.input("wishes", {1, {3}});
  const ValueId with = g.linear("condition", wishes, 8);
  const ValueId without = g.add(Op::kExpand, {g.normals("no_condition", {1, 8})}, {1, 8});
  const ValueId condition = g.add(Op::kMish, {g.add(Op::kConcat, {with, without}, {0})});
  const ValueId into = g.add(Op::kReshape, {g.linear("into", condition, 8)}, {2, 8, 1});
  const ValueId first = g.normals("down.weight", {8, 4, 3}, 0.3F);
  const ValueId first_bias = g.normals("down.bias", {8}, 0.1F);
  const ValueId last = g.normals("last.weight", {4, 16, 1}, 0.3F);
  const ValueId last_bias = g.normals("last.bias", {4}, 0.1F);
  const ValueId strength = g.scalar("guidance", 1.5F);
  ValueId x = noise;
  for (const std::string level : {"level_1", "level_0"}) {
    const ValueId both = g.add(Op::kConcat, {x, x}, {0});
    ValueId wide = g.add(Op::kConv1d, {both, first, first_bias}, {1, 1});
    wide = g.add(Op::kMish, {g.norm(level + ".norm", wide, 4)});
    wide = g.add(Op::kAdd, {wide, into});
    const ValueId half = g.add(Op::kSilu, {g.conv(level + ".shrink", wide, 8, 3, 2, 1)});
    const ValueId up = g.conv(level + ".up", half, 8, 4, 2, 1, Op::kConvTranspose1d);
    const ValueId joined = g.add(Op::kConcat, {wide, up}, {1});
    const ValueId made = g.add(Op::kConv1d, {joined, last, last_bias}, {1, 0});
    const ValueId conditioned = g.add(Op::kSlice, {made}, {0, 0, 1});
    const ValueId plain = g.add(Op::kSlice, {made}, {0, 1, 2});
    const ValueId step = g.add(Op::kMul, {g.add(Op::kSub, {conditioned, plain}), strength});
    x = g.add(Op::kSub, {x, g.add(Op::kAdd, {plain, step})});
  }
  g.graph.add_output("coefficients", g.add(Op::kSum, {g.add(Op::kClamp, {x}, {}, {-10.0, 10.0})}, {2}));
  return g.graph;
}

}  // namespace

std::map<std::string, Graph> sample_graphs() {
  return {{"floats", floats()},     {"whole_numbers", whole_numbers()},
          {"products", products()}, {"attentions", attentions()},
          {"places", places()},     {"threefold", threefold()},
          {"mlp", mlp()},           {"transformer", transformer()},
          {"unet", unet()}};
}

}  // namespace genbid::graph::test
