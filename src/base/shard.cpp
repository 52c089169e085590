#include "base/shard.h"

#include <charconv>

namespace genbid {

std::optional<Shard> parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, fault] = std::from_chars(text.data(), end, shard.index);
  if (fault != std::errc() || slash == end || *slash != '/') return std::nullopt;
  const auto [rest, second_fault] = std::from_chars(slash + 1, end, shard.count);
  constexpr int64_t kMostShards = 10'000;
  const bool good = second_fault == std::errc() && rest == end && shard.index >= 0 && shard.index < shard.count &&
                    shard.count <= kMostShards;
  return good ? std::optional(shard) : std::nullopt;
}

}  // namespace genbid
