#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "bench/bench.h"
#include "train/ranks.h"

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

// Two ranks of this machine, as threads of one process.
void at_two_ranks(const std::function<void(train::Ranks&)>& fn) {
  const train::MeetingPoint point;
  std::vector<std::exception_ptr> errors(2);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        train::RankPlace place;
        place.rank = rank;
        place.size = 2;
        place.address = "127.0.0.1";
        place.port = point.port();
        place.hosted = true;
        place.name = "bench";
        fn(*train::meet(place, {}));
      } catch (...) {
        errors[to_size(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

// The sum that a step of a training makes, of so many floats.
void sum(const std::string& name, int64_t count) {
  double seconds = 0.0;
  at_two_ranks([&](train::Ranks& ranks) {
    const at::Tensor values = at::full({count}, as_double(ranks.rank()) + 1.0, at::kFloat);
    ranks.sum(values);
    if (!values.eq(3.0).all().item<bool>()) throw Error(name + ": found a sum that is not 1 + 2");
    values.fill_(0.0);
    constexpr int kSums = 50;  // as many at either rank
    std::vector<double> taken;
    for (int i = 0; i < kSums; ++i) {
      const auto start = std::chrono::steady_clock::now();
      ranks.sum(values);
      taken.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(taken.begin(), taken.end());
    if (ranks.first()) seconds = taken[taken.size() / 2];
  });
  print_figure(name, 1e3 * seconds, "ms", Json{{"ranks", 2}, {"bytes", count * 4}, {"over", "loopback"}});
}

}  // namespace

std::vector<Benchmark> rank_benchmarks() {
  std::vector<Benchmark> all;
  const std::vector<std::pair<std::string, int64_t>> sizes = {{"perceptron", 71'937},
                                                              {"decision_transformer", 252'033},
                                                              {"diffbid", 592'335},
                                                              {"diffbid_official", 16'608'657}};
  for (const auto& [model, parameters] : sizes) {
    const std::string name = "ranks.sum." + model;
    const int64_t count = parameters;
    all.push_back({name, [name, count](int) { sum(name, count); }});
  }
  return all;
}

}  // namespace genbid::bench
