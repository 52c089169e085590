#include "runs/rank_start.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/config/settings_difference.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/stop_signal.h"
#include "base/terminal.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;

// A file without a name, which other processes read by way of this one's.
std::string file_in_memory(const std::string& text) {
  const int file = ::memfd_create("genbid-config", MFD_CLOEXEC);
  if (file < 0)
    throw Error(std::string("train.ranks: no memory for the config of other ranks: ") + std::strerror(errno));
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) throw Error(std::string("train.ranks: ") + std::strerror(errno));
    if (written > 0) done += static_cast<size_t>(written);
  }
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file);
}

// What all ranks must have alike. Paths may differ: what counts is what the files hold.
std::string settings_of(TrainRunConfig config) {
  config.run.clear();
  for (StoreConfig& store : config.data.store) store.path = "store";
  for (TapeFileConfig& store : config.tapes.store) store.path = "store";
  if (!config.train.initial.empty()) config.train.initial = "run";
  config.train.ranks = 1;
  config.train.prometheus.clear();
  return print_config(config, "train");
}

std::string data_of(const policy::CheckpointInfo& info) {
  std::string text = info.initial;
  for (const policy::SeenStore& store : info.stores) text += " " + (store.data.empty() ? store.sources : store.data);
  return text;
}

}  // namespace

RankStart::RankStart(const TrainRunConfig& config) {
  std::optional<train::RankPlace> place = train::place_from_environment();
  const int64_t asked = config.train.ranks;
  if (place && asked != 1 && asked != place->size) {
    throw Error("train.ranks: found " + std::to_string(asked) + ", expected 1 or the " + std::to_string(place->size) +
                " of the environment (" + place->from + ")");
  }
  if (!place && asked == 1) {
    ranks_ = std::make_unique<train::OneRank>();
    return;
  }
  if (!place) {
    point_ = std::make_unique<train::MeetingPoint>();
    const std::string file = file_in_memory(print_config(config, "train"));
    const std::string size = std::to_string(asked);
    const std::string port = std::to_string(point_->port());
    for (int64_t rank = 1; rank < asked; ++rank) {
      const std::string number = std::to_string(rank);
      others_.emplace_back(
          std::vector<std::string>{own_program(), "train", file}, "",
          MoreVariables{"RANK=" + number, "LOCAL_RANK=" + number, "WORLD_SIZE=" + size, "MASTER_ADDR=127.0.0.1",
                        "MASTER_PORT=" + port, "TORCHELASTIC_USE_AGENT_STORE=True", "TORCHELASTIC_RESTART_COUNT="});
    }
    place = train::RankPlace{0, asked, 0, "127.0.0.1", point_->port(), true, "genbid--", "train.ranks=" + size};
  }
  if (place->rank > 0) terminal::set_quiet(true);
  ranks_ = train::meet(*place, {std::chrono::seconds(config.train.rank_timeout), config.train.deterministic});
}

RankStart::~RankStart() {
  ranks_.reset();  // first, so that nobody waits for this one
  constexpr auto kPatience = std::chrono::seconds(stop_signal::kPatienceSeconds);
  const auto start = std::chrono::steady_clock::now();
  for (ChildProcess& one : others_) one.send(SIGTERM);
  for (ChildProcess& one : others_) {
    while (!one.poll() && std::chrono::steady_clock::now() - start < kPatience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    one.send(SIGKILL);  // one that hangs; nothing once it has ended
  }
}

void RankStart::end() {
  for (size_t i = 0; i < others_.size(); ++i) {
    const ChildEnd end = others_[i].wait();
    if (!end.by_signal && (end.status == 0 || end.status > 128)) continue;
    throw Error("rank " + std::to_string(i + 1) + ": ended with status " + std::to_string(end.status) +
                " behind the last step; expected 0");
  }
}

void check_same_training(train::Ranks& ranks, const TrainRunConfig& config, const policy::CheckpointInfo& info) {
  if (ranks.alone()) return;
  const std::vector<std::string> settings = ranks.gather(settings_of(config));
  const std::vector<std::string> data = ranks.gather(data_of(info));
  const std::vector<std::string> programs = ranks.gather(program_name());
  const std::vector<std::string> processors = ranks.gather(at::get_cpu_capability());
  const auto refuse = [](size_t rank, const std::string& what) {
    throw Error("rank " + std::to_string(rank) + ": found " + what);
  };
  for (size_t r = 1; r < settings.size(); ++r) {
    const std::string difference = settings_difference(settings[r], settings.front());
    if (!difference.empty()) refuse(r, difference + " as at the first rank");
    if (data[r] != data.front()) refuse(r, "other data than the first rank's; expected the same in all files");
    if (programs[r] != programs.front()) {
      refuse(r, programs[r] + ", expected " + programs.front() + ", the first rank's program");
    }
    if (processors[r] != processors.front()) {
      refuse(r, "a processor for whose instructions (" + processors[r] + ") results have other bits than the first " +
                    "rank's (" + processors.front() +
                    "); expected the same (ATEN_CPU_CAPABILITY=avx2 or default at "
                    "all of them)");
    }
  }
}

SharedCheckpoint::SharedCheckpoint(train::Ranks& ranks, const std::string& of_first) : path_(of_first) {
  if (ranks.alone()) return;
  std::vector<std::string> names;
  if (ranks.first() && !of_first.empty()) {
    for (const auto& entry : fs::directory_iterator(of_first)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
  }
  const int64_t num_files = ranks.copy_from_first(std::ssize(names));
  if (num_files == 0) return;
  if (!ranks.first()) {
    std::string pattern = (fs::temp_directory_path() / "genbid-checkpoint-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error(pattern + ": cannot be made: " + std::strerror(errno));
    folder_ = pattern;
    path_ = folder_;
  }
  for (int64_t i = 0; i < num_files; ++i) {
    const std::string name = ranks.gather(ranks.first() ? at(names, i) : "").front();
    const std::string bytes = ranks.first() ? read_file(of_first + "/" + name) : "";
    const at::Tensor values = at::zeros({ranks.copy_from_first(std::ssize(bytes))}, at::kByte);
    if (ranks.first()) std::memcpy(values.mutable_data_ptr<uint8_t>(), bytes.data(), bytes.size());
    if (values.numel() > 0) ranks.copy_from_first(values);
    if (!ranks.first()) {
      write_file(folder_ + "/" + name,
                 {reinterpret_cast<const char*>(values.const_data_ptr<uint8_t>()), to_size(values.numel())});
    }
  }
}

SharedCheckpoint::~SharedCheckpoint() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

}  // namespace genbid::runs
