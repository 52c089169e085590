#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/program.h"
#include "app/two_machines.h"
#include "base/files/atomic_file.h"
#include "base/files/safetensors.h"
#include "base/temporary_folder.h"

namespace genbid::test {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

inline int free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool found = ::bind(file, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(file);
  return found ? ntohs(address.sin_port) : 0;
}

class RanksTraining : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    inputs_ = new TemporaryFolder;
    must_run({"ingest", "configs/ingest.yaml", "output=" + inputs_->path("store.h5")});
    must_run({"simulate", "configs/simulate.yaml", "market.population=rules48", "market.impressions=4000",
              "market.budget_scale=0.008", "market.periods=7..9", "output.tape=true", "output.ticks=false",
              "output.dir=" + inputs_->path("tapes")});
  }
  static void TearDownTestSuite() { delete inputs_; }
  static void must_run(const Words& words) {
    Program program(words, inputs_->path("text.txt"));
    ASSERT_EQ(program.wait(), 0) << read_file(inputs_->path("text.txt"));
  }

  std::string out(const std::string& name) const { return folder_.path(name); }
  std::string text(const std::string& name) const { return read_file(folder_.path(name)); }
  void must(const Words& words) {
    Program program(words, out("text.txt"));
    ASSERT_EQ(program.wait(), 0) << text("text.txt");
  }

  // From logs, with dropout and two groups of parameters.
  Words logged(const std::string& run, const Words& more = {}) const {
    Words words = {"train",
                   "configs/diffbid.yaml",
                   "data.store=" + inputs_->path("store.h5"),
                   "data.train_periods=7",
                   "data.held_out_periods=[]",
                   "run=" + out(run),
                   "model.width=8",
                   "model.stages=2",
                   "train.steps=40",
                   "train.batch_size=16",
                   "train.log_every=8",
                   "train.eval_every=20",
                   "train.checkpoint_every=10",
                   "train.threads=1",
                   "train.rank_timeout=20"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // In the market, on tapes and in rounds, judged as it goes on.
  Words market(const std::string& run, const Words& more = {}) const {
    Words words = {"train",
                   "configs/self_play.yaml",
                   "run=" + out(run),
                   "tapes.store=" + inputs_->path("tapes/tape.h5"),
                   "tapes.train_periods=7..8",
                   "tapes.held_out_periods=9",
                   "rounds.share=0.5",
                   "train.steps=12",
                   "train.threads=1",
                   "train.log_every=4",
                   "train.eval_every=6",
                   "train.checkpoint_every=5",
                   "tapes.cells=12",
                   "model.width=16",
                   "rounds.every=4",
                   "rounds.periods=2",
                   "rounds.keep=2",
                   "rounds.market.periods=2000..2004",
                   "select.every=6",
                   "select.market.periods=21",
                   "train.rank_timeout=20"};
    for (const std::string section : {"rounds.market.", "select.market."}) {
      for (const char* setting : {"impressions=4000", "budget_scale=0.008", "population=rules48"}) {
        words.push_back(section + setting);
      }
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  void expect_equal_weights(const std::string& a, const std::string& b, const std::string& step) {
    for (const char* file : {"/model.safetensors", "/trainer.safetensors"}) {
      EXPECT_EQ(text(a + "/checkpoints/" + step + file) == text(b + "/checkpoints/" + step + file), true) << b << file;
    }
  }

  double last_loss(const std::string& run) const {
    const std::string metrics = text(run + "/metrics.jsonl");
    const std::string key = "\"train/loss\": ";
    return std::strtod(metrics.c_str() + metrics.rfind(key) + key.size(), nullptr);
  }

  // Between two runs' averaged and last weights.
  double largest_difference(const std::string& a, const std::string& b, const std::string& step) const {
    const SafetensorsFile one(out(a + "/checkpoints/" + step + "/model.safetensors"));
    const SafetensorsFile other(out(b + "/checkpoints/" + step + "/model.safetensors"));
    double most = 0.0;
    for (const TensorBytes& tensor : one.tensors()) {
      if (tensor.dtype != "F32") continue;
      const TensorBytes* const same = other.find(tensor.name);
      EXPECT_NE(same, nullptr) << tensor.name;
      if (same == nullptr) continue;
      const auto* const x = reinterpret_cast<const float*>(tensor.data.data());
      const auto* const y = reinterpret_cast<const float*>(same->data.data());
      for (size_t i = 0; i < tensor.data.size() / sizeof(float); ++i) {
        most = std::max(most, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
      }
    }
    return most;
  }

  // One of so many processes, as torchrun starts them.
  std::unique_ptr<Program> rank(int number, int size, const Words& words, int port,
                                const std::string& address = "127.0.0.1") {
    const std::vector<std::pair<const char*, std::string>> variables = {{"RANK", std::to_string(number)},
                                                                        {"WORLD_SIZE", std::to_string(size)},
                                                                        {"LOCAL_RANK", std::to_string(number)},
                                                                        {"MASTER_ADDR", address},
                                                                        {"MASTER_PORT", std::to_string(port)}};
    for (const auto& [name, value] : variables) ::setenv(name, value.c_str(), 1);
    auto program = std::make_unique<Program>(words, out("rank" + std::to_string(number) + ".txt"));
    for (const auto& [name, value] : variables) ::unsetenv(name);
    return program;
  }
  std::vector<std::unique_ptr<Program>> ranks(int size, const Words& words) {
    const int port = free_port();
    std::vector<std::unique_ptr<Program>> all;
    for (int number = 0; number < size; ++number) all.push_back(rank(number, size, words, port));
    return all;
  }

  std::string newest_checkpoint(const std::string& run) const {
    std::string newest;
    for (const auto& entry : fs::directory_iterator(out(run + "/checkpoints"))) {
      newest = std::max(newest, entry.path().filename().string());
    }
    return newest;
  }

  // An experiment of two small trainings: out("ablate.yaml").
  void write_experiment() const {
    write_file(out("market.yaml"),
               "kind: evaluate\npolicy: pid\nmarket: {population: rules48, impressions: 2000, budget_scale: 0.004, "
               "periods: 30}\nseats: [0]\noutput: {dir: unused}\n");
    write_file(
        out("ablate.yaml"),
        "kind: ablate\nname: small\ntrain: configs/quickstart/behavior_cloning.yaml\nevaluate: " + out("market.yaml") +
            "\nset: [data.store=" + inputs_->path("store.h5") +
            ", train.steps=5, train.batch_size=16]\njobs: 1\nvariants:\n  - {name: one, set: []}\n  - {name: two, "
            "set: [train.learning_rate=1e-5]}\n");
  }

  // Each on a machine of its own.
  std::vector<std::unique_ptr<Program>> ranks_on(const TwoMachines& machines, const Words& words,
                                                 const std::string& first = TwoMachines::address(0),
                                                 const std::vector<std::string>& hosts = {"", ""}) {
    std::vector<std::unique_ptr<Program>> all;
    for (size_t number = 0; number < 2; ++number) {
      machines.on(number, hosts[number],
                  [&] { all.push_back(rank(static_cast<int>(number), 2, words, 29500, first)); });
    }
    return all;
  }

  static inline TemporaryFolder* inputs_ = nullptr;
  TemporaryFolder folder_;
};

}  // namespace genbid::test
