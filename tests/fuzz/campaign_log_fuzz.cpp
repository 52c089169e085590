#include "base/convert.h"
#include "data/campaign_ingest.h"
#include "data/campaign_store.h"
#include "fuzz.h"

// Logs of campaigns that pay by the click and the table of their limits: CSV to store. The table stands before a line
// with nothing but `>`; an input without one is a log of campaigns 1 and 2. Any cut of the log into blocks tells the
// same, be it a store or a message, and of a store that was made every day can be read.

namespace {

using namespace genbid;

std::string ingested(const std::string& log, const std::string& table, int64_t days_before, int64_t block_bytes,
                     const std::string& output) {
  data::CampaignIngestConfig config;
  config.input = {log};
  config.campaigns = table;
  config.output = output;
  config.settings.slots = 4;
  config.settings.days_before = days_before;
  config.threads = 1;
  data::IngestControl control;
  control.block_bytes = block_bytes;
  try {
    fuzz::require(data::ingest_campaigns(config, control).has_value(), "nobody stopped it");
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  std::string_view limits = "campaign,budget,ppc\n1,10,2\n2,5,0.5\n";
  constexpr std::string_view kEndOfTable = "\n>\n";
  if (const size_t end = text.find(kEndOfTable); end != std::string_view::npos) {
    limits = text.substr(0, end + 1);
    text = text.substr(end + kEndOfTable.size());
  }
  const std::string log = fuzz::Scratch::write("log.csv", text);
  const std::string table = fuzz::Scratch::write("campaigns.csv", limits);
  const std::string whole = fuzz::Scratch::path("whole.h5");
  const std::string cut = fuzz::Scratch::path("cut.h5");
  const int64_t days_before = to_signed(size % 3);
  const std::string message = ingested(log, table, days_before, 1 << 16, whole);
  fuzz::require_equal(message, ingested(log, table, days_before, 48, cut), "blocks do not matter");
  if (!message.empty()) return 0;
  const genbid::data::StoredSamples one(whole);
  const genbid::data::StoredSamples other(cut);
  fuzz::require(one.all().size() == other.all().size(), "blocks do not matter to samples");
  for (int64_t sample = 0; sample < std::ssize(one.all()); ++sample) {
    const campaigns::Sample& its = at(one.all(), sample);
    fuzz::require(its.days_before <= days_before, "no more days are kept than are asked for");
    for (int64_t back = 0; back <= its.days_before; ++back) {
      const campaigns::ClickDay day = one.day(sample, back);
      const campaigns::ClickDay same = other.day(sample, back);
      fuzz::require(day.slot_begins == same.slot_begins && day.value == same.value && day.ctr == same.ctr &&
                        day.cost == same.cost,
                    "blocks do not matter to days");
    }
  }
  return 0;
}
