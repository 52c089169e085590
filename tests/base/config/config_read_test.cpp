#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/config/config_example.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using test::config_error;
using test::ConfigExample;
using test::example_error;
using test::read_example;

TEST(Config, ReadsEveryKindOfField) {
  const ConfigExample config = read_example(R"(kind: train
seed: -3
rule: first_price
train:
  steps: 1e5
  rate: 5e-1
  limit: .inf
  resume: true
data:
  path: logs/a b.csv
  files: [x.csv, "7"]
  periods: [7..9, 12]
seats:
  - pid
  - {bidder: fixed, alpha: 3}
)");
  EXPECT_EQ(config.seed, -3);
  EXPECT_EQ(config.rule, "first_price");
  EXPECT_EQ(config.train.steps, 100000);
  EXPECT_EQ(config.train.rate, 0.5);
  EXPECT_EQ(config.train.limit, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(config.train.resume);
  EXPECT_EQ(config.data.path, "logs/a b.csv");
  EXPECT_EQ(config.data.files, (std::vector<std::string>{"x.csv", "7"}));
  EXPECT_EQ(config.data.periods.values, (std::vector<int64_t>{7, 8, 9, 12}));
  EXPECT_EQ(config.seats, (std::vector<test::SeatExample>{{"pid", 1.0}, {"fixed", 3.0}}));
}

TEST(Config, KeepsDefaultsOfWhatTheFileLeavesOut) {
  const ConfigExample config = read_example("");
  EXPECT_EQ(config.seed, 1);
  EXPECT_EQ(config.data.periods.values, (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(config.seats, (std::vector<test::SeatExample>{{"fixed", 90.0}}));
}

TEST(Config, ASectionWithNothingInItKeepsItsDefaults) {
  EXPECT_EQ(read_example("train:\n  # steps: 5\nseed: 2\n").train.steps, 100);
}

TEST(Config, AListElementHasItsStructsDefaultsNotThoseOfTheDefaultList) {
  EXPECT_EQ(read_example("seats: [{bidder: abid}]").seats[0].alpha, 1.0);
}

TEST(Config, OneElementMayStandWithoutItsList) {
  EXPECT_EQ(read_example("seats: abid").seats, (std::vector<test::SeatExample>{{"abid", 1.0}}));
  EXPECT_EQ(read_example("seats: {alpha: 2}").seats, (std::vector<test::SeatExample>{{"pid", 2.0}}));
  EXPECT_EQ(read_example("data: {path: p, files: x.csv}").data.files, (std::vector<std::string>{"x.csv"}));
  EXPECT_TRUE(read_example("seats: []").seats.empty());
}

TEST(Config, AnEmptyValueIsAnEmptyStringAndNothingElse) {
  EXPECT_EQ(read_example("data:\n  path:\n").data.path, "");
  EXPECT_EQ(example_error("seed:"), "run.yaml:1: key 'seed': found nothing, expected an integer");
}

TEST(Config, AnAliasStandsForItsAnchor) {
  const ConfigExample config = read_example("seats: [&a {bidder: abid, alpha: 2}, *a]");
  EXPECT_EQ(config.seats, (std::vector<test::SeatExample>{{"abid", 2.0}, {"abid", 2.0}}));
}

TEST(Config, RefusesAliasesThatGrowWithoutBound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = '1'; name <= '9'; ++name) {
    const std::string last = std::string("*a") + static_cast<char>(name - 1);
    text += std::string("a") + name + ": &a" + name + " [" + last;
    for (int j = 1; j < 10; ++j) text += ", " + last;
    text += "]\n";
  }
  EXPECT_EQ(example_error(text), "run.yaml:6: found more than 1000000 values, expected a config");
}

TEST(Config, IntegersAreDecimalHexadecimalOctalOrWholeReals) {
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, int64_t>>{{"12", 12},
                                                    {"+12", 12},
                                                    {"-12", -12},
                                                    {"0x1F", 31},
                                                    {"0o17", 15},
                                                    {"3.0", 3},
                                                    {"1e3", 1000},
                                                    {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
                                                    {"9223372036854775807", std::numeric_limits<int64_t>::max()}}) {
    EXPECT_EQ(read_example("seed: " + text).seed, value) << text;
  }
  for (const char* text : {"1.5", "1_000", "1,000", "abc", "9223372036854775808", "1e30", "0x", "0x-1", "+-1", "1e-3",
                           ".inf", ".nan", "true", "1 2", "0xfffffffffffffffff"}) {
    EXPECT_EQ(example_error(std::string("seed: ") + text),
              std::string("run.yaml:1: key 'seed': found '") + text + "', expected an integer");
  }
  EXPECT_EQ(example_error("seed: '5'"), "run.yaml:1: key 'seed': found '5' in quotes, expected an integer");
}

TEST(Config, RealsAreDecimalAndInfiniteOnlyWhereTheRangeAllowsIt) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, double>>{
           {"0.1", 0.1}, {"5", 5.0}, {"-.5", -0.5}, {"+2.", 2.0}, {"1e-5", 1e-5}, {"1E+5", 1e5}}) {
    EXPECT_EQ(read_example("train: {limit: " + text + "}").train.limit, value) << text;
  }
  for (const char* text : {"abc", "inf", "nan", ".nan", "1e999", "0x10", "1.2.3", "--1"}) {
    EXPECT_EQ(example_error(std::string("train: {limit: ") + text + "}"),
              std::string("run.yaml:1: key 'train.limit': found '") + text + "', expected a number");
  }
  for (const char* text : {".inf", ".nan", "1.5", "-0.1"}) {
    EXPECT_EQ(example_error(std::string("train: {rate: ") + text + "}"),
              std::string("run.yaml:1: key 'train.rate': found '") + text + "', expected a number in [0, 1]");
  }
}

