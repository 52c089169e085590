#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/error.h"

namespace genbid {
namespace {

struct Places {
  std::string run;
  std::string table = "own";
  std::string log;
  std::vector<std::string> inputs;
  std::optional<double> wish;

  void fields(ConfigVisitor& v) {
    v.required_path("run", run);
    v.path("table", table);
    v.path("log", log, true);
    v.path("inputs", inputs);
    v.field("wish", wish, {0.0, 10.0});
  }
};

Places read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  Places places;
  ConfigFile::parse(text, "run.yaml", overrides).read(places);
  return places;
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read(text, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

class ConfigPath : public testing::Test {
 protected:
  ConfigPath() { ::setenv("HOME", "/home/ann", 1); }
  ~ConfigPath() override {
    if (home_.empty()) {
      ::unsetenv("HOME");
    } else {
      ::setenv("HOME", home_.c_str(), 1);
    }
  }
  std::string home_ = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
};

TEST_F(ConfigPath, StartsInTheHomeFolderWhereItSaysSo) {
  EXPECT_EQ(read("run: ~/x").run, "/home/ann/x");
  EXPECT_EQ(read("run: '~/x'").run, "/home/ann/x");
  EXPECT_EQ(read("", {"run=~/x"}).run, "/home/ann/x");
  EXPECT_EQ(read("run: a~/x").run, "a~/x");
  EXPECT_EQ(read("run: ./~x").run, "./~x");
  EXPECT_EQ(read("{run: r, inputs: [~/a, b]}").inputs, (std::vector<std::string>{"/home/ann/a", "b"}));
  EXPECT_EQ(read("{run: r, inputs: ~/a}").inputs, (std::vector<std::string>{"/home/ann/a"}));
}

TEST_F(ConfigPath, OfSomebodyElsesHomeIsAnError) {
  EXPECT_EQ(
      error_of("run: ~bob/x"),
      "run.yaml:1: key 'run': found '~bob/x', expected a path; ~/ stands for the home folder, ./~ for a name that "
      "begins with ~");
  EXPECT_NE(error_of("run: '~'").find("found '~', expected a path"), std::string::npos);
}

TEST_F(ConfigPath, OfNothingIsAnErrorUnlessItMayBeLeftOut) {
  EXPECT_EQ(error_of("run: ''"), "run.yaml:1: key 'run': found '' in quotes, expected a path");
  EXPECT_EQ(error_of("run:"), "run.yaml:1: key 'run': found nothing, expected a path");
  EXPECT_EQ(error_of("run: ~"), "run.yaml:1: key 'run': found nothing, expected a path");
  EXPECT_EQ(error_of("", {"run=~"}), "command line: run=~: key 'run': found nothing, expected a path");
  for (const std::string null : {"null", "Null", "NULL"}) {
    EXPECT_EQ(error_of("run: " + null), "run.yaml:1: key 'run': found nothing, expected a path");
    EXPECT_EQ(error_of("", {"run=" + null}),
              "command line: run=" + null + ": key 'run': found nothing, expected a path");
  }
  EXPECT_EQ(error_of("", {"run="}), "command line: run=: key 'run': found nothing, expected a path");
  EXPECT_EQ(error_of("run: a\ntable: null"), "run.yaml:2: key 'table': found nothing, expected a path");
  EXPECT_EQ(error_of("run: a\ninputs: [a, '']"),
            "run.yaml:2: key 'inputs': found '' in quotes, expected a path or a list of paths");
  EXPECT_EQ(read("{run: a, log: ''}").log, "");
  EXPECT_EQ(read("run: a", {"log="}).log, "");
}

TEST_F(ConfigPath, PrintsAsItWasUnderstood) {
  const Places places = read("run: a", {"run=~/exp #3: \"x\""});
  EXPECT_EQ(places.run, "/home/ann/exp #3: \"x\"");
  EXPECT_EQ(read(print_config(places, "")).run, places.run);
}

TEST(ConfigOptional, IsLeftOutGivenOrRefused) {
  EXPECT_FALSE(read("run: a").wish);
  EXPECT_FALSE(read("{run: a, wish: null}").wish);
  EXPECT_EQ(read("{run: a, wish: 2}").wish, 2.0);
  EXPECT_EQ(error_of("{run: a, wish: .nan}"), "run.yaml:1: key 'wish': found '.nan', expected a number in [0, 10]");
  EXPECT_EQ(error_of("{run: a, wish: 11}"), "run.yaml:1: key 'wish': found '11', expected a number in [0, 10]");
  EXPECT_FALSE(read(print_config(read("run: a"), "")).wish);
  EXPECT_EQ(read(print_config(read("{run: a, wish: 0.1}"), "")).wish, 0.1);
}

TEST(PeriodReader, RefusesTooManyBeforeItHoldsThem) {
  PeriodReader periods;
  periods.append("0..999998", "here");
  const auto error = [&](const std::string& text) {
    try {
      periods.append(text, "here");
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error("1000000..1000001"), "here: found '1000000..1000001', expected at most 1000000 periods");
  EXPECT_EQ(error("5..6"), "here: found '5..6', expected at most 1000000 periods");
  EXPECT_EQ(error("999998"), "here: found '999998', expected each period once (999998 is there already)");
  periods.append("999999", "here");
  EXPECT_EQ(error("1000000"), "here: found '1000000', expected at most 1000000 periods");
}

TEST(PeriodReader, TakesAsManySinglePeriodsAsItAllows) {
  PeriodReader periods;
  for (int64_t period = 1'000'000; period-- > 0;) periods.append(std::to_string(period), "here");
  EXPECT_EQ(periods.take().size(), 1'000'000U);
}

}  // namespace
}  // namespace genbid
