#include "data/campaign_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/shown.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/spool.h"

namespace genbid::data {
namespace {

using campaigns::ClickDay;
using campaigns::Sample;
using campaigns::SetOfSamples;

constexpr const char* kSet = "/samples/set";
constexpr const char* kCampaign = "/samples/campaign";
constexpr const char* kDay = "/samples/day";
constexpr const char* kBudget = "/samples/budget";
constexpr const char* kPpc = "/samples/ppc";
constexpr const char* kDaysBefore = "/samples/days_before";
constexpr const char* kStoredDay = "/samples/stored_day";
constexpr const char* kBegin = "/days/begin";
constexpr const char* kSlotBegins = "/days/slot_begins";
constexpr const char* kValue = "/impressions/value";
constexpr const char* kCtr = "/impressions/ctr";
constexpr const char* kCost = "/impressions/cost";

// The order of samples (campaigns/samples.h).
auto order_of(const Sample& sample) { return std::tuple(sample.set, sample.campaign, sample.day); }

}  // namespace

struct CampaignStoreWriter::State {
  AtomicFile atomic;
  Hdf5File file;
  int64_t num_slots;
  SpoolSpace space;
  Spool slot_begins, value, ctr, cost;
  std::vector<int64_t> begin = {0};                 // where each day begins, and where the last one ends
  std::vector<std::pair<Sample, int64_t>> samples;  // each with the place of its own day

  State(const std::string& path, int64_t slots, int64_t memory_bytes)
      : atomic(path),
        file(Hdf5File::create(atomic.temporary(), path)),
        num_slots(slots),
        space(std::filesystem::path(path).parent_path().string(), memory_bytes),
        slot_begins(space),
        value(space),
        ctr(space),
        cost(space) {}

  template <typename T>
  static void append(Spool& spool, const std::vector<T>& values) {
    spool.append(std::as_bytes(std::span(values)));
  }

  template <typename T>
  void write(const std::string& name, const std::vector<T>& values) {
    file.create_dataset(name, kHdf5TypeOf<T>, {std::ssize(values)});
    if (!values.empty()) file.write_rows(name, 0, std::span<const T>(values));
  }