TEST(Config, NamesTheRangeOfAnInteger) {
  const std::string expected = "', expected an integer in [1, 1000000]";
  EXPECT_EQ(example_error("train:\n  steps: abc"), "run.yaml:2: key 'train.steps': found 'abc" + expected);
  EXPECT_EQ(example_error("train:\n  steps: 0"), "run.yaml:2: key 'train.steps': found '0" + expected);
  EXPECT_EQ(example_error("train:\n  steps: 1000001"), "run.yaml:2: key 'train.steps': found '1000001" + expected);
}

TEST(Config, NamesOneSidedRanges) {
  struct {
    int64_t low = 0, high = 0;
    double real = 0;
    void fields(ConfigVisitor& v) {
      v.field("low", low, {.low = 1});
      v.field("high", high, {.high = 9});
      v.field("real", real, {.low = 0.5});
    }
  } config;
  const auto error = [&](const std::string& text) {
    return config_error([&] { ConfigFile::parse(text, "f").read(config); });
  };
  EXPECT_EQ(error("low: 0"), "f:1: key 'low': found '0', expected an integer of at least 1");
  EXPECT_EQ(error("high: 10"), "f:1: key 'high': found '10', expected an integer of at most 9");
  EXPECT_EQ(error("real: 0"), "f:1: key 'real': found '0', expected a number of at least 0.5");
}

TEST(Config, BooleansAreTrueOrFalse) {
  EXPECT_TRUE(read_example("train: {resume: true}").train.resume);
  for (const char* text : {"yes", "1", "True", "on"}) {
    EXPECT_EQ(example_error(std::string("train: {resume: ") + text + "}"),
              std::string("run.yaml:1: key 'train.resume': found '") + text + "', expected true or false");
  }
}

TEST(Config, NamesTheChoices) {
  EXPECT_EQ(example_error("rule: gps"), "run.yaml:1: key 'rule': found 'gps', expected one of gsp, first_price");
}

TEST(Config, NamesAWrongShape) {
  EXPECT_EQ(example_error("data:\n  path: {a: 1}"), "run.yaml:2: key 'data.path': found a mapping, expected a string");
  EXPECT_EQ(example_error("train: 5"), "run.yaml:1: key 'train': found '5', expected a mapping");
  EXPECT_EQ(example_error("data:\n  path: p\n  files: {a: b}"),
            "run.yaml:3: key 'data.files': found a mapping, expected a string or a list of strings");
  EXPECT_EQ(example_error("data:\n  path: p\n  files:\n  - [b]"),
            "run.yaml:4: key 'data.files': found a list, expected a string or a list of strings");
  EXPECT_EQ(example_error("seats:\n"),
            "run.yaml:1: key 'seats': found nothing, expected a bidder or a mapping, or a list of these");
  EXPECT_EQ(example_error("seats:\n- pid\n- [pid]"),
            "run.yaml:3: key 'seats[1]': found a list, expected a bidder or a mapping");
  EXPECT_EQ(example_error("seats:\n- pid\n- bidder: fixed\n  alpha: x"),
            "run.yaml:4: key 'seats[1].alpha': found 'x', expected a number");
}

