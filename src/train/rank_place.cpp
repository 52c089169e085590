#include "train/rank_place.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.h"

namespace genbid::train {
namespace {

int64_t whole_number(const std::string& name, const std::string& text, int64_t least, int64_t most) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value < least || value > most) {
    throw Error("environment: " + name + ": found '" + text + "', expected a whole number from " +
                std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  bool has(const std::string& name) const { return !text(name).empty(); }
  std::string text(const std::string& name) const { return variables_(name).value_or(""); }
  int64_t number(const std::string& name, int64_t least, int64_t most) const {
    return whole_number(name, text(name), least, most);
  }
  int64_t number_or(const std::string& name, int64_t fallback, int64_t least, int64_t most) const {
    return has(name) ? number(name, least, most) : fallback;
  }
  void need(const std::string& name, const std::string& why) const {
    if (!has(name)) throw Error("environment: " + name + ": not there; expected it " + why);
  }

 private:
  const Variables& variables_;
};

constexpr int64_t kMostRanks = 1 << 20;

// The first machine of Slurm's list: node[03-07,12],other -> node03, rack[1-2]n[1-4]-ib -> rack1n1-ib.
std::string first_machine(const std::string& list) {
  std::string name;
  size_t at = 0;
  while (at < list.size() && list[at] != ',') {
    if (list[at] != '[') {
      name += list[at++];
      continue;
    }
    const size_t close = list.find(']', at);
    if (close == std::string::npos) return {};
    const size_t end = list.find_first_of("-,]", at);
    name += list.substr(at + 1, end - at - 1);
    at = close + 1;
  }
  return name;
}

void read_ranks(const Reader& reader, const std::string& rank, const std::string& size, const std::string& local,
                RankPlace& place) {
  place.size = reader.number(size, 1, kMostRanks);
  reader.need(rank, "beside " + size);
  place.rank = reader.number(rank, 0, place.size - 1);
  place.local_rank = reader.number_or(local, 0, 0, kMostRanks);
  place.from = rank + "=" + std::to_string(place.rank) + ", " + size + "=" + std::to_string(place.size);
}

// Jobs that share a machine are unlikely to meet at one port.
int port_of_job(const Reader& reader) {
  constexpr int64_t kFirst = 20000;
  constexpr int64_t kPorts = 10000;
  const int64_t job = reader.number_or("SLURM_JOB_ID", 0, 0, int64_t{1} << 40);
  const int64_t step = reader.number_or("SLURM_STEP_ID", 0, 0, int64_t{1} << 40);
  return static_cast<int>(kFirst + (job * 31 + step) % kPorts);
}

}  // namespace

std::optional<RankPlace> place_from(const Variables& variables) {
  const Reader reader(variables);
  RankPlace place;
  const bool slurm_step = reader.has("SLURM_STEP_NUM_TASKS");
  if (reader.has("WORLD_SIZE")) {
    const bool indexed = !reader.has("RANK") && reader.has("JOB_COMPLETION_INDEX");
    read_ranks(reader, indexed ? "JOB_COMPLETION_INDEX" : "RANK", "WORLD_SIZE", "LOCAL_RANK", place);
  } else if (reader.has("RANK")) {
    reader.need("WORLD_SIZE", "beside RANK");
  } else if (reader.has("OMPI_COMM_WORLD_SIZE")) {
    read_ranks(reader, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", place);
  } else if (slurm_step || (reader.has("SLURM_NTASKS") && reader.has("MASTER_ADDR"))) {
    read_ranks(reader, "SLURM_PROCID", slurm_step ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", "SLURM_LOCALID", place);
    place.address = first_machine(reader.text("SLURM_STEP_NODELIST"));
    place.port = port_of_job(reader);
  }
  if (place.size == 1) return std::nullopt;

  if (reader.has("MASTER_ADDR")) place.address = reader.text("MASTER_ADDR");
  if (place.address.empty()) reader.need("MASTER_ADDR", "to be the machine of the first rank");
  if (reader.has("MASTER_PORT")) place.port = static_cast<int>(reader.number("MASTER_PORT", 1, 65535));
  if (place.port == 0) reader.need("MASTER_PORT", "to be a free port of that machine");
  place.hosted = reader.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  place.name = "genbid";
  for (const char* const one :
       {"TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"}) {
    place.name += "-" + reader.text(one);
  }
  return place;
}

std::vector<std::string> no_rank_variables() {
  return {"RANK=",
          "WORLD_SIZE=",
          "LOCAL_RANK=",
          "MASTER_ADDR=",
          "MASTER_PORT=",
          "JOB_COMPLETION_INDEX=",
          "OMPI_COMM_WORLD_RANK=",
          "OMPI_COMM_WORLD_SIZE=",
          "OMPI_COMM_WORLD_LOCAL_RANK=",
          "SLURM_PROCID=",
          "SLURM_LOCALID=",
          "SLURM_NTASKS=",
          "SLURM_STEP_NUM_TASKS=",
          "SLURM_STEP_NODELIST=",
          "SLURM_JOB_ID=",
          "SLURM_STEP_ID=",
          "SLURM_RESTART_COUNT=",
          "TORCHELASTIC_RUN_ID=",
          "TORCHELASTIC_RESTART_COUNT=",
          "TORCHELASTIC_USE_AGENT_STORE="};
}

std::optional<RankPlace> place_from_environment() {
  return place_from([](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

}  // namespace genbid::train