  template <typename T>
  void write_spool(const std::string& name, Spool& spool, const std::vector<int64_t>& shape) {
    file.create_dataset(name, kHdf5TypeOf<T>, shape);
    const int64_t per_row = shape.size() > 1 ? shape[1] : 1;
    int64_t row = 0;
    spool.read(per_row * to_signed(sizeof(T)), [&](std::span<const std::byte> bytes) {
      const std::span<const T> values(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
      file.write_rows(name, row, values);
      row += std::ssize(values) / per_row;
    });
    spool.clear();
  }

  template <typename T, typename Get>
  void write_column(const std::string& name, Get&& get) {
    std::vector<T> values;
    values.reserve(samples.size());
    for (const auto& [sample, place] : samples) values.push_back(static_cast<T>(get(sample, place)));
    write(name, values);
  }
};

CampaignStoreWriter::CampaignStoreWriter(const std::string& path, int64_t num_slots, int64_t memory_bytes)
    : state_(std::make_unique<State>(path, num_slots, memory_bytes)) {}
CampaignStoreWriter::~CampaignStoreWriter() = default;

int64_t CampaignStoreWriter::num_days() const { return std::ssize(state_->begin) - 1; }
int64_t CampaignStoreWriter::num_impressions() const { return state_->begin.back(); }

void CampaignStoreWriter::add_day(const ClickDay& day) {
  State& s = *state_;
  assert(day.num_slots() == s.num_slots);
  State::append(s.slot_begins, day.slot_begins);
  State::append(s.value, day.value);
  State::append(s.ctr, day.ctr);
  State::append(s.cost, day.cost);
  s.begin.push_back(s.begin.back() + day.num_impressions());
}

void CampaignStoreWriter::add_sample(const Sample& sample) {
  assert(sample.days_before < num_days());
  state_->samples.emplace_back(sample, num_days() - 1);
}

void CampaignStoreWriter::finish(const CampaignStoreInfo& info) {
  close(info);
  commit();
}

void CampaignStoreWriter::commit() { state_->atomic.commit(); }

void CampaignStoreWriter::close(const CampaignStoreInfo& info) {
  State& s = *state_;
  std::sort(s.samples.begin(), s.samples.end(),
            [](const auto& a, const auto& b) { return order_of(a.first) < order_of(b.first); });
  s.file.write_attribute("format", std::string(kCampaignStoreFormat));
  s.file.write_attribute("version", kVersion);
  s.file.write_attribute("slots", s.num_slots);
  s.file.write_attribute("sources", info.sources);
  s.file.write_attribute("config", info.config);
  for (const char* group : {"/samples", "/days", "/impressions"}) s.file.create_group(group);
  s.write_column<uint8_t>(kSet, [](const Sample& one, int64_t) { return one.set; });
  s.write_column<uint32_t>(kCampaign, [](const Sample& one, int64_t) { return one.campaign; });
  s.write_column<int64_t>(kDay, [](const Sample& one, int64_t) { return one.day; });
  s.write_column<double>(kBudget, [](const Sample& one, int64_t) { return one.limits.budget; });
  s.write_column<double>(kPpc, [](const Sample& one, int64_t) { return one.limits.ppc; });
  s.write_column<int64_t>(kDaysBefore, [](const Sample& one, int64_t) { return one.days_before; });
  s.write_column<int64_t>(kStoredDay, [](const Sample&, int64_t place) { return place; });
  s.write(kBegin, s.begin);
  s.write_spool<int64_t>(kSlotBegins, s.slot_begins, {num_days(), s.num_slots + 1});
  s.write_spool<float>(kValue, s.value, {num_impressions()});
  s.write_spool<float>(kCtr, s.ctr, {num_impressions()});
  s.write_spool<float>(kCost, s.cost, {num_impressions()});
  s.file.close();
}

void add_samples(const campaigns::Samples& samples, int64_t days_before, Threads& threads, CampaignStoreWriter& writer,
                 const std::function<void(int64_t)>& done) {
  const int64_t at_a_time = 2 * int64_t{threads.count()};
  std::vector<std::pair<int64_t, int64_t>> wanted;  // sample, back
  std::vector<ClickDay> days;
  int64_t num_done = 0;
  const auto add = [&] {
    days.resize(wanted.size());
    threads.parallel_for(std::ssize(wanted), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) at(days, i) = samples.day(at(wanted, i).first, at(wanted, i).second);
    });
    for (size_t i = 0; i < wanted.size(); ++i) {
      writer.add_day(days[i]);
      if (wanted[i].second > 0) continue;
      Sample sample = at(samples.all(), wanted[i].first);
      sample.days_before = std::min(sample.days_before, days_before);
      writer.add_sample(sample);
      done(++num_done);
    }
    wanted.clear();
  };
  for (int64_t i = 0; i < std::ssize(samples.all()); ++i) {
    for (int64_t back = std::min(at(samples.all(), i).days_before, days_before); back >= 0; --back) {
      wanted.emplace_back(i, back);
      if (std::ssize(wanted) == at_a_time) add();
    }
  }
  add();
}

namespace {

// Reads a place of the file again and again from any thread.
class ReadFile {
 public:
  explicit ReadFile(std::string path) : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw Error(path_ + ": cannot open: " + std::strerror(errno));
  }
  ~ReadFile() { ::close(fd_); }
  ReadFile(const ReadFile&) = delete;
  ReadFile& operator=(const ReadFile&) = delete;

  template <typename T>
  std::vector<T> read(int64_t offset, int64_t count) const {
    std::vector<T> values(to_size(count));
    auto* to = reinterpret_cast<std::byte*>(values.data());
    int64_t left = count * to_signed(sizeof(T));
    while (left > 0) {
      const ssize_t got = ::pread(fd_, to, to_size(left), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error(path_ + ": cannot read: " + std::strerror(errno));
      if (got == 0) {
        throw Error(path_ + ": ends at byte " + std::to_string(offset) + "; it was cut off after it was opened");
      }
      to += got;
      left -= got;
      offset += got;
    }
    return values;
  }

 private:
  std::string path_;
  int fd_;
};

}  // namespace