TEST(Config, PeriodsAreNotNegativeReversedOrDoubled) {
  const auto error = [](const std::string& periods) {
    return example_error("data:\n  path: p\n  periods: " + periods);
  };
  const std::string place = "run.yaml:3: key 'data.periods': ";
  EXPECT_EQ(error("x"), place + "found 'x', expected a period such as 21 or a range such as 7..20");
  EXPECT_EQ(error("7.."), place + "found '7..', expected a period such as 21 or a range such as 7..20");
  EXPECT_EQ(error("-1..3"), place + "found '-1..3', expected periods in [0, 2147483647]");
  EXPECT_EQ(error("9..7"), place + "found '9..7', expected the smaller period first");
  EXPECT_EQ(error("[7..9, 8]"), place + "found '8', expected each period once (8 is there already)");
  EXPECT_EQ(error("0..2000000000"), place + "found '0..2000000000', expected at most 1000000 periods");
  EXPECT_EQ(error("{a: 1}"), place + "found a mapping, expected periods such as 21, 7..20 or [7..9, 12]");
  EXPECT_EQ(read_example("data: {path: p, periods: 7..7}").data.periods.values, std::vector<int64_t>{7});
}

TEST(Config, AListOfNumbersCallsThemByTheirName) {
  struct {
    PeriodList seats, advertisers;
    void fields(ConfigVisitor& v) {
      v.field("seats", seats, "seat");
      v.field("advertisers", advertisers, "advertiser");
    }
  } config;
  const auto error = [&](const std::string& text) {
    return config_error([&] { ConfigFile::parse(text, "f").read(config); });
  };
  EXPECT_EQ(error("seats: [0, 0]"), "f:1: key 'seats': found '0', expected each seat once (0 is there already)");
  EXPECT_EQ(error("seats: -1"), "f:1: key 'seats': found '-1', expected seats in [0, 2147483647]");
  EXPECT_EQ(error("seats: 2..1"), "f:1: key 'seats': found '2..1', expected the smaller seat first");
  EXPECT_EQ(error("seats: {a: 1}"),
            "f:1: key 'seats': found a mapping, expected seats such as 21, 7..20 or [7..9, 12]");
  EXPECT_EQ(error("advertisers: x"),
            "f:1: key 'advertisers': found 'x', expected an advertiser such as 21 or a range such as 7..20");
}

TEST(Config, AnIntervalIsTwoNumbersOrOne) {
  EXPECT_EQ(read_example("train: {scale: [0.25, 4]}").train.scale, (RealInterval{0.25, 4.0}));
  EXPECT_EQ(read_example("train: {scale: 3}").train.scale, (RealInterval{3.0, 3.0}));
  const auto error = [](const std::string& text) { return example_error("train: {scale: " + text + "}"); };
  const std::string place = "run.yaml:1: key 'train.scale': ";
  EXPECT_EQ(error("[2, 1]"), place + "found [2, 1], expected the lower number first");
  EXPECT_EQ(error("[1]"), place + "found a list, expected two numbers, [LOW, HIGH], or one");
  EXPECT_EQ(error("[1, 11]"), place + "found '11', expected a number in [0, 10]");
  EXPECT_EQ(error("wide"), place + "found 'wide', expected a number in [0, 10]");
}

TEST(Config, NamesTheNearestKnownKey) {
  EXPECT_EQ(example_error("seed: 2\ntrain:\n  stepz: 5"),
            "run.yaml:3: key 'train.stepz': unknown; did you mean 'train.steps'?");
  EXPECT_EQ(example_error("trian: {steps: 5}"), "run.yaml:1: key 'trian': unknown; did you mean 'train'?");
  EXPECT_EQ(example_error("seats:\n- {bider: pid}"),
            "run.yaml:2: key 'seats[0].bider': unknown; did you mean 'seats[0].bidder'?");
}

TEST(Config, NamesTheSectionThatHasTheKey) {
  EXPECT_EQ(example_error("steps: 5"), "run.yaml:1: key 'steps': unknown; did you mean 'train.steps'?");
  EXPECT_EQ(example_error("train.steps: 5"), "run.yaml:1: key 'train.steps': unknown; write 'steps' under 'train:'");
}

TEST(Config, NamesAllKeysWhereNoneIsNear) {
  EXPECT_EQ(example_error("data:\n  path: p\n  colour: red"),
            "run.yaml:3: key 'data.colour': unknown; expected one of path, files, periods");
}

TEST(Config, ListsEveryUnknownKey) {
  EXPECT_EQ(example_error("sed: 2\ntrain: {stepz: 5}"),
            "run.yaml:1: key 'sed': unknown; did you mean 'seed'?\n"
            "run.yaml:2: key 'train.stepz': unknown; did you mean 'train.steps'?");
}

