#include "reference_products.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace genbid::graph::test {
namespace {

constexpr double kUnit = 0x1p-24;
constexpr double kTiny = 0x1p-126;

// Adds up, and how far off the runtime's sum may be.
class Sum {
 public:
  void add(const Number& a, const Number& b) {
    sum_ += a.real * b.real;
    most_ += std::abs(a.real * b.real);
    carried_ += std::abs(a.real) * b.error + std::abs(b.real) * a.error + a.error * b.error;
    exact_ = exact_ && is_whole(a) && is_whole(b);
    ++count_;
  }
  void add(const Number& a) { add(a, {1.0}); }
  Number result() const {
    if (exact_ && most_ < 0x1p24) return {sum_};
    return {sum_, carried_ + (as_double(count_) + 2.0) * kUnit * most_ + kTiny};
  }

 private:
  static bool is_whole(const Number& a) { return a.error == 0.0 && std::nearbyint(a.real) == a.real; }

  double sum_ = 0.0;
  double most_ = 0.0;
  double carried_ = 0.0;
  int64_t count_ = 0;
  bool exact_ = true;
};

// Shares of a softmax. Each is off by the roundings of its argument, an exponential, the sum and a division.
std::vector<Number> shares(const std::vector<Number>& x) {
  double most = -std::numeric_limits<double>::infinity();
  double error = 0.0;
  for (const Number& one : x) {
    most = std::max(most, one.real);
    error = std::max(error, one.error);
  }
  double sum = 0.0;
  for (const Number& one : x) sum += std::exp(one.real - most);
  std::vector<Number> out;
  for (const Number& one : x) {
    const double share = std::exp(one.real - most) / sum;
    const double roundings = as_double(std::ssize(x)) + 10.0 + 2.0 * (most - one.real);
    out.push_back({share, share * (std::expm1(2.0 * error) + roundings * kUnit) + kTiny});
  }
  return out;
}

// Numbers brought to mean 0 and variance 1, times a weight, plus a bias: all of one group. As x * scale + shift it is
// rounded by u of x * scale.
void normed(const std::vector<Number>& x, double eps, const std::vector<std::pair<Number, Number>>& by,
            std::vector<Number*> out) {
  const double count = as_double(std::ssize(x));
  double mean = 0.0;
  double size = 0.0;
  double carried = 0.0;
  for (const Number& one : x) {
    mean += one.real / count;
    size += std::abs(one.real) / count;
    carried = std::max(carried, one.error);
  }
  const double mean_error = (count + 2.0) * kUnit * size + carried;
  double variance = 0.0;
  double variance_error = 0.0;
  for (const Number& one : x) {
    const double off = std::abs(one.real - mean);
    const double error = mean_error + one.error + kUnit * off;
    variance += off * off / count;
    variance_error += (2.0 * off * error + error * error + (count + 2.0) * kUnit * off * off) / count;
  }
  const double inside = variance + as_double(as_float(eps));
  const double relative =
      variance_error < inside / 2.0 ? variance_error / inside + 6.0 * kUnit : std::numeric_limits<double>::infinity();
  const double scale = 1.0 / std::sqrt(inside);
  for (size_t i = 0; i < x.size(); ++i) {
    const double off = x[i].real - mean;
    const double weight = std::abs(by[i].first.real);
    out[i]->real = off * scale * by[i].first.real + by[i].second.real;
    out[i]->error =
        weight * scale * (mean_error + x[i].error + std::abs(off) * relative) +
        2.0 * kUnit * (weight * scale * (std::abs(x[i].real) + std::abs(mean)) + std::abs(by[i].second.real)) + kTiny;
  }
}

const Number& at_places(const Numbers& of, const Places& at) { return of.all[to_size(place_of(at, of.sizes))]; }

Number linear(const std::vector<const Numbers*>& in, const Places& at) {
  Sum sum;
  Places x = at;
  for (int64_t k = 0; k < in[1]->sizes[1]; ++k) {
    x.back() = k;
    sum.add(at_places(*in[0], x), at_places(*in[1], {at.back(), k}));
  }
  sum.add(at_places(*in[2], {at.back()}));
  return sum.result();
}

Number matmul(const std::vector<const Numbers*>& in, const Places& at) {
  Sum sum;
  Places x = at;
  Places y = in[1]->sizes.size() == 2 ? Places(2) : at;
  for (int64_t k = 0; k < in[0]->sizes.back(); ++k) {
    x.back() = k;
    y[y.size() - 2] = k;
    y.back() = at.back();
    sum.add(at_places(*in[0], x), at_places(*in[1], y));
  }
  return sum.result();
}

// Each place of the output, by all places of the input and all taps that meet there.
Number convolved(const Node& node, const std::vector<const Numbers*>& in, const Places& at) {
  const bool transposed = node.op == Op::kConvTranspose1d;
  const int64_t stride = node.ints[0];
  const int64_t padding = node.ints[1];
  Sum sum;
  sum.add(at_places(*in[2], {at[1]}));
  for (int64_t c = 0; c < in[0]->sizes[1]; ++c) {
    for (int64_t l = 0; l < in[0]->sizes[2]; ++l) {
      for (int64_t k = 0; k < in[1]->sizes[2]; ++k) {
        const bool meets = transposed ? l * stride + k == at[2] + padding : at[2] * stride + k == l + padding;
        if (!meets) continue;
        sum.add(at_places(*in[0], {at[0], c, l}),
                at_places(*in[1], transposed ? Places{c, at[1], k} : Places{at[1], c, k}));
      }
    }
  }
  return sum.result();
}

// All places of a query's answer.
void attend(const Node& node, const std::vector<const Numbers*>& in, const Places& query, Numbers& out) {
  const double scale = 1.0 / std::sqrt(as_double(in[0]->sizes[3]));
  std::vector<Number> scores;
  std::vector<int64_t> keys;
  for (int64_t l = 0; l < in[1]->sizes[2]; ++l) {
    if (node.ints[0] != 0 && l > query[2]) continue;
    if (in.size() > 3) {
      Places mask = {query[0], query[1], query[2], l};
      mask.erase(mask.begin(), mask.end() - std::ssize(in[3]->sizes));
      for (size_t i = 0; i < mask.size(); ++i) mask[i] = in[3]->sizes[i] == 1 ? 0 : mask[i];
      if (at_places(*in[3], mask).whole == 0) continue;
    }
    Sum sum;
    for (int64_t i = 0; i < in[0]->sizes[3]; ++i) {
      sum.add(at_places(*in[0], {query[0], query[1], query[2], i}), at_places(*in[1], {query[0], query[1], l, i}));
    }
    const Number score = sum.result();
    scores.push_back({score.real * scale, (score.error + 3.0 * kUnit * std::abs(score.real)) * scale});
    keys.push_back(l);
  }
  if (keys.empty()) return;
  const std::vector<Number> weights = shares(scores);
  for (int64_t e = 0; e < in[2]->sizes[3]; ++e) {
    Sum sum;
    for (size_t i = 0; i < keys.size(); ++i) sum.add(weights[i], at_places(*in[2], {query[0], query[1], keys[i], e}));
    out.all[to_size(place_of({query[0], query[1], query[2], e}, out.sizes))] = sum.result();
  }
}

void norm(const Node& node, const std::vector<const Numbers*>& in, Numbers& out) {
  const Numbers& x = *in[0];
  const bool grouped = node.op == Op::kGroupNorm;
  const int64_t size = grouped ? x.sizes[1] / node.ints[0] * x.sizes[2] : x.sizes.back();
  for (int64_t first = 0; first < std::ssize(x.all); first += size) {
    std::vector<Number> group;
    std::vector<Number*> to;
    std::vector<std::pair<Number, Number>> by;
    for (int64_t i = first; i < first + size; ++i) {
      group.push_back(at(x.all, i));
      to.push_back(&at(out.all, i));
      if (node.op == Op::kSoftmax) continue;
      const int64_t channel = grouped ? i / x.sizes[2] % x.sizes[1] : i - first;
      by.emplace_back(at(in[1]->all, channel), at(in[2]->all, channel));
    }
    if (node.op != Op::kSoftmax) {
      normed(group, node.reals[0], by, to);
      continue;
    }
    const std::vector<Number> all_shares = shares(group);
    for (size_t i = 0; i < to.size(); ++i) *to[i] = all_shares[i];
  }
}

Number summed(const Node& node, const Numbers& x, const Places& place) {
  Sum sum;
  Places from = place;
  from.insert(from.begin() + node.ints[0], 0);
  for (int64_t i = 0; i < at(x.sizes, node.ints[0]); ++i) {
    at(from, node.ints[0]) = i;
    sum.add(at_places(x, from));
  }
  return sum.result();
}

}  // namespace

void reference_of_products(const Node& node, const std::vector<const Numbers*>& in, Numbers& out) {
  switch (node.op) {
    case Op::kSoftmax:
    case Op::kLayerNorm:
    case Op::kGroupNorm:
      return norm(node, in, out);
    case Op::kAttention:
      return for_places({out.sizes[0], out.sizes[1], out.sizes[2]},
                        [&](const Places& query, int64_t) { attend(node, in, query, out); });
    default:
      for_places(out.sizes, [&](const Places& at, int64_t i) {
        Number& to = out.all[to_size(i)];
        if (node.op == Op::kLinear) to = linear(in, at);
        if (node.op == Op::kMatmul) to = matmul(in, at);
        if (node.op == Op::kSum) to = summed(node, *in[0], at);
        if (node.op == Op::kConv1d || node.op == Op::kConvTranspose1d) to = convolved(node, in, at);
      });
  }
}

}  // namespace genbid::graph::test
