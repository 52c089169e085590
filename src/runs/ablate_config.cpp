#include "runs/ablate_config.h"

#include <algorithm>
#include <filesystem>

#include "base/shard.h"

namespace genbid::runs {
namespace {

bool is_folder_name(const std::string& name) {
  constexpr size_t kLongestName = 100;
  return !name.starts_with('.') && name.size() <= kLongestName &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127 || c == '/'; });
}

constexpr const char* kName = "a name for a folder: up to 100 bytes in one line, without / and a dot in front";

}  // namespace

void VariantConfig::fields(ConfigVisitor& v) {
  v.field("name", name);
  v.check(is_folder_name(name), "name", kName);
  v.path("train", train, true);
  v.field("set", set);
  v.field("grid", grid);
  v.list("policy", policy, "policy");
  v.check(policy.size() <= 1, "policy", "one policy: each variant has one");
}

void JudgedMarketConfig::fields(ConfigVisitor& v) {
  v.required("name", name);
  v.check(!name.empty() && is_folder_name(name), "name", kName);
  v.field("set", set);
}

void AblateConfig::fields(ConfigVisitor& v) {
  v.required("name", name);
  v.check(!name.empty() && is_folder_name(name), "name", kName);
  v.path("dir", dir);
  v.path("train", train, true);
  v.required_path("evaluate", evaluate);
  v.field("set", set);
  v.list("markets", markets, "name");
  v.field("seeds", seeds, "seed");
  v.check(!seeds.values.empty(), "seeds", "at least one seed");
  v.field("base", base);
  v.check(!base.empty() && is_folder_name(base), "base", kName);
  v.field("reference", reference);
  v.list("variants", variants, "name");
  v.check(!variants.empty() || !train.empty(), "variants", "at least one, where no base is trained");
  v.field("fail_fast", fail_fast);
  v.field("jobs", jobs, {0, 1024});
  v.field("shard", shard);
  v.check(shard.empty() || parse_shard(shard), "shard", kShardForm);
}

}  // namespace genbid::runs