struct StoredSamples::State {
  std::string path;
  std::optional<ReadFile> bytes;
  CampaignStoreInfo info;
  int64_t num_slots = 0;
  std::vector<Sample> samples;
  std::vector<int64_t> stored_day;  // by sample
  std::vector<int64_t> begin;       // where each day begins, and where the last one ends
  int64_t slot_begins_at = 0;       // bytes from the file's beginning
  int64_t value_at = 0;
  int64_t ctr_at = 0;
  int64_t cost_at = 0;

  explicit State(std::string name) : path(std::move(name)) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

  int64_t num_days() const { return std::ssize(begin) - 1; }

  // Everything but the impressions, which are read without the library.
  void read() {
    const Hdf5File file = Hdf5File::open(path);
    check_format(file);
    read_samples(file);
    read_days(file);
    check_samples();
  }

  void check_format(const Hdf5File& file) {
    const std::string expected =
        ", expected a store of campaigns' days made by `genbid simulate` or `genbid ingest` (protocol: campaigns)";
    if (!file.has_attribute("format")) fail("an HDF5 file without the attribute 'format'" + expected);
    const std::string format = file.read_text_attribute("format");
    if (format != kCampaignStoreFormat) fail("format '" + shown(format) + "'" + expected);
    for (const char* name : {"version", "slots"}) {
      if (!file.has_attribute(name)) fail(std::string("no attribute '") + name + "'" + expected);
    }
    const int64_t version = file.read_integer_attribute("version");
    if (version != CampaignStoreWriter::kVersion) {
      fail("store of campaigns' days of version " + std::to_string(version) + ", this program reads " +
           std::to_string(CampaignStoreWriter::kVersion));
    }
    num_slots = file.read_integer_attribute("slots");
    if (num_slots < 1 || num_slots > kMostDaySlots) {
      fail("attribute 'slots': found " + std::to_string(num_slots) + ", expected 1 to " +
           std::to_string(kMostDaySlots));
    }
    if (file.has_attribute("sources")) info.sources = file.read_text_attribute("sources");
    if (file.has_attribute("config")) info.config = file.read_text_attribute("config");
  }

  void check(const Hdf5File& file, const std::string& name, bool whole_numbers,
             const std::vector<int64_t>& expected) const {
    trial_goes_on();
    if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
    const Hdf5Kind kind = file.kind(name);
    if (whole_numbers ? kind != Hdf5Kind::kInteger : kind != Hdf5Kind::kReal) {
      fail("dataset '" + name + "': found " + file.kind_text(name) + ", expected " +
           (whole_numbers ? "whole numbers" : "real numbers"));
    }
    file.visit_pieces(name);
    const std::vector<int64_t> found = file.shape(name);
    if (found == expected) return;
    fail("dataset '" + name + "': found the shape " + shape_text(found) + ", expected " + shape_text(expected));
  }

  // How many rows a dataset has, of which the others are to have as many.
  int64_t rows_of(const Hdf5File& file, const std::string& name) const {
    if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
    const std::vector<int64_t> shape = file.shape(name);
    if (shape.size() != 1 || shape[0] < 1) {
      fail("dataset '" + name + "': found the shape " + shape_text(shape) + ", expected a list of one number or more");
    }
    return shape[0];
  }

  template <typename T>
  std::vector<T> column(const Hdf5File& file, const std::string& name, int64_t count) const {
    check(file, name, std::is_integral_v<T>, {count});
    std::vector<T> values(to_size(count));
    file.read_rows(name, 0, std::span<T>(values));
    return values;
  }

  void read_samples(const Hdf5File& file) {
    const int64_t count = rows_of(file, kSet);
    const auto set = column<int64_t>(file, kSet, count);
    const auto campaign = column<uint32_t>(file, kCampaign, count);
    const auto day = column<int64_t>(file, kDay, count);
    const auto budget = column<double>(file, kBudget, count);
    const auto ppc = column<double>(file, kPpc, count);
    const auto days_before = column<int64_t>(file, kDaysBefore, count);
    stored_day = column<int64_t>(file, kStoredDay, count);
    samples.resize(to_size(count));
    for (size_t i = 0; i < samples.size(); ++i) {
      if (set[i] < 0 || set[i] >= std::ssize(campaigns::kSetNames)) {
        refuse(kSet, i, std::to_string(set[i]), "0, 1 or 2 (train, validation, test)");
      }
      samples[i] = {
          static_cast<SetOfSamples>(set[i]), int64_t{campaign[i]}, day[i], {budget[i], ppc[i]}, days_before[i]};
    }
  }

