#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/threads.h"
#include "campaigns/samples.h"

// The store of campaigns' days (.h5): samples, which are days of campaigns that pay by the click, and every impression
// of each sample's day and of the days before it that are kept. Layout and meaning of every part: data/README.md.

namespace genbid::data {

inline constexpr const char* kCampaignStoreFormat = "genbid-campaign-days";
using campaigns::kMostDaySlots;
inline constexpr int64_t kStoredImpressionBytes = 12;  // value, ctr and cost

struct CampaignStoreInfo {
  std::string sources;  // JSON list of {"name", "size", "xxh3_128"}; may be empty
  std::string config;   // YAML, without paths and thread counts; may be empty
};

// It writes under a temporary name, so that the store is there whole after commit() and not at all before. Impressions
// wait in memory, and beyond that in a scratch file beside the store, until their number is known.
class CampaignStoreWriter {
 public:
  static constexpr int64_t kVersion = 1;
  static constexpr int64_t kMemoryBytes = int64_t{256} << 20;

  // Opens the temporary file, so that a place that cannot be written is found out before the work.
  CampaignStoreWriter(const std::string& path, int64_t num_slots, int64_t memory_bytes = kMemoryBytes);
  ~CampaignStoreWriter();

  // Days that belong to a sample come one behind the other, its own last.
  void add_day(const campaigns::ClickDay& day);
  // Its days are the last that were added: those before it (days_before), then its own. Samples come in any order.
  void add_sample(const campaigns::Sample& sample);
  void finish(const CampaignStoreInfo& info);
  // The same in two steps, for who has more to put in place: all is written, and takes its name.
  void close(const CampaignStoreInfo& info);
  void commit();

  int64_t num_days() const;
  int64_t num_impressions() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Adds all samples in their order, each with up to `days_before` of the days before it. A few days at a time are made,
// by all threads. `done` is told how many samples are added.
void add_samples(const campaigns::Samples& samples, int64_t days_before, Threads& threads, CampaignStoreWriter& writer,
                 const std::function<void(int64_t)>& done);

// Samples of a store. A day is read when it is asked for, by plain reads of the file's bytes: from any thread, side by
// side, 12 bytes an impression. The file stays open, so that one that takes its place changes nothing here.
class StoredSamples : public campaigns::Samples {
 public:
  // Checks form, version, shapes and the table of samples. Every Error names the file, what was found and what was
  // expected.
  explicit StoredSamples(const std::string& path);
  ~StoredSamples() override;

  int64_t num_slots() const override;
  // Checked (check_day); an Error names file, campaign and day.
  campaigns::ClickDay day(int64_t sample, int64_t back) const override;

  const CampaignStoreInfo& info() const;
  int64_t num_days() const;
  int64_t num_impressions() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data