TEST(Config, ListsTheFirstOfVeryManyUnknownKeys) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const std::string error = example_error(text);
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 20);
  EXPECT_TRUE(error.ends_with("\n... and 10 more unknown keys")) << error;
}

TEST(Config, ADoubledKeyNamesBothLines) {
  EXPECT_EQ(example_error("train:\n  steps: 1\n  rate: 0.5\n  steps: 2"),
            "run.yaml:4: key 'train.steps': given twice, first in line 2");
  EXPECT_EQ(example_error("seats:\n- pid\n- bidder: a\n  bidder: b"),
            "run.yaml:4: key 'seats[1].bidder': given twice, first in line 3");
}

TEST(Config, AMissingKeyNamesItsSection) {
  EXPECT_EQ(example_error("seed: 2\ndata: {}"), "run.yaml:2: key 'data.path': missing, expected in section 'data'");
  EXPECT_EQ(example_error("data:\n  files: a\n  paht: b"),
            "run.yaml:1: key 'data.path': missing, expected in section 'data' (which has 'paht', run.yaml:3)");
  ConfigExample config;
  EXPECT_EQ(config_error([&] { ConfigFile::parse("", "run.yaml").read(config); }),
            "run.yaml: key 'data.path': missing, expected in section 'data'");
}

TEST(Config, AFailedCheckNamesItsKey) {
  EXPECT_EQ(example_error("train:\n  rate: 0.1\n  end_rate: 0.2"),
            "run.yaml:3: key 'train.end_rate': found '0.2', expected at most train.rate");
  EXPECT_EQ(example_error("train:\n  rate: 0"),
            "run.yaml:1: key 'train.end_rate': found the default '1e-04', expected at most train.rate");
}

// A check of several sections stands above them.
TEST(Config, AFailedCheckNamesAKeyOfASectionBelow) {
  struct Whole {
    test::TrainExample train;
    void fields(ConfigVisitor& v) {
      v.section("train", train);
      v.check(train.steps <= 10, "train.steps", "at most 10");
      v.check(!train.resume, "train", "no resume");
    }
  };
  const auto error = [](const std::string& text, const std::vector<std::string>& overrides = {}) {
    Whole whole;
    return config_error([&] { ConfigFile::parse(text, "run.yaml", overrides).read(whole); });
  };
  EXPECT_EQ(error("train:\n  rate: 0.1\n  steps: 11"),
            "run.yaml:3: key 'train.steps': found '11', expected at most 10");
  EXPECT_EQ(error("train:\n  rate: 0.1", {"train.steps=12"}),
            "command line: train.steps=12: key 'train.steps': found '12', expected at most 10");
  EXPECT_EQ(error("train:\n  rate: 0.1"), "run.yaml: key 'train.steps': found the default '100', expected at most 10");
  EXPECT_EQ(error("train:\n  steps: 5\n  resume: true"),
            "run.yaml:1: key 'train': found a mapping, expected no resume");
}

TEST(Config, KindIsATopLevelKeyOfItsOwn) {
  EXPECT_EQ(ConfigFile::parse("kind: train", "run.yaml").kind(), "train");
  EXPECT_EQ(ConfigFile::parse("", "run.yaml", {"kind=train"}).kind(), "train");
  EXPECT_EQ(config_error([] { ConfigFile::parse("seed: 1", "run.yaml").kind(); }),
            "run.yaml: key 'kind': missing, expected at the top level");
  EXPECT_EQ(config_error([] { ConfigFile::parse("kind: [a]", "run.yaml").kind(); }),
            "run.yaml:1: key 'kind': found a list, expected a string");
}

TEST(Config, NamesTheLineOfBadYaml) {
  EXPECT_EQ(example_error("seed: 1\ntrain: [1, 2"), "run.yaml:2: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(example_error("- 1\n- 2"), "run.yaml:1: found a list, expected keys with values");
  EXPECT_EQ(example_error("seed: 1\n---\nseed: 2"),
            "run.yaml:2: found more text behind the document's end, expected one YAML document");
  EXPECT_EQ(example_error("[1]: 2"), "run.yaml:1: found a list as a key, expected a name");
}

TEST(Config, AnUnreadableFileIsAnError) {
  const test::TemporaryFolder folder;
  const std::string missing = folder.path("no.yaml");
  EXPECT_EQ(config_error([&] { ConfigFile::load(missing); }), missing + ": cannot open: No such file or directory");
  EXPECT_EQ(config_error([&] { ConfigFile::load(folder.path()); }), folder.path() + ": cannot read: Is a directory");
}

}  // namespace
}  // namespace genbid
