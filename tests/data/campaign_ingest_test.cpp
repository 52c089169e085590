#include "data/campaign_ingest.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "campaign_days.h"
#include "packed.h"

namespace genbid::data {
namespace {

using campaigns::ClickDay;
using campaigns::Sample;
using campaigns::SetOfSamples;
using test::error_of;
using test::TempFolder;

constexpr const char* kHeader = "campaign,day,slot,value,ctr,price\n";
constexpr const char* kTable = "campaign,budget,ppc\n1,10,1\n2,20,2.5\n";
// Campaign 1 on days 3 to 5, and 2 on day 9.
constexpr const char* kRows =
    "1,3,0,1,0.5,2\n"
    "1,4,0,2,0.5,2\n"
    "1,4,3,3,0.25,2\n"
    "1,5,1,4,0.5,4\n"
    "1,5,1,5,1,4\n"
    "2,9,2,0,0.5,2\n";

CampaignIngestConfig config_of(const TempFolder& folder) {
  CampaignIngestConfig config;
  config.input = {folder.file("log.csv")};
  config.campaigns = folder.file("campaigns.csv");
  config.output = folder.file("days.h5");
  config.settings.slots = 4;
  config.settings.validation_share = 0.0;
  config.settings.test_share = 0.0;
  return config;
}

CampaignIngestSummary ingest_rows(const TempFolder& folder, const std::string& rows, const std::string& table = kTable,
                                  int64_t days_before = 1) {
  folder.write("log.csv", kHeader + rows);
  folder.write("campaigns.csv", table);
  CampaignIngestConfig config = config_of(folder);
  config.settings.days_before = days_before;
  return *ingest_campaigns(config);
}

TEST(CampaignIngest, TheLastDayIsTheSampleAndThoseBeforeItAreKnown) {
  const TempFolder folder;
  const CampaignIngestSummary summary = ingest_rows(folder, kRows);
  EXPECT_EQ(summary.num_impressions, 6);
  EXPECT_EQ(summary.num_days, 4);
  EXPECT_EQ(summary.stored_days, 3);
  EXPECT_EQ(summary.stored_impressions, 5);
  EXPECT_EQ(summary.num_without_day_before, 1);
  const StoredSamples store(folder.file("days.h5"));
  ASSERT_EQ(store.all().size(), 2U);
  EXPECT_EQ(store.num_slots(), 4);
  const Sample& one = store.all()[0];
  EXPECT_EQ(one.campaign, 1);
  EXPECT_EQ(one.day, 5);
  EXPECT_EQ(one.days_before, 1);
  EXPECT_EQ(one.limits.budget, 10.0);
  EXPECT_EQ(one.limits.ppc, 1.0);
  EXPECT_EQ(store.all()[1].days_before, 0);
  EXPECT_EQ(store.all()[1].limits.ppc, 2.5);
  test::expect_equal(store.day(0, 0), {{0, 0, 2, 2, 2}, {4, 5}, {0.5, 1}, {2, 4}});
  test::expect_equal(store.day(0, 1), {{0, 1, 1, 1, 2}, {2, 3}, {0.5, 0.25}, {1, 0.5}});
  test::expect_equal(store.day(1, 0), {{0, 0, 0, 1, 1}, {0}, {0.5}, {1}});
}

TEST(CampaignIngest, KeepsAsManyDaysAsAreAskedForAndThere) {
  const TempFolder folder;
  ingest_rows(folder, kRows, kTable, 7);
  const StoredSamples store(folder.file("days.h5"));
  EXPECT_EQ(store.all()[0].days_before, 2);
  EXPECT_EQ(store.day(0, 2).value, (std::vector<float>{1}));
  ingest_rows(folder, kRows, kTable, 0);
  const StoredSamples last_days(folder.file("days.h5"));
  EXPECT_EQ(last_days.all()[0].days_before, 0);
  EXPECT_EQ(last_days.num_days(), 2);
}

TEST(CampaignIngest, SummaryAndStoreSayWhereDaysComeFrom) {
  const TempFolder folder;
  const CampaignIngestSummary summary = ingest_rows(folder, kRows);
  EXPECT_NE(summary.text(120).find("Ingested 6 impressions of 4 days of 2 campaigns, from 1 file"), std::string::npos)
      << summary.text(120);
  EXPECT_NE(summary.text(120).find("train 2, validation 0, test 0"), std::string::npos);
  const auto json = nlohmann::json::parse(summary.json());
  EXPECT_EQ(json["num_campaigns"], 2);
  EXPECT_EQ(json["sets"]["train"], 2);
  EXPECT_EQ(json["store"]["num_days"], 3);
  const StoredSamples store(folder.file("days.h5"));
  EXPECT_NE(store.info().sources.find("campaigns.csv"), std::string::npos);
  EXPECT_NE(store.info().sources.find("log.csv"), std::string::npos);
  EXPECT_NE(store.info().config.find("protocol: campaigns"), std::string::npos) << store.info().config;
  EXPECT_EQ(store.info().config.find(folder.path()), std::string::npos);
}

// Blocks of one row (behind the first 528 bytes) and of all, one thread and three, one file and two that a day goes
// through, packed: the same days.
TEST(CampaignIngest, BlocksThreadsAndFilesDoNotMatter) {
  const TempFolder folder;
  std::string rows;
  for (int row = 0; row < 80; ++row) {
    rows += "1,4," + std::to_string(row / 20) + ",0." + std::to_string(row) + ",0.5,2\n";
  }
  const std::string last = "1,5,0,1,1,1\n2,1,0,1,1,1\n";
  ingest_rows(folder, rows + last);
  const StoredSamples whole(folder.file("days.h5"));
  const ClickDay expected = whole.day(0, 1);
  ASSERT_EQ(expected.num_impressions(), 80);

  CampaignIngestConfig config = config_of(folder);
  config.output = folder.file("other.h5");
  for (const int64_t threads : {1, 3}) {
    config.threads = threads;
    IngestControl control;
    control.block_bytes = 16;
    ingest_campaigns(config, control);
    test::expect_equal(StoredSamples(config.output).day(0, 1), expected);
    EXPECT_TRUE(test::content_of(config.output) == test::content_of(folder.file("days.h5")));
  }
  const size_t middle = rows.find('\n', rows.size() / 2) + 1;
  folder.write("a.csv.gz", test::gzip(kHeader + rows.substr(0, middle)));
  folder.write("b.zip", test::zip({{"b.csv", kHeader + rows.substr(middle) + last}}));
  config.input = {folder.file("a.csv.gz"), folder.file("b.zip")};
  EXPECT_EQ(ingest_campaigns(config)->num_files, 2);
  test::expect_equal(StoredSamples(config.output).day(0, 1), expected);
}

TEST(CampaignIngest, ColumnsComeInAnyOrderAmongOthers) {
  const TempFolder folder;
  folder.write("log.csv", "price,name,ctr,value,slot,day,campaign\n4,x,0.5,3,2,1,7\n");
  folder.write("campaigns.csv", "name,set,ppc,budget,campaign\nx,test,2,30,7\n");
  ingest_campaigns(config_of(folder));
  const StoredSamples store(folder.file("days.h5"));
  EXPECT_EQ(store.all()[0].set, SetOfSamples::kTest);
  EXPECT_EQ(store.all()[0].limits.budget, 30.0);
  test::expect_equal(store.day(0, 0), {{0, 0, 0, 1, 1}, {3}, {0.5}, {2}});
}

// Campaigns 0 to 999 with shares of 0.3 and 0.2: within five standard deviations, sqrt(1000 x 0.3 x 0.7) = 14.5 and
// 12.6. Which set one is of does not depend on the others.
TEST(CampaignIngest, WithoutAColumnAHashSaysWhichSetACampaignIsOf) {
  const TempFolder folder;
  std::string rows, table = "campaign,budget,ppc\n";
  for (int campaign = 999; campaign >= 0; --campaign) {
    rows += std::to_string(campaign) + ",0,0,1,1,1\n";
    table += std::to_string(campaign) + ",1,1\n";
  }
  folder.write("log.csv", kHeader + rows);
  folder.write("campaigns.csv", table);
  CampaignIngestConfig config = config_of(folder);
  config.settings.validation_share = 0.3;
  config.settings.test_share = 0.2;
  const CampaignIngestSummary summary = *ingest_campaigns(config);
  EXPECT_NEAR(as_double(summary.sets[1]), 300.0, 5 * 14.5);
  EXPECT_NEAR(as_double(summary.sets[2]), 200.0, 5 * 12.6);
  EXPECT_EQ(summary.sets[0] + summary.sets[1] + summary.sets[2], 1000);
  const StoredSamples all(folder.file("days.h5"));
  const Sample& some = at(all.all(), all.range(SetOfSamples::kTest).first);
  folder.write("log.csv", kHeader + std::to_string(some.campaign) + ",0,0,1,1,1\n");
  folder.write("campaigns.csv", "campaign,budget,ppc\n" + std::to_string(some.campaign) + ",1,1\n");
  EXPECT_EQ(ingest_campaigns(config)->sets[2], 1);
}

// A day of the laws, written as a log and read: ctr and value are what they were (nine digits tell floats apart), and a
// cost, which is ctr x price, within rounding.
TEST(CampaignIngest, AMadeDayComesBack) {
  const TempFolder folder;
  campaigns::CampaignLaws laws;
  laws.volume = {500.0, 501.0};
  const campaigns::CampaignPopulation population(laws);
  const campaigns::Campaign campaign = population.campaign(12);
  std::string rows;
  for (int64_t number = 6; number <= 7; ++number) {
    const ClickDay day = population.day(campaign, number);
    for (int64_t slot = 0; slot < 96; ++slot) {
      for (int64_t i = at(day.slot_begins, slot); i < at(day.slot_begins, slot + 1); ++i) {
        char line[128];
        const double ctr = as_double(at(day.ctr, i));
        std::snprintf(line, sizeof line, "12,%d,%d,%.9g,%.9g,%.9g\n", to_int(number), to_int(slot),
                      as_double(at(day.value, i)), ctr, as_double(at(day.cost, i)) / ctr);
        rows += line;
      }
    }
  }
  folder.write("log.csv", kHeader + rows);
  folder.write("campaigns.csv", "campaign,budget,ppc\n12,5,1\n");
  CampaignIngestConfig config = config_of(folder);
  config.settings.slots = 96;
  ingest_campaigns(config);
  const StoredSamples store(folder.file("days.h5"));
  for (int64_t back = 0; back <= 1; ++back) {
    const ClickDay found = store.day(0, back);
    const ClickDay expected = population.day(campaign, 7 - back);
    EXPECT_EQ(found.slot_begins, expected.slot_begins);
    EXPECT_EQ(found.value, expected.value);
    EXPECT_EQ(found.ctr, expected.ctr);
    ASSERT_EQ(found.cost.size(), expected.cost.size());
    for (size_t i = 0; i < found.cost.size(); ++i) EXPECT_NEAR(found.cost[i] / expected.cost[i], 1.0, 2e-7);
  }
}

// The Error of a log of these rows, with names of files as they are without their folder.
std::string error_of_log(const std::string& rows, const std::string& table = kTable) {
  const TempFolder folder;
  std::string message = error_of([&] { ingest_rows(folder, rows, table); });
  EXPECT_FALSE(std::filesystem::exists(folder.file("days.h5")));
  for (size_t place = 0; (place = message.find(folder.path() + "/")) != std::string::npos;) {
    message.erase(place, folder.path().size() + 1);
  }
  return message;
}

TEST(CampaignIngest, WrongNumbersAreErrors) {
  const auto error = [](const std::string& row) { return error_of_log("1,3,0,1,1,1\n" + row + "\n"); };
  EXPECT_EQ(error("1,3,4,1,1,1"), "log.csv:3: column 'slot': found '4', expected a whole number in 0..3");
  EXPECT_EQ(error("1,3,-1,1,1,1"), "log.csv:3: column 'slot': found '-1', expected a whole number in 0..3");
  EXPECT_EQ(error("1,3,0,-1,1,1"),
            "log.csv:3: column 'value': found '-1', expected a number of 0 or more (below 3.4e38)");
  EXPECT_EQ(error("1,3,0,1e39,1,1"),
            "log.csv:3: column 'value': found '1e39', expected a number of 0 or more (below 3.4e38)");
  EXPECT_EQ(error("1,3,0,,1,1"), "log.csv:3: column 'value': found '', expected a number of 0 or more (below 3.4e38)");
  for (const std::string ctr : {"0", "1.5", "-0.1", "nan", "1e-60"}) {
    EXPECT_EQ(error("1,3,0,1," + ctr + ",1"),
              "log.csv:3: column 'ctr': found '" + ctr + "', expected a share above 0, at most 1");
  }
  for (const std::string price : {"0", "-2", "", "1e60", "1e-60"}) {
    EXPECT_EQ(error("1,3,0,1,0.5," + price),
              "log.csv:3: column 'price': found '" + price +
                  "', expected a price of a click above 0 (ctr x price between 1.4e-45 and 3.4e38)");
  }
  EXPECT_EQ(error("-1,3,0,1,1,1"), "log.csv:3: column 'campaign': found '-1', expected a whole number, at least 0");
  EXPECT_EQ(error("4294967296,3,0,1,1,1"),
            "log.csv:3: column 'campaign': found '4294967296', expected a whole number in 0..4294967295");
  EXPECT_EQ(error("1,x,0,1,1,1"), "log.csv:3: column 'day': found 'x', expected a whole number, at least 0");
  EXPECT_EQ(error("1,3,0,1,1"), "log.csv:3: found 5 fields, expected 6 as in the header");
}

TEST(CampaignIngest, AnotherOrderIsAnError) {
  const std::string first = "1,3,2,1,1,1\n";
  EXPECT_EQ(error_of_log(first + "1,3,1,1,1,1\n"),
            "log.csv:3: column 'slot': found '1', expected 2 or more: slots of a day in order");
  const std::string days = ": days of a campaign in order, each in one piece, none left out";
  EXPECT_EQ(error_of_log(first + "1,5,0,1,1,1\n"), "log.csv:3: column 'day': found '5', expected 4 (or 3)" + days);
  EXPECT_EQ(error_of_log(first + "1,4,0,1,1,1\n1,3,2,1,1,1\n"),
            "log.csv:4: column 'day': found '3', expected 5 (or 4)" + days);
  EXPECT_EQ(error_of_log(first + "2,3,0,1,1,1\n1,4,0,1,1,1\n"),
            "log.csv:4: column 'campaign': found '1', expected all rows of a campaign together (it has rows at "
            "log.csv:2)");
}

// Where blocks meet, the same Error: what is read before it is judged before it. The first block is what tells text
// from other files, 520 bytes here; behind it blocks of 8 bytes hold a row each.
TEST(CampaignIngest, ErrorsAreTheSameForAnyBlocksAndThreads) {
  std::string before;
  for (int row = 0; row < 60; ++row) before += "1,3,0,1,1,1\n";
  const std::string rows[] = {"1,3,2,1,1,1\n1,3,1,1,1,1\n1,3,0,1,9,1\n", "1,3,2,1,1,1\n1,9,0,1,1,1\n1,9,0,1,9,1\n",
                              "1,3,0,1,1,1\n1,3,0,1,9,1\n2,3,3,1,1,1\n2,3,0,1,1,1\n"};
  for (const std::string& text : rows) {
    const TempFolder folder;
    folder.write("log.csv", kHeader + before + text);
    folder.write("campaigns.csv", kTable);
    CampaignIngestConfig config = config_of(folder);
    const std::string expected = error_of([&] { ingest_campaigns(config); });
    EXPECT_NE(expected.find("log.csv:63: "), std::string::npos) << expected;
    for (const int64_t threads : {1, 3}) {
      config.threads = threads;
      IngestControl control;
      control.block_bytes = 8;
      EXPECT_EQ(error_of([&] { ingest_campaigns(config, control); }), expected);
    }
  }
}

TEST(CampaignIngest, LogAndTableHaveTheSameCampaigns) {
  EXPECT_EQ(error_of_log("1,3,0,1,1,1\n3,3,0,1,1,1\n"),
            "log.csv:3: column 'campaign': found '3', expected one of the campaigns of campaigns.csv");
  const std::string expected =
      ", which has no impressions in the log; expected impressions of each campaign, or no row for it here";
  EXPECT_EQ(error_of_log("1,3,0,1,1,1\n"), "campaigns.csv:3: column 'campaign': found '2'" + expected);
  EXPECT_EQ(error_of_log("1,3,0,1,1,1\n", "campaign,budget,ppc\n7,1,1\n1,1,1\n9,1,1\n"),
            "campaigns.csv:2: column 'campaign': found '7' (and 1 more)" + expected);
}

TEST(CampaignIngest, WrongTablesAreErrors) {
  const auto error = [](const std::string& row) {
    return error_of_log(kRows, "campaign,budget,ppc,set\n" + row + "\n");
  };
  for (const std::string limit : {"0", "-1", "", "nan"}) {
    EXPECT_EQ(error("1," + limit + ",1,test"),
              "campaigns.csv:2: column 'budget': found '" + limit + "', expected a finite number above 0");
    EXPECT_EQ(error("1,1," + limit + ",test"),
              "campaigns.csv:2: column 'ppc': found '" + limit + "', expected a finite number above 0");
  }
  EXPECT_NE(error("1,inf,1,test").find("campaigns.csv:2: column 'budget': found 'inf'"), std::string::npos);
  EXPECT_EQ(error("1,1,1,tests"), "campaigns.csv:2: column 'set': found 'tests', expected train, validation or test");
  EXPECT_EQ(error("1,1,1,test\n1,2,1,test"),
            "campaigns.csv:3: column 'campaign': found '1', expected each campaign once (line 2 has it too)");
  EXPECT_EQ(error_of_log(kRows, "campaign,budget,ppc\n"),
            "campaigns.csv: found no rows behind the header, expected a row for each campaign");
  EXPECT_EQ(error_of_log(kRows, ""), "campaigns.csv: is empty, expected a header line");
  EXPECT_EQ(error_of_log(kRows, "campaign,budget\n1,1\n"),
            "campaigns.csv:1: missing column 'ppc'; found 'campaign', 'budget'");
}

TEST(CampaignIngest, WrongFilesAreErrors) {
  const TempFolder folder;
  folder.write("campaigns.csv", kTable);
  const std::string log = folder.file("log.csv");
  const auto error = [&](const std::string& text) {
    folder.write("log.csv", text);
    return error_of([&] { ingest_campaigns(config_of(folder)); });
  };
  EXPECT_EQ(error(""), log + ": is empty, expected a header line");
  EXPECT_EQ(error(kHeader), log + ": found no rows behind the header, expected a row for each impression");
  EXPECT_EQ(error("campaign,day,slot,value,ctr\n1,3,0,1,1\n"),
            log + ":1: missing column 'price'; found 'campaign', 'day', 'slot', 'value', 'ctr'");
  EXPECT_EQ(error("campaign;day;slot;value;ctr;price\n"), log + ":1: found columns separated by ';', expected commas");
  std::filesystem::remove(log);
  EXPECT_NE(error_of([&] { ingest_campaigns(config_of(folder)); }).find(log), std::string::npos);
}

TEST(CampaignIngest, ReplacesItsLikeAndNoInput) {
  const TempFolder folder;
  ingest_rows(folder, kRows);
  ingest_rows(folder, kRows);  // replaces the store
  CampaignIngestConfig config = config_of(folder);
  for (const char* input : {"log.csv", "campaigns.csv"}) {
    config.output = folder.file(input);
    EXPECT_EQ(error_of([&] { ingest_campaigns(config); }),
              "output: found '" + config.output + "', which is an input too; expected another file");
  }
  config.output = folder.write("mine.txt", "mine");
  EXPECT_EQ(error_of([&] { ingest_campaigns(config); }),
            "output: found '" + config.output +
                "', a file that is not a store of campaigns' days; expected a new name, or a store of campaigns' days "
                "to replace");
  EXPECT_EQ(test::content_of(config.output), "mine");
  config.input.clear();
  EXPECT_EQ(error_of([&] { ingest_campaigns(config); }), "input: found no files, expected at least one log");
}

}  // namespace
}  // namespace genbid::data
