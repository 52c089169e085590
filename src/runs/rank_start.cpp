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
#include <map>
#include <thread>
#include <utility>

#include "base/config/settings_difference.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "base/terminal.h"
#include "play/population.h"
#include "play/run_identity.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;

// A file without a name, which other processes read by way of this one's.
std::string file_in_memory(const std::string& text = {}) {
  const int file = ::memfd_create("genbid-config", MFD_CLOEXEC);
  if (file < 0)
    throw Error(std::string("train.ranks: no memory for the files of other ranks: ") + std::strerror(errno));
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) throw Error(std::string("train.ranks: ") + std::strerror(errno));
    if (written > 0) done += static_cast<size_t>(written);
  }
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file);
}

// What all ranks must have alike, the run's folder too, although the first alone writes there: processes with others
// were not meant to be one training. Paths of data may differ: what counts is what the files hold.
std::string settings_of(TrainRunConfig config) {
  config.data.memory_megabytes = 0;
  config.data.scratch.clear();
  for (StoreConfig& store : config.data.store) store.path = "store";
  for (TapeFileConfig& store : config.tapes.store) store.path = "store";
  if (!config.train.initial.empty()) config.train.initial = "run";
  config.train.ranks = 1;
  config.train.prometheus.clear();
  return print_config(config, "train");
}

std::string data_of(const TrainRunConfig& config, const policy::CheckpointInfo& info) {
  std::string text = info.initial;
  if (config.select.every > 0) {
    const auto& market = config.select.market;
    text += play::scenario_settings(market, play::load_population(market.population, market.shape().seats));
  }
  for (const policy::SeenStore& store : info.stores) text += " " + (store.data.empty() ? store.sources : store.data);
  return text;
}

// What tells a process started here which rank it is.
std::map<std::string, std::string> variables_at(int64_t rank, int64_t size, int port) {
  return {{"RANK", std::to_string(rank)},        {"LOCAL_RANK", std::to_string(rank)},
          {"WORLD_SIZE", std::to_string(size)},  {"MASTER_ADDR", "127.0.0.1"},
          {"MASTER_PORT", std::to_string(port)}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}};
}

// As a process is given them: those of a launcher that started this one mean nothing to it.
MoreVariables variables_of(const std::map<std::string, std::string>& own) {
  MoreVariables all;
  for (const std::string& variable : train::no_rank_variables()) {
    const auto found = own.find(variable.substr(0, variable.size() - 1));
    all.push_back(found == own.end() ? variable : variable + found->second);
  }
  return all;
}

}  // namespace

RankStart::RankStart(const TrainRunConfig& config, c10::Device device) {
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
  constexpr int64_t kMostOfProcessor = 4;
  const int64_t most = kMostOfProcessor * std::max<int64_t>(1, std::thread::hardware_concurrency());
  if (!place && asked > most) {
    throw Error("train.ranks: found " + std::to_string(asked) + ", expected at most " + std::to_string(most) +
                " on this machine, four for each processor (several machines: docs/using.md)");
  }
  if (!place) {
    point_ = std::make_unique<train::MeetingPoint>();
    const std::string file = file_in_memory(print_config(config, "train"));
    for (int64_t rank = 1; rank < asked; ++rank) {
      outputs_.push_back(file_in_memory());
      others_.emplace_back(std::vector<std::string>{own_program(), "train", file}, outputs_.back(),
                           variables_of(variables_at(rank, asked, point_->port())));
    }
    const auto own = variables_at(0, asked, point_->port());
    place = train::place_from([&own](const std::string& name) -> std::optional<std::string> {
      const auto found = own.find(name);
      return found == own.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
  }
  if (place->rank > 0) terminal::set_quiet(true);
  timeout_ = std::chrono::seconds(config.train.rank_timeout);
  try {
    ranks_ = train::meet(
        *place, {timeout_, config.train.deterministic, train::parse_rank_backend(config.train.backend), device});
  } catch (const Error&) {
    for (const ChildProcess& one : others_) one.send(SIGTERM);
    wait_for_others(std::chrono::seconds(stop_signal::kPatienceSeconds));
    tell_why();
    throw;
  }
}

RankStart::~RankStart() {
  ranks_.reset();  // first, so that nobody waits for this one
  if (others_.empty()) return;
  for (const ChildProcess& one : others_) one.send(SIGTERM);
  wait_for_others(std::chrono::seconds(stop_signal::kPatienceSeconds));
  if (!ended_) tell_why();
}

// This rank ends by an error. What another one says of itself may be the reason; that it was left alone is none.
void RankStart::tell_why() {
  for (size_t i = 0; i < others_.size(); ++i) {
    try {
      const ChildEnd end = others_[i].wait();
      std::string words = read_file(outputs_[i]);
      while (!words.empty() && words.back() == '\n') words.pop_back();
      words = words.substr(words.rfind('\n') + 1);
      const std::string name = "rank " + std::to_string(i + 1);
      if (end.by_signal && end.status != 128 + SIGTERM && end.status != 128 + SIGKILL) {
        log_warning(name + ": ended by signal " + std::to_string(end.status - 128));
      } else if (end.status == 1 && words.find("another rank is lost") == std::string::npos &&
                 words.find("cannot meet the others") == std::string::npos) {
        log_warning(name + ": " + words);
      }
    } catch (const Error&) {  // there is another one to be told
    }
  }
}

// One that hangs is ended.
void RankStart::wait_for_others(std::chrono::seconds patience) {
  const auto start = std::chrono::steady_clock::now();
  for (ChildProcess& one : others_) {
    while (!one.poll() && std::chrono::steady_clock::now() - start < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    one.send(SIGKILL);  // nothing once it has ended
    one.wait();
  }
}

void RankStart::end() {
  ended_ = true;
  wait_for_others(timeout_);
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
  const std::vector<std::string> data = ranks.gather(data_of(config, info));
  const std::vector<std::string> programs =
      ranks.gather(program_name() + " (" + file_content_hash(own_program()) + ")");
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

SharedCheckpoint::~SharedCheckpoint() { release(); }

void SharedCheckpoint::release() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
  folder_.clear();
}

}  // namespace genbid::runs
