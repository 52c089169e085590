#include "eval/job_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/safetensors.h"
#include "base/temporary_folder.h"

// What an evaluation keeps is what it finds again, or an error.

namespace genbid::eval {
namespace {

std::string message(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string with_flipped_bit(std::string text, size_t i) {
  text[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ 1U);
  return text;
}

CellResult cell(int64_t seat, double score) {
  CellResult result;
  result.period = 7;
  result.seat = seat;
  result.budget = 100.0;
  result.expected_score = score;
  return result;
}

// A day of two seats and two ticks, once of each kind.
class JobStoreTest : public testing::Test {
 protected:
  JobStoreTest() {
    const CellDay day = {{1.0F, 2.0F}, {3.0F, 4.0F}, {0.5F, 0.5F}, {6.0F, 7.0F}, {1, 2}};
    store_.keep_cells(cells_, {{cell(0, 2.5), cell(5, 3.5)}, {day, day}});
    HindsightDay best;
    best.seats.resize(2);
    best.seats[1].slots.score = 9.0;
    store_.keep_hindsight(hindsight_, best);
    PlatformPeriodCells all;
    all.cells.resize(2);
    all.cells[1].result = cell(1, 4.5);
    store_.keep_platform(platform_, all);
  }

  // Every third byte of the file with its lowest bit flipped, one at a time.
  void expect_damage_is_seen(const std::string& path, const std::function<void()>& read) const {
    const std::string whole = read_file(path);
    ASSERT_EQ(message(read), "no error");
    for (size_t i = 0; i < whole.size(); i += 3) {
      put(path, with_flipped_bit(whole, i));
      const std::string error = message(read);
      EXPECT_TRUE(error.starts_with(path + ": ")) << i << ": " << error;
      EXPECT_TRUE(error.ends_with("; remove this file, and the same evaluation makes it anew")) << i << ": " << error;
    }
    put(path, whole.substr(0, whole.size() / 2));
    EXPECT_TRUE(message(read).ends_with("makes it anew")) << message(read);
    std::filesystem::remove(path);
    EXPECT_EQ(message(read), "no error");
  }

  test::TemporaryFolder folder_;
  JobStore store_{folder_.path("cells"), folder_.path("hindsight"), "genbid 1"};
  JobKey cells_{"pid", "a", 7};
  JobKey hindsight_{"day", "b", 7};
  JobKey platform_{"all", "c", 7};
};

TEST_F(JobStoreTest, FindsWhatItKept) {
  const PeriodCells cells = store_.find_cells(cells_).value();
  ASSERT_EQ(cells.cells.size(), 2U);
  EXPECT_EQ(cells.cells[1].seat, 5);
  EXPECT_EQ(cells.cells[1].expected_score, 3.5);
  EXPECT_EQ(cells.days[1].price[1], 7.0F);
  EXPECT_EQ(store_.find_hindsight(hindsight_).value().seats[1].slots.score, 9.0);
  EXPECT_EQ(store_.find_platform(platform_).value().cells[1].result.expected_score, 4.5);
}

TEST_F(JobStoreTest, AFlippedBitOfCellsIsSeen) {
  expect_damage_is_seen(store_.cells_path(cells_), [&] { store_.find_cells(cells_); });
}

TEST_F(JobStoreTest, AFlippedBitOfHindsightIsSeen) {
  expect_damage_is_seen(folder_.path("hindsight/day/period-7.safetensors"), [&] { store_.find_hindsight(hindsight_); });
}

TEST_F(JobStoreTest, AFlippedBitOfAPlatformIsSeen) {
  expect_damage_is_seen(store_.cells_path(platform_), [&] { store_.find_platform(platform_); });
}

TEST_F(JobStoreTest, CellsOfEarlierProgramsHaveNoHash) {
  const std::string path = store_.cells_path(cells_);
  {
    const SafetensorsFile file(path);
    std::map<std::string, std::string> metadata = file.metadata();
    EXPECT_EQ(metadata.erase("xxh3_128"), 1U);
    write_safetensors(path, file.tensors(), metadata);
  }
  EXPECT_EQ(store_.find_cells(cells_).value().cells[0].expected_score, 2.5);
}

TEST_F(JobStoreTest, OfAnotherIdentityThereIsNothing) {
  EXPECT_FALSE(store_.find_cells({"pid", "another", 7}).has_value());
}

}  // namespace
}  // namespace genbid::eval
