#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <unordered_map>
#include <vector>

#include "campaigns/samples.h"
#include "data/csv_reader.h"

// Logs of campaigns that pay by the click (CSV; data/README.md): an impression a row, and a table of what each campaign
// may spend.

namespace genbid::data {

// Rows of a block. Pieces are rows of one day of one campaign that stand together.
struct CampaignRows {
  struct Piece {
    int64_t campaign = 0;
    int64_t day = 0;
    int64_t line = 0;   // of its first row
    int64_t begin = 0;  // its first row among those of the block; it ends where the next begins
  };
  std::vector<Piece> pieces;
  std::vector<int32_t> slot;  // by row; within a piece they do not fall
  std::vector<float> value;
  std::vector<float> ctr;
  std::vector<float> cost;
  std::exception_ptr fault;  // of the row behind these; nothing behind it is read

  int64_t num_rows() const { return std::ssize(slot); }
  int64_t end(size_t piece) const { return piece + 1 < pieces.size() ? pieces[piece + 1].begin : num_rows(); }
};

class CampaignLogFile {
 public:
  // Error for a header without one of the columns campaign, day, slot, value, ctr, price.
  CampaignLogFile(const std::string& path, int64_t num_slots, int64_t block_bytes = CsvFile::kBlockBytes);

  CsvFile& csv() { return csv_; }
  // From any thread. Numbers are checked, and the order of slots within a piece.
  void parse(const CsvBlock& block, CampaignRows& rows) const;

 private:
  CsvFile csv_;
  CsvColumns columns_;
  int64_t num_slots_;
};

// What a campaign may spend, and which set its sample is of.
struct CampaignTable {
  struct Row {
    campaigns::ClickLimits limits;
    campaigns::SetOfSamples set = campaigns::SetOfSamples::kTrain;
    int64_t line = 0;
  };
  std::unordered_map<int64_t, Row> rows;
  bool has_sets = false;
  CsvSource source;
};

// Columns campaign, budget, ppc and, if it is there, set. Without it, a hash of a campaign's number says which set it
// is of.
CampaignTable read_campaign_table(const std::string& path, double validation_share, double test_share);

}  // namespace genbid::data