  void read_days(const Hdf5File& file) {
    const int64_t days = rows_of(file, kBegin) - 1;
    begin = column<int64_t>(file, kBegin, days + 1);
    for (size_t i = 0; i < begin.size(); ++i) {
      if (i == 0 ? begin[i] == 0 : begin[i] >= begin[i - 1]) continue;
      refuse(kBegin, i, std::to_string(begin[i]),
             i == 0 ? "0" : "at least the " + std::to_string(begin[i - 1]) + " of the row before");
    }
    const int64_t impressions = begin.back();
    check(file, kSlotBegins, true, {days, num_slots + 1});
    for (const char* name : {kValue, kCtr, kCost}) check(file, name, false, {impressions});
    if (days > 0) slot_begins_at = file.offset(kSlotBegins, Hdf5Type::kI64);
    if (impressions == 0) return;  // empty datasets have no place in the file
    value_at = file.offset(kValue, Hdf5Type::kF32);
    ctr_at = file.offset(kCtr, Hdf5Type::kF32);
    cost_at = file.offset(kCost, Hdf5Type::kF32);
  }

  [[noreturn]] void refuse(const std::string& name, size_t row, const std::string& found,
                           const std::string& expected) const {
    fail("dataset '" + name + "': row " + std::to_string(row) + " holds " + found + ", expected " + expected);
  }

  void check_samples() const {
    const auto in_range = [&](const char* name, size_t row, int64_t found, int64_t low, int64_t high) {
      if (found >= low && found <= high) return;
      refuse(name, row, std::to_string(found), std::to_string(low) + " to " + std::to_string(high));
    };
    for (size_t i = 0; i < samples.size(); ++i) {
      const Sample& one = samples[i];
      for (const auto& [name, limit] : {std::pair(kBudget, one.limits.budget), std::pair(kPpc, one.limits.ppc)}) {
        if (!std::isfinite(limit) || limit <= 0.0) refuse(name, i, shortest(limit), "a finite number above 0");
      }
      in_range(kDay, i, one.day, 0, std::numeric_limits<int32_t>::max());
      in_range(kDaysBefore, i, one.days_before, 0, one.day);
      in_range(kStoredDay, i, stored_day[i], one.days_before, num_days() - 1);
      if (i > 0 && order_of(samples[i - 1]) >= order_of(one)) {
        fail("samples: row " + std::to_string(i) +
             " does not stand behind the row before, expected each sample once, "
             "ordered by set, campaign and day");
      }
    }
  }
};

StoredSamples::StoredSamples(const std::string& path) {
  try_hdf5(path, [&] { State(path).read(); });
  state_ = std::make_unique<State>(path);
  state_->read();
  state_->bytes.emplace(path);
  all_ = state_->samples;
}
StoredSamples::~StoredSamples() = default;

int64_t StoredSamples::num_slots() const { return state_->num_slots; }
const CampaignStoreInfo& StoredSamples::info() const { return state_->info; }
int64_t StoredSamples::num_days() const { return state_->num_days(); }
int64_t StoredSamples::num_impressions() const { return state_->begin.back(); }

ClickDay StoredSamples::day(int64_t sample, int64_t back) const {
  const State& s = *state_;
  const int64_t stored = at(s.stored_day, sample) - back;
  const int64_t first = at(s.begin, stored);
  const int64_t count = at(s.begin, stored + 1) - first;
  const auto place = [first](int64_t column) { return column + first * to_signed(sizeof(float)); };
  ClickDay day;
  day.slot_begins = s.bytes->read<int64_t>(s.slot_begins_at + stored * (s.num_slots + 1) * to_signed(sizeof(int64_t)),
                                           s.num_slots + 1);
  day.value = s.bytes->read<float>(place(s.value_at), count);
  day.ctr = s.bytes->read<float>(place(s.ctr_at), count);
  day.cost = s.bytes->read<float>(place(s.cost_at), count);
  const Sample& one = at(all_, sample);
  check_day(day, s.path + ": campaign " + std::to_string(one.campaign) + ", day " + std::to_string(one.day - back));
  return day;
}

}  // namespace genbid::data
