#include "train/ranks.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace genbid::train {

double Ranks::sum(double value) {
  const at::Tensor values = at::full({1}, value, at::kDouble);
  sum(values);
  return values.item<double>();
}

int64_t Ranks::copy_from_first(int64_t value) {
  const at::Tensor values = at::full({1}, value, at::kLong);
  copy_from_first(values);
  return values.item<int64_t>();
}

int64_t Ranks::highest(int64_t value) {
  if (alone()) return value;
  int64_t most = value;
  for (const std::string& text : gather(std::to_string(value))) {
    most = std::max<int64_t>(most, std::strtoll(text.c_str(), nullptr, 10));
  }
  return most;
}

int64_t ranks_on_this_machine(Ranks& ranks) {
  if (ranks.alone()) return 1;
  char name[256] = {};
  ::gethostname(name, sizeof(name) - 1);
  std::ifstream boot("/proc/sys/kernel/random/boot_id");  // machines may have the same name
  std::string id;
  std::getline(boot, id);
  const std::string own = name + (" " + id);
  const std::vector<std::string> all = ranks.gather(own);
  return std::count(all.begin(), all.end(), own);
}

const std::vector<std::string>& rank_backend_names() {
  static const std::vector<std::string> names = {"gloo", "nccl"};
  return names;
}

RankBackend parse_rank_backend(const std::string& name) {
  return name == rank_backend_names()[0] ? RankBackend::kGloo : RankBackend::kNccl;
}

Ranks& one_rank() {
  static OneRank alone;
  return alone;
}

}  // namespace genbid::train
