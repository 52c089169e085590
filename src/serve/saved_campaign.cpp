#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/convert.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "serve/campaigns.h"
#include "serve/refused.h"

// A campaign as bytes, little-endian, without gaps:
//
//   "genbid-c", u32 format, u64 bytes in all, the bundle's hash (32 digits), u32 length and the bundle's version
//   the campaign
//   a hash of all before it (32 digits)

namespace genbid::serve {
namespace {

static_assert(std::endian::native == std::endian::little, "saved campaigns are little-endian");

constexpr std::string_view kMagic = "genbid-c";
constexpr uint32_t kFormat = 1;
constexpr size_t kHashDigits = 32;

class Writer {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes(std::as_bytes(std::span(&value, 1)));
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span<const char>(text))); }
  void bytes(std::span<const std::byte> more) { all_.insert(all_.end(), more.begin(), more.end()); }
  std::vector<std::byte>& all() { return all_; }

 private:
  std::vector<std::byte> all_;
};

[[noreturn]] void refuse(const std::string& found, const std::string& expected) {
  throw Refused(GENBID_INVALID, "saved campaign: found " + found + ", expected " + expected);
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  double finite(const char* what, double low, double high) {
    const auto value = number<double>();
    if (!(value >= low && value <= high)) refuse(std::string("a wrong ") + what, "one that was saved");
    return value;
  }
  bool flag() {
    const auto value = number<uint8_t>();
    if (value > 1) refuse("a flag of " + std::to_string(value), "0 or 1");
    return value == 1;
  }
  std::string text(size_t size) {
    const std::span<const std::byte> bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> take(size_t size) {
    if (size > rest_.size()) refuse("its end too early", std::to_string(size - rest_.size()) + " bytes more");
    const std::span<const std::byte> taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
};

std::string hash_of(std::span<const std::byte> bytes) {
  ContentHash hash;
  hash.add(bytes);
  return hash.digits();
}

void write_head(Writer& writer, const Bundle& bundle, size_t bytes) {
  writer.text(kMagic);
  writer.number(kFormat);
  writer.number(static_cast<uint64_t>(bytes));
  writer.text(bundle.hash);
  writer.number(static_cast<uint32_t>(bundle.info.version.size()));
  writer.text(bundle.info.version);
}

// Reads the head, and refuses bytes that are not a whole, undamaged campaign of this bundle.
void read_head(Reader& reader, const Bundle& bundle, std::span<const std::byte> bytes) {
  if (bytes.size() < kMagic.size() || reader.text(kMagic.size()) != kMagic) {
    refuse("bytes of another kind", "those that genbid_campaign_save() has written");
  }
  const auto format = reader.number<uint32_t>();
  if (format != kFormat) refuse("format " + std::to_string(format), std::to_string(kFormat));
  const auto size = reader.number<uint64_t>();
  if (size != bytes.size()) refuse(std::to_string(bytes.size()) + " bytes", std::to_string(size));
  if (size < kHashDigits) refuse(std::to_string(size) + " bytes", "more");
  Reader last(bytes.last(kHashDigits));
  if (last.text(kHashDigits) != hash_of(bytes.first(bytes.size() - kHashDigits))) {
    refuse("bytes that do not fit their hash", "them as they were saved: they are damaged");
  }
  const std::string hash = reader.text(kHashDigits);
  const std::string version = reader.text(reader.number<uint32_t>());
  if (hash != bundle.hash) {
    refuse("one of the bundle of version " + shown(version) + " (" + shown(hash) + ")",
           "one of " + shown(bundle.info.version) + " (" + bundle.hash + ")");
  }
}

}  // namespace

std::vector<std::byte> Campaigns::save(uint64_t id) {
  const Slot& slot = slot_of(id);
  Writer writer;
  writer.all().reserve(saved_bytes());
  write_head(writer, *bundle_, saved_bytes());
  writer.number(slot.advertiser.budget);
  writer.number(slot.advertiser.cpa_limit);
  writer.number(int32_t{slot.advertiser.category});
  writer.number(slot.noise_seed);
  writer.number(slot.noise_period);
  writer.number(slot.noise_seat);
  for (const float wish : slot.wishes) writer.number(wish);
  writer.number(int32_t{slot.history.num_ticks()});
  for (const double number : slot.history.numbers()) writer.number(number);
  writer.number(uint8_t{slot.has_acted});
  writer.number(slot.start.num_pv);
  writer.number(slot.start.mean_pvalue);
  writer.number(slot.start.remaining_budget);
  writer.bytes(std::as_bytes(numbers_of(slot).first(layout_.plain)));
  for (const bool next : {false, true}) {
    const std::vector<float> carry = saved_carry(slot, next);
    writer.bytes(std::as_bytes(std::span<const float>(carry)));
  }
  writer.text(hash_of(writer.all()));
  return std::move(writer.all());
}

size_t Campaigns::saved_bytes() const {
  constexpr size_t kHead = kMagic.size() + sizeof(uint32_t) + sizeof(uint64_t) + kHashDigits + sizeof(uint32_t);
  constexpr size_t kFixed = 2 * sizeof(double) + sizeof(int32_t) + sizeof(uint64_t) + sizeof(int64_t) +
                            sizeof(int32_t) + sizeof(OutcomeValues) + sizeof(int32_t) +
                            TickHistory::kNumNumbers * sizeof(double) + 1 + sizeof(int64_t) + 2 * sizeof(double);
  return kHead + bundle_->info.version.size() + kFixed + layout_.saved_bytes() + kHashDigits;
}

uint64_t Campaigns::restore(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  read_head(reader, *bundle_, bytes);
  if (bytes.size() != saved_bytes()) {
    refuse(std::to_string(bytes.size()) + " bytes", std::to_string(saved_bytes()));
  }
  genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
  campaign.budget = reader.number<double>();
  campaign.cpa_limit = reader.number<double>();
  campaign.category = reader.number<int32_t>();
  campaign.noise_seed = reader.number<uint64_t>();
  campaign.noise_period = reader.number<int64_t>();
  campaign.noise_seat = reader.number<int32_t>();
  check(campaign);
  OutcomeValues wishes{};
  for (float& wish : wishes) {
    wish = reader.number<float>();
    if (!std::isfinite(wish)) refuse("a wish that is not finite", "a number");
  }
  const auto num_ticks = reader.number<int32_t>();
  const int64_t ticks = bundle_->info.ticks;
  if (num_ticks < 0 || num_ticks > ticks) refuse("tick " + std::to_string(num_ticks), "0 to " + std::to_string(ticks));
  std::array<double, TickHistory::kNumNumbers> history{};
  for (double& number : history) number = reader.finite("number of its history", 0.0, 1e304);
  const bool has_acted = reader.flag();
  if (has_acted && num_ticks == ticks) refuse("a tick beyond its day", "none");
  TickStart start;
  start.tick = num_ticks;
  start.num_pv = reader.number<int64_t>();
  if (start.num_pv < 0) refuse("a negative count", "a count");
  start.mean_pvalue = reader.finite("mean_pvalue", 0.0, 1.0);
  start.remaining_budget = reader.finite("remaining_budget", 0.0, 1e300);
  static_cast<void>(free_slot());

  const std::span<const std::byte> saved = reader.take(layout_.saved_bytes());
  std::vector<float> carries(2 * layout_.carry_size);

  Slot& slot = occupy(campaign, wishes);
  slot.history = TickHistory::from_numbers(num_ticks, history);
  slot.has_acted = has_acted;
  slot.start = start;
  const std::span<float> numbers = numbers_of(slot);
  std::memcpy(numbers.data(), saved.data(), layout_.plain * sizeof(float));
  std::memcpy(carries.data(), saved.data() + layout_.plain * sizeof(float), carries.size() * sizeof(float));
  const std::span<const float> both = carries;
  restore_carry(slot, both.first(layout_.carry_size), both.last(layout_.carry_size));
  return id_of(slot);
}

}  // namespace genbid::serve
