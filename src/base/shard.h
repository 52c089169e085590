#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace genbid {

// One of so many processes, on one machine or several, that share work and the folder that it is written to.
struct Shard {
  int64_t index = 0;
  int64_t count = 1;

  bool holds(int64_t job) const { return job % count == index; }
  // Where its share of so many things that must stay together in their order begins; the next shard's begins at its
  // end.
  int64_t begin(int64_t things) const { return index * things / count; }
  int64_t end(int64_t things) const { return (index + 1) * things / count; }
  std::string text() const { return std::to_string(index) + "/" + std::to_string(count); }
};

// From "0/3", "1/3", "2/3"; nothing for another text.
std::optional<Shard> parse_shard(const std::string& text);
inline constexpr const char* kShardForm = "i/n, such as 0/3, 1/3 and 2/3";

}  // namespace genbid
