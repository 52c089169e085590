#include <gtest/gtest.h>

#include <limits>

#include "base/config/config_example.h"
#include "base/config/settings_difference.h"

namespace genbid {
namespace {

using test::ConfigExample;

TEST(ConfigPrint, PrintsEveryKeyInTheOrderOfTheFields) {
  ConfigExample config;
  config.data.path = "logs/day-1.csv";
  config.data.periods.values = {7, 8, 9, 12};
  config.seats = {{"pid", 1.0}, {"fixed alpha", 0.1}};
  EXPECT_EQ(print_config(config, "train"), R"(kind: train
seed: 1
rule: gsp
train:
  steps: 100
  rate: 0.001
  end_rate: 1e-04
  limit: 0
  resume: false
  scale: [0.5, 2]
data:
  path: logs/day-1.csv
  files: [a.csv]
  periods: [7..9, 12]
seats:
  - bidder: pid
    alpha: 1
  - bidder: "fixed alpha"
    alpha: 0.1
)");
}

TEST(ConfigPrint, LoadsBackToTheSameValues) {
  ConfigExample config;
  config.seed = std::numeric_limits<int64_t>::min();
  config.train.rate = 0.1 + 0.2;
  config.train.limit = -std::numeric_limits<double>::infinity();
  config.train.resume = true;
  config.train.scale = {3.0, 3.0};
  config.data.periods.values = {9, 3, 4, 5};
  config.data.files = {};
  config.seats = {};
  const std::string text = print_config(config, "train");
  ConfigExample back;
  ConfigFile::parse(text, "printed").read(back);
  EXPECT_EQ(back.seed, config.seed);
  EXPECT_EQ(back.train.rate, config.train.rate);
  EXPECT_EQ(back.train.limit, config.train.limit);
  EXPECT_EQ(back.train.scale, config.train.scale);
  EXPECT_EQ(back.data.periods.values, config.data.periods.values);
  EXPECT_TRUE(back.data.files.empty());
  EXPECT_TRUE(back.seats.empty());
  EXPECT_EQ(print_config(back, "train"), text);
}

struct Numbers {
  std::vector<double> shares = {1.0, 0.5};
  bool changed() const { return shares != Numbers().shares; }
  void fields(ConfigVisitor& v) { v.field("shares", shares, {0.0, 1.0}); }
};
struct Grown {
  int64_t seed = 1;
  Numbers later;
  void fields(ConfigVisitor& v) {
    v.field("seed", seed);
    v.later_section("later", later, later.changed());
  }
};

TEST(ConfigPrint, ALaterSectionIsComparedOnlyWhereItIsNotTheDefault) {
  Grown config;
  EXPECT_EQ(print_config(config, ""), "seed: 1\nlater:\n  shares: [1, 0.5]\n");
  EXPECT_EQ(print_config(config, "", PrintFor::kComparing), "seed: 1\n");
  ConfigFile::parse("later: {shares: [0.1, 0, 1]}", "test").read(config);
  EXPECT_EQ(print_config(config, "", PrintFor::kComparing), "seed: 1\nlater:\n  shares: [0.1, 0, 1]\n");
}

TEST(ConfigRead, AListOfNumbersMayBeOneAndKeepsItsRange) {
  Numbers numbers;
  ConfigFile::parse("shares: 0.25", "test").read(numbers);
  EXPECT_EQ(numbers.shares, std::vector{0.25});
  ConfigFile::parse("{}", "test", {"shares=[]"}).read(numbers);
  EXPECT_TRUE(numbers.shares.empty());
  try {
    ConfigFile::parse("shares: [0.5, 1.5]", "test").read(numbers);
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "test:1: key 'shares': found '1.5', expected a number in [0, 1]");
  }
}

TEST(ConfigPrint, AnyStringLoadsBack) {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "plain",
                                          "true",
                                          "null",
                                          "~",
                                          "5",
                                          "1e5",
                                          "7..20",
                                          ".inf",
                                          "a: b",
                                          "a #b",
                                          "#",
                                          "- a",
                                          "[",
                                          "{}",
                                          "it's",
                                          "say \"x\"",
                                          "back\\slash",
                                          "two\nlines",
                                          "tab\there",
                                          "\x01\x7f",
                                          "na\xc3\xafve",
                                          "a,b",
                                          "*a",
                                          "&a",
                                          "!x",
                                          "%x",
                                          "@x",
                                          "---",
                                          "cr\r",
                                          " lead",
                                          "trail ",
                                          "./a",
                                          "../a",
                                          "/a/b",
                                          "~/x",
                                          "No",
                                          "_x",
                                          "key:",
                                          "?"};
  ConfigExample config;
  config.data.path = "x";
  config.data.files = texts;
  for (const std::string& text : texts) config.seats.push_back({text, 1.0});
  ConfigExample back;
  ConfigFile::parse(print_config(config, "train"), "printed").read(back);
  EXPECT_EQ(back.data.files, texts);
  EXPECT_EQ(back.seats, config.seats);
}

