#include <gtest/gtest.h>

#include "base/config/config_example.h"

namespace genbid {
namespace {

using test::ConfigExample;
using test::example_error;
using test::read_example;

TEST(ConfigOverride, ReplacesOrCreatesAKey) {
  EXPECT_EQ(read_example("train: {steps: 5}", {"train.steps=7"}).train.steps, 7);
  EXPECT_EQ(read_example("", {"train.steps=7"}).train.steps, 7);
  EXPECT_EQ(read_example("train:\n", {"train.steps=7"}).train.steps, 7);
  EXPECT_EQ(read_example("train: {steps: 5}", {"train.rate=0.5"}).train.steps, 5);
}

TEST(ConfigOverride, TheLastOfTwoHolds) { EXPECT_EQ(read_example("", {"seed=1", "seed=2"}).seed, 2); }

TEST(ConfigOverride, ItsValueIsTakenAsTyped) {
  for (const char* text :
       {"exp #3", "#3", "a: b", "- a", "%x", "@x", "&a", "*a", "!a", "| a", "a, b]", " a ", "it's"}) {
    EXPECT_EQ(read_example("", {std::string("data.path=") + text}).data.path, text);
  }
  EXPECT_EQ(read_example("", {"data.path='exp #3'"}).data.path, "exp #3");
  EXPECT_EQ(read_example("", {"data.path=\"exp #3\""}).data.path, "exp #3");
  EXPECT_EQ(read_example("", {"seats=[{bidder: 'a #3'}]"}).seats, (std::vector<test::SeatExample>{{"a #3", 1.0}}));
}

TEST(ConfigOverride, HasNoComments) {
  EXPECT_EQ(example_error("", {"seats=[pid] # all"}),
            "command line: seats=[pid] # all: found ' #' in a list or mapping, which YAML reads as a comment; "
            "expected it inside quotes");
}

TEST(ConfigOverride, LosesNothingBehindAQuoteOrBracket) {
  const std::string expected =
      " behind the closing quote, expected nothing (what belongs to the value stands inside the quotes)";
  EXPECT_EQ(example_error("", {"data.path=\"a\"#c"}), "command line: data.path=\"a\"#c: found '#c'" + expected);
  EXPECT_EQ(example_error("", {"data.path='a' # c"}), "command line: data.path='a' # c: found '# c'" + expected);
  EXPECT_EQ(example_error("", {"data.path='it''s'b"}), "command line: data.path='it''s'b: found 'b'" + expected);
  EXPECT_EQ(example_error("", {"data.path=\"a\\\"\"b\""}),
            "command line: data.path=\"a\\\"\"b\": found 'b\"'" + expected);
  EXPECT_EQ(read_example("", {"data.path= 'it''s' "}).data.path, "it's");
  EXPECT_EQ(read_example("", {"data.path=\"a\\\"#b\""}).data.path, "a\"#b");
  EXPECT_NE(example_error("", {"data.path=\"a"}).find("not valid YAML"), std::string::npos);
  for (const std::string text : {"[pid]#c", "[{bidder: pid}#c\n]", "[\"pid\"#c\n]", "[pid,#c\n]"}) {
    EXPECT_NE(example_error("", {"seats=" + text}).find("#' in a list or mapping"), std::string::npos) << text;
  }
  for (const std::string text : {"a#3", "a:#3"}) {
    EXPECT_EQ(read_example("", {"seats=[" + text + "]"}).seats, (std::vector<test::SeatExample>{{text, 1.0}}));
  }
}

TEST(ConfigOverride, KeepsLineFeeds) {
  for (const char* text : {"a\nb", "a\n", "a\n\nb", "\na", "a\n# b", "a\n  b #c"}) {
    EXPECT_EQ(read_example("", {std::string("data.path=") + text}).data.path, text);
  }
  EXPECT_EQ(read_example("", {"data.path=|\n a\n b"}).data.path, "a\nb");  // YAML that asks for lines
}

TEST(ConfigOverride, OfTildeOrNullIsNothing) {
  for (const char* text : {"seed=~", "seed=null", "seed=Null", "seed=NULL", "seed="}) {
    EXPECT_NE(example_error("", {text}).find("found nothing, expected an integer"), std::string::npos) << text;
  }
}

TEST(ConfigOverride, ItsListsAndMappingsAreYaml) {
  EXPECT_EQ(read_example("", {"data.periods=7..9"}).data.periods.values, (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(read_example("", {"data.periods=[0, 1]"}).data.periods.values, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(read_example("", {"seats={bidder: fixed, alpha: 90}"}).seats,
            (std::vector<test::SeatExample>{{"fixed", 90.0}}));
  EXPECT_EQ(read_example("", {"data.path=a=b"}).data.path, "a=b");
  EXPECT_EQ(read_example("", {"data.path=---"}).data.path, "---");
  EXPECT_EQ(read_example("", {"data.path="}).data.path, "");
  EXPECT_EQ(read_example("", {"train=\nsteps: 5\nrate: 1"}).train.steps, 5);
}

TEST(ConfigOverride, ErrorsNameTheCommandLine) {
  EXPECT_EQ(example_error("", {"train.steps=abc"}),
            "command line: train.steps=abc: key 'train.steps': found 'abc', expected an integer in [1, 1000000]");
  EXPECT_EQ(example_error("", {"train.stepz=5"}),
            "command line: train.stepz=5: key 'train.stepz': unknown; did you mean 'train.steps'?");
  EXPECT_EQ(example_error("", {"train={stepz: 5}"}),
            "command line: train={stepz: 5}: key 'train.stepz': unknown; did you mean 'train.steps'?");
  EXPECT_EQ(example_error("", {"train={steps: 5, steps: 6}"}),
            "command line: train={steps: 5, steps: 6}: key 'train.steps': given twice");
  EXPECT_EQ(example_error("", {"seed="}), "command line: seed=: key 'seed': found nothing, expected an integer");
}

TEST(ConfigOverride, ErrorsShowTheBeginningOfALongText) {
  const std::string shown = std::string(95, 'b') + "... (4905 more bytes)";
  EXPECT_EQ(example_error("", {"seed=" + std::string(5000, 'b')}), "command line: seed=" + shown +
                                                                       ": key 'seed': found '" + std::string(100, 'b') +
                                                                       "... (4900 more bytes)', expected an integer");
  std::string list;
  for (int i = 0; i < 4000; ++i) list += "0, ";
  const std::string key(3000, 'a');
  for (const std::string& text : {"data.periods=[" + list + "0]", key + "=1", key, "train." + key + "=1", "=" + key,
                                  "data.path='a'" + key, "seed=" + key + "..1", "seed=\"\\x" + key}) {
    const std::string error = example_error("", {text});
    EXPECT_NE(error.find(" more bytes)"), std::string::npos) << error;
    EXPECT_LT(error.size(), 500U) << error;
  }
}

TEST(ConfigOverride, ErrorsShowWhatCannotBePrinted) {
  EXPECT_EQ(
      example_error("", {"rule=\x1b[31mX\a"}),
      "command line: rule=\\x1b[31mX\\x07: key 'rule': found '\\x1b[31mX\\x07', expected one of gsp, first_price");
  EXPECT_EQ(example_error("", {"\x1b=1"}),
            "command line: \\x1b=1: key '\\x1b': unknown; expected one of kind, seed, rule, train, data, seats");
  const std::string euro = "\xe2\x82\xac";
  EXPECT_EQ(example_error("", {"seed=" + euro}),
            "command line: seed=" + euro + ": key 'seed': found '" + euro + "', expected an integer");
}

TEST(ConfigOverride, RefusesWhatIsNoOverride) {
  EXPECT_EQ(example_error("", {"--fast"}), "command line: --fast: found no '=', expected section.key=value");
  EXPECT_EQ(example_error("", {"=5"}), "command line: =5: found the key '', expected section.key=value");
  EXPECT_EQ(example_error("", {"train..steps=5"}),
            "command line: train..steps=5: found the key 'train..steps', expected section.key=value");
  EXPECT_EQ(example_error("", {"seed=[1,"}), "command line: seed=[1,: not valid YAML: end of sequence flow not found");
}

TEST(ConfigOverride, DoesNotReachIntoAValue) {
  EXPECT_EQ(example_error("seed: 5", {"seed.x=1"}),
            "command line: seed.x=1: key 'seed': holds '5' (run.yaml:1), expected a mapping");
  EXPECT_EQ(example_error("seats:\n- pid", {"seats.alpha=1"}),
            "command line: seats.alpha=1: key 'seats': holds a list (run.yaml:1), expected a mapping");
}

}  // namespace
}  // namespace genbid
