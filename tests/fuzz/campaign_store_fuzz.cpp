#include "base/convert.h"
#include "base/threads.h"
#include "data/campaign_store.h"
#include "fuzz.h"
#include "hdf5_parts.h"

// Stores of campaigns' days: attributes, types, shapes and values. Of one that is accepted every day can be asked for:
// it is a day or an Error, and a whole store is written and read back equal.

namespace {

using namespace genbid;

void make_store(const std::string& path, fuzz::Choices& choices) {
  static constexpr int64_t kSlots[] = {2, 1, 3};
  const int64_t slots = choices.one_of(kSlots);
  data::Hdf5File file = data::Hdf5File::create(path);
  fuzz::Hdf5Parts parts(file, choices);
  parts.attribute("format", std::string(data::kCampaignStoreFormat));
  parts.attribute("version", data::CampaignStoreWriter::kVersion);
  parts.attribute("slots", slots);
  parts.attribute("sources", std::string("[]"));
  parts.attribute("config", std::string("kind: simulate\n"));
  for (const char* group : {"/samples", "/days", "/impressions"}) {
    if (!choices.rarely()) file.create_group(group);
  }
  // Two samples: of a campaign that is known for a day, and of one that begins.
  parts.dataset("/samples/set", {2}, std::vector<uint8_t>{0, 2});
  parts.dataset("/samples/campaign", {2}, std::vector<int64_t>{3, 8});
  parts.dataset("/samples/day", {2}, std::vector<int64_t>{7, 7});
  parts.dataset("/samples/budget", {2}, std::vector<double>{10.0, 4.0});
  parts.dataset("/samples/ppc", {2}, std::vector<double>{2.0, 0.5});
  parts.dataset("/samples/days_before", {2}, std::vector<int64_t>{1, 0});
  parts.dataset("/samples/stored_day", {2}, std::vector<int64_t>{1, 2});
  parts.dataset("/days/begin", {4}, std::vector<int64_t>{0, 2, 5, 6});
  std::vector<int64_t> slot_begins;
  for (const int64_t count : {2, 3, 1}) {
    slot_begins.push_back(0);
    for (int64_t slot = 1; slot <= slots; ++slot) slot_begins.push_back(slot == slots ? count : 1);
  }
  parts.dataset("/days/slot_begins", {3, slots + 1}, slot_begins);
  parts.dataset("/impressions/value", {6}, std::vector<float>{1.0F, 2.0F, 0.5F, 1.0F, 3.0F, 1.0F});
  parts.dataset("/impressions/ctr", {6}, std::vector<float>{0.1F, 0.2F, 1.0F, 0.5F, 0.25F, 0.1F});
  parts.dataset("/impressions/cost", {6}, std::vector<float>{0.01F, 0.02F, 0.5F, 0.0F, 1.0F, 0.1F});
  file.close();
}

bool equal(const campaigns::ClickDay& a, const campaigns::ClickDay& b) {
  return a.slot_begins == b.slot_begins && a.value == b.value && a.ctr == b.ctr && a.cost == b.cost;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(data, size);
  const std::string path = fuzz::Scratch::path("in.h5");
  try {
    make_store(path, choices);
  } catch (const Error&) {
    return 0;  // a dataset whose group was left out, or of no size
  }
  std::unique_ptr<genbid::data::StoredSamples> store;
  if (!fuzz::accepted([&] { store = std::make_unique<genbid::data::StoredSamples>(path); })) return 0;
  bool whole = true;
  for (int64_t sample = 0; sample < std::ssize(store->all()); ++sample) {
    for (int64_t back = 0; back <= at(store->all(), sample).days_before; ++back) {
      whole &= fuzz::accepted([&] { static_cast<void>(store->day(sample, back)); });
    }
  }
  if (!whole) return 0;
  const std::string output = fuzz::Scratch::path("out.h5");
  genbid::data::CampaignStoreWriter writer(output, store->num_slots());
  Threads threads(1);
  genbid::data::add_samples(*store, 1'000'000, threads, writer, [](int64_t) {});
  writer.finish(store->info());
  const genbid::data::StoredSamples again(output);
  fuzz::require(again.all().size() == store->all().size(), "samples come back");
  for (int64_t sample = 0; sample < std::ssize(again.all()); ++sample) {
    const campaigns::Sample& its = at(again.all(), sample);
    fuzz::require(its.days_before == at(store->all(), sample).days_before, "samples come back equal");
    for (int64_t back = 0; back <= its.days_before; ++back) {
      fuzz::require(equal(again.day(sample, back), store->day(sample, back)), "days come back");
    }
  }
  return 0;
}
