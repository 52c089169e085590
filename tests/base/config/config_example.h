#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/error.h"

// A config with every sort of field, and the message of a ConfigError.
namespace genbid::test {

struct SeatExample {
  std::string bidder = "pid";
  double alpha = 1.0;

  void fields(ConfigVisitor& v) {
    v.field("bidder", bidder);
    v.field("alpha", alpha);
  }
  bool operator==(const SeatExample&) const = default;
};

struct TrainExample {
  int64_t steps = 100;
  double rate = 0.001;
  double end_rate = 0.0001;
  double limit = 0.0;
  bool resume = false;
  RealInterval scale = {0.5, 2.0};

  void fields(ConfigVisitor& v) {
    v.field("steps", steps, {1, 1000000});
    v.field("rate", rate, {0.0, 1.0});
    v.field("end_rate", end_rate, {0.0, 1.0});
    v.check(end_rate <= rate, "end_rate", "at most train.rate");
    v.field("limit", limit);
    v.field("resume", resume);
    v.field("scale", scale, {0.0, 10.0});
  }
};

struct DataExample {
  std::string path;
  std::vector<std::string> files = {"a.csv"};
  PeriodList periods = {{7, 8, 9}};

  void fields(ConfigVisitor& v) {
    v.required("path", path);
    v.field("files", files);
    v.field("periods", periods);
  }
};

struct ConfigExample {
  int64_t seed = 1;
  std::string rule = "gsp";
  TrainExample train;
  DataExample data;
  std::vector<SeatExample> seats = {{"fixed", 90.0}};

  void fields(ConfigVisitor& v) {
    v.field("seed", seed);
    v.field("rule", rule, {"gsp", "first_price"});
    v.section("train", train);
    v.section("data", data);
    v.list("seats", seats, "bidder");
  }
};

// Reads `text` as the file "run.yaml"; data.path is given where the text has no `data:`.
inline ConfigExample read_example(const std::string& text, std::vector<std::string> overrides = {}) {
  if (text.find("data:") == std::string::npos) overrides.insert(overrides.begin(), "data.path=x");
  ConfigExample config;
  ConfigFile::parse(text, "run.yaml", overrides).read(config);
  return config;
}

inline std::string config_error(const std::function<void()>& act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string example_error(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return config_error([&] { read_example(text, overrides); });
}

}  // namespace genbid::test
