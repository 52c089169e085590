#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "app/run_program.h"
#include "base/config/config.h"
#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "base/threads.h"
#include "campaigns/samples.h"
#include "data/campaign_store.h"

// Days of campaigns that pay by the click: made, stored, read, and from a log.

namespace genbid::app {
namespace {

using test::expect_failure;
using test::ProgramResult;
using test::run_program;

class CampaignDays : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }

  test::TemporaryFolder folder_;
};

TEST_F(CampaignDays, AreSimulated) {
  const std::string command =
      "simulate configs/campaigns.yaml samples.train=6 samples.validation=0 samples.test=3 "
      "campaigns.volume='[200, 900]' output.dir=" +
      out("campaigns");
  const ProgramResult result = run_program(command + " threads=1");
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("Gini"), std::string::npos) << result.output;
  for (const char* word : {"train", "test", "over", "samples.csv"})
    EXPECT_NE(result.output.find(word), std::string::npos);
  const std::string samples = read_file(out("campaigns/samples.csv"));
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 10);
  EXPECT_EQ(samples.rfind("set,campaign,day,", 0), 0U);
  EXPECT_EQ(run_program(command + " threads=2").status, 0);
  EXPECT_EQ(read_file(out("campaigns/samples.csv")), samples);
  const ProgramResult json = run_program(command + " --json");
  EXPECT_NE(json.output.find("\"violation_share\""), std::string::npos) << json.output;

  write_file(out("campaigns/samples.csv"), "mine\n");
  expect_failure(run_program(command), 1, "a table of campaigns' days");
  EXPECT_EQ(read_file(out("campaigns/samples.csv")), "mine\n");
  write_file(out("file"), "");
  expect_failure(run_program(command + " output.dir=" + out("file/campaigns")), 1, "file");

  expect_failure(run_program(command + " protocol=clicks"), 2, "market, campaigns");
  expect_failure(run_program(command + " campaigns.budget_share=0.9"), 2, "at most 1 together with budget_share");
  expect_failure(run_program(command + " samples.train=0 samples.test=0"), 2, "a sample in one of the sets");
  expect_failure(run_program(command + " campaigns.volume='[5, 900]'"), 2, "campaigns.volume");
}

// The rows of a log that has such a day.
std::string log_of(const campaigns::ClickDay& day, const std::string& begin) {
  std::string rows;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    for (int64_t i = at(day.slot_begins, slot); i < at(day.slot_begins, slot + 1); ++i) {
      rows += begin + std::to_string(slot);
      const double ctr = as_double(at(day.ctr, i));
      for (const double number : {as_double(at(day.value, i)), ctr, as_double(at(day.cost, i)) / ctr}) {
        rows += "," + shortest(number);
      }
      rows += "\n";
    }
  }
  return rows;
}

TEST_F(CampaignDays, AreStoredAndReadAndComeBackFromALog) {
  const std::string command =
      "simulate configs/campaigns.yaml samples.train=6 samples.validation=0 samples.test=3 "
      "campaigns.volume='[200, 900]' output.dir=" +
      out("campaigns");
  const std::string stored = command + " output.days=true output.days_before=2";
  const ProgramResult result = run_program(stored + " threads=1");
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("campaign_days.h5 will take about"), std::string::npos) << result.output;
  const std::string path = out("campaigns/campaign_days.h5");
  const std::string bytes = read_file(path);
  ASSERT_EQ(run_program(stored + " threads=2").status, 0);
  EXPECT_TRUE(read_file(path) == bytes);

  EXPECT_NE(run_program("inspect " + path).output.find("train 6, validation 0, test 3"), std::string::npos);

  campaigns::CampaignLaws laws;
  laws.volume = {200.0, 900.0};
  Threads threads(1);
  const campaigns::MadeSamples made(laws, {6, 0, 3, 7}, threads);
  const data::StoredSamples store(path);
  ASSERT_EQ(store.all().size(), 9U);
  for (int64_t i = 0; i < 9; ++i) {
    const campaigns::Sample& sample = at(store.all(), i);
    EXPECT_EQ(sample.campaign, at(made.all(), i).campaign);
    EXPECT_EQ(sample.limits.ppc, at(made.all(), i).limits.ppc);
    EXPECT_EQ(sample.days_before, std::min<int64_t>(2, at(made.all(), i).days_before));
    for (int64_t back = 0; back <= sample.days_before; ++back) {
      EXPECT_EQ(store.day(i, back).cost, made.day(i, back).cost);
      EXPECT_EQ(store.day(i, back).slot_begins, made.day(i, back).slot_begins);
    }
  }

  write_file(out("log.csv"),
             "campaign,day,slot,value,ctr,price\n" + log_of(made.day(0, 1), "5,6,") + log_of(made.day(0, 0), "5,7,"));
  write_file(out("campaigns.csv"), "campaign,budget,ppc,set\n5,10,2,validation\n");
  const std::string ingest = "ingest configs/ingest_campaigns.yaml input=" + out("log.csv") +
                             " campaigns=" + out("campaigns.csv") + " output=" + out("own.h5");
  const ProgramResult read = run_program(ingest);
  ASSERT_EQ(read.status, 0) << read.output;
  EXPECT_NE(read.output.find("validation 1"), std::string::npos) << read.output;
  const data::StoredSamples own(out("own.h5"));
  const campaigns::ClickDay day = own.day(0, 0);
  const campaigns::ClickDay expected = made.day(0, 0);
  EXPECT_EQ(day.slot_begins, expected.slot_begins);
  EXPECT_EQ(day.value, expected.value);
  EXPECT_EQ(day.ctr, expected.ctr);
  EXPECT_EQ(day.cost, expected.cost);  // numbers of seventeen digits: the same product, rounded once
  EXPECT_EQ(own.day(0, 1).value, made.day(0, 1).value);
  const ProgramResult json = run_program(ingest + " --json", "/dev/null");
  EXPECT_EQ(nlohmann::json::parse(json.output)["sets"]["validation"], 1) << json.output;

  expect_failure(run_program(command), 1, "the days of an earlier run");
  expect_failure(run_program(stored + " output.days_before=32"), 2, "output.days_before");
  write_file(path, "mine");
  expect_failure(run_program(stored), 1, "a store of campaigns' days");
  EXPECT_EQ(read_file(path), "mine");
  expect_failure(run_program(ingest + " output=" + out("log.csv")), 2, "which is an input too");
  expect_failure(run_program(ingest + " slots=10"), 1, out("log.csv") + ":");
  expect_failure(run_program(ingest + " test_share=0.9 validation_share=0.2"), 2, "at most 1");
  expect_failure(run_program("ingest configs/ingest_campaigns.yaml protocol=clicks"), 2, "market, campaigns");
}

}  // namespace
}  // namespace genbid::app