TEST(ConfigPrint, QuotesWhatOtherReadersWouldNotTakeForAString) {
  ConfigExample config;
  config.data.files = {"cuda:0", "yes", "5", "data/*.csv", "first_price", ""};
  const std::string text = print_config(config, "train");
  EXPECT_NE(text.find("files: [\"cuda:0\", \"yes\", \"5\", data/*.csv, first_price, \"\"]"), std::string::npos) << text;
}

TEST(ConfigPrint, NestsListsAndEmptySections) {
  struct Empty {
    void fields(ConfigVisitor& /*v*/) {}
  };
  struct Group {
    Empty none;
    std::vector<test::SeatExample> seats = {{"a", 1.0}};
    void fields(ConfigVisitor& v) {
      v.section("none", none);
      v.list("seats", seats);
    }
  };
  struct {
    std::vector<Group> groups = {{}, {}};
    std::vector<Empty> empties = {{}};
    void fields(ConfigVisitor& v) {
      v.list("groups", groups);
      v.list("empties", empties);
    }
  } config;
  const std::string text = print_config(config, "");
  EXPECT_EQ(text, R"(groups:
  - none: {}
    seats:
      - bidder: a
        alpha: 1
  - none: {}
    seats:
      - bidder: a
        alpha: 1
empties:
  - {}
)");
  ConfigFile::parse(text, "printed").read(config);
  EXPECT_EQ(config.groups.size(), 2U);
}

TEST(SettingsDifference, IsTheFirst) {
  EXPECT_EQ(settings_difference("a: 1\n", "a: 1\n"), "");
  EXPECT_EQ(settings_difference("m:\n  a: 1\n  b: 3\n", "m:\n  a: 2\n  b: 4\n"), "m.a: 1, expected 2");
  EXPECT_EQ(settings_difference("a: 1\n", "a: 1\nb: 2\n"), "b: nothing, expected 2");
}

TEST(SettingsDifference, OfSeveralDocumentsIsThatOfAny) {
  EXPECT_EQ(settings_difference("a: 1\n---\na: 2\n", "a: 1\n---\na: 2\n"), "");
  EXPECT_EQ(settings_difference("a: 1\n---\na: 2\n", "a: 1\n---\na: 3\n"), "a (2): 2, expected 3");
}

TEST(SettingsDifference, AnEarlierProgramDidNotKnowWhatNobodyChanged) {
  const std::string now = "a: 1\nnew:\n  b: 0\n";
  EXPECT_EQ(settings_difference(now, "a: 1\n", "a: 1\n"), "");
  EXPECT_EQ(settings_difference(now, now, "a: 1\n"), "");
  EXPECT_EQ(settings_difference(now, "a: 2\n", "a: 1\n"), "a: 1, expected 2");
  EXPECT_EQ(settings_difference(now, "a: 1\nnew:\n  b: 2\n", "a: 1\n"), "new.b: 0, expected 2");
  EXPECT_EQ(settings_difference("a: 1\n", "a: 1\nold: 2\n", "a: 1\n"), "old: nothing, expected 2");
  EXPECT_EQ(settings_difference("a: 1\nnew:\n  b: 2\n", "a: 1\n", "a: 1\nnew:\n  b: 2\n"),
            "new.b: 2, expected nothing");
}

TEST(SettingsDifference, OfLongValuesIsWhereTheyPart) {
  std::string list = "[";
  for (int i = 0; i < 2000; ++i) list += std::to_string(2 * i) + ", ";
  const std::string before = "(" + std::to_string(list.size() - 20) + " bytes) ..., 3994, 3996, 3998, ";
  EXPECT_EQ(settings_difference("periods: " + list + "5000]\n", "periods: " + list + "6000]\n"),
            "periods: " + before + "5000], expected " + before + "6000]");
  const std::string other = settings_difference("periods: 7..9\n", "periods: " + list + "6000]\n");
  EXPECT_EQ(other.find("periods: 7..9, expected [0, 2, 4, "), 0U) << other;
  EXPECT_LT(other.size(), 200U);
}

TEST(ConfigPrint, NumbersAreTheirShortestText) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(15.0), "15");
  EXPECT_EQ(shortest(1e-5), "1e-05");
  EXPECT_EQ(shortest(1.0 / 3.0), "0.3333333333333333");
}

}  // namespace
}  // namespace genbid
