#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/raw_log_reader.h"
#include "fuzz.h"

// Raw logs: a file in AuctionNet's order and the same rows the other way round, which takes the sorting reader, tell
// the same ticks.

namespace {

using genbid::data::RawTick;

template <typename T>
void add(std::string& text, const T& values) {
  const auto size = static_cast<int64_t>(values.size());
  text.append(reinterpret_cast<const char*>(&size), sizeof size);
  text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
}

struct Reading {
  std::string message;
  std::vector<std::string> ticks;  // each as bytes, without what tells of places in files
  bool in_order = false;
  int64_t num_rows = 0;
};

Reading read(const std::string& path, int64_t block_bytes) {
  genbid::data::RawReadOptions options;
  options.block_bytes = block_bytes;
  options.scratch_folder = genbid::fuzz::Scratch::path("");
  static genbid::Threads threads(1);
  Reading reading;
  const auto take = [&](RawTick& tick) {
    std::string& bytes =
        reading.ticks.emplace_back(std::to_string(tick.period) + "/" + std::to_string(tick.tick) + ":");
    for (const genbid::data::RawHead& h : tick.heads) {
      // Not of the memory: a negative zero is the same budget.
      for (const double value : {h.budget, h.cpa, h.remaining_budget}) bytes += std::to_string(value + 0.0) + ",";
      bytes += std::to_string(h.advertiser) + "," + std::to_string(h.category) + "," + std::to_string(h.is_end);
    }
    add(bytes, tick.pv);
    for (auto* values : {&tick.least_winning_cost, &tick.pvalue, &tick.sigma, &tick.bid, &tick.cost}) {
      for (double& value : *values) value = value == value ? value + 0.0 : -1.0;
      add(bytes, *values);
    }
    add(bytes, tick.flags);
    add(bytes, tick.slot);
  };
  try {
    const auto result = genbid::data::read_raw_logs({path}, options, threads, take, [&] { reading.ticks.clear(); });
    reading.in_order = result.in_order;
    reading.num_rows = result.num_rows;
  } catch (const genbid::Error& e) {
    reading.message = e.what();
  }
  return reading;
}

// The header, then the other lines from the last to the first. Empty where a line may not be a row.
std::string reversed(std::string_view text) {
  if (text.find_first_of(std::string_view("\"\r\0", 3)) != std::string_view::npos) return {};
  const size_t header = text.find('\n');
  if (header == 0 || header == std::string_view::npos) return {};
  std::string result(text.substr(0, header + 1));
  std::string_view rows = text.substr(header + 1);
  while (!rows.empty()) {
    if (rows.back() == '\n') rows.remove_suffix(1);
    const size_t before = rows.rfind('\n');
    const size_t begin = before == std::string_view::npos ? 0 : before + 1;
    result += std::string(rows.substr(begin)) + "\n";
    rows = rows.substr(0, begin);
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace genbid;
  const std::string_view text = fuzz::text_of(data, size);
  const Reading whole = read(fuzz::Scratch::write("in.csv", text), 1 << 16);
  const Reading cut = read(fuzz::Scratch::path("in.csv"), 64);
  fuzz::require_equal(whole.message, cut.message, "blocks do not matter");
  if (!whole.message.empty()) return 0;
  fuzz::require(whole.ticks == cut.ticks, "blocks do not matter to ticks");
  const std::string other_way = reversed(text);
  if (other_way.empty() || whole.num_rows < 2) return 0;
  Reading sorted = read(fuzz::Scratch::write("in.csv", other_way), 1 << 16);
  fuzz::require_equal(sorted.message, "", "what is read in order is read in any order");
  // Periods come as the file has them, where its rows are in order.
  std::vector<std::string> ticks = whole.ticks;
  std::sort(ticks.begin(), ticks.end());
  std::sort(sorted.ticks.begin(), sorted.ticks.end());
  fuzz::require(sorted.ticks == ticks, "rows in any order are the same ticks");
  return 0;
}
