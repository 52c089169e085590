#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "fuzz.h"
#include "store_bytes.h"

// Trajectory files, header and rows: CSV to store to columns. Any cut of the file into blocks tells the same, be it a
// store or a message.

namespace {

std::string ingested(const std::string& input, int64_t block_bytes, const char* bad_rows, const std::string& output) {
  genbid::data::IngestConfig config;
  config.input = {input};
  config.output = output;
  config.settings.data.bad_rows = bad_rows;
  config.threads = 1;
  genbid::data::IngestControl control;
  control.block_bytes = block_bytes;
  try {
    genbid::fuzz::require(genbid::data::ingest(config, control).has_value(), "nobody stopped it");
  } catch (const genbid::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace genbid;
  const std::string input = fuzz::Scratch::write("in.csv", fuzz::text_of(data, size));
  const char* bad_rows = size % 2 == 0 ? "stop" : "skip";
  const std::string whole = fuzz::Scratch::path("whole.h5");
  const std::string cut = fuzz::Scratch::path("cut.h5");
  const std::string message = ingested(input, 1 << 16, bad_rows, whole);
  fuzz::require_equal(message, ingested(input, 64, bad_rows, cut), "blocks do not matter");
  if (!message.empty()) return 0;
  const data::TrajectoryStore store(whole);
  const auto columns = fuzz::bytes_of(store.read());
  fuzz::require(columns == fuzz::bytes_of(data::TrajectoryStore(cut).read()), "blocks do not matter to a store");
  return 0;
}
