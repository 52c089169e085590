#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/convert.h"

// Typed configs. A struct with defaults lists its fields once, and that list reads, checks and prints:
//
//   struct LoaderConfig {
//     int64_t batch_size = 256;
//     void fields(ConfigVisitor& v) { v.field("batch_size", batch_size, {1, 1 << 20}); }
//   };
//
// Unknown and doubled keys, wrong types and values out of range are ConfigErrors that name file, line and key.

namespace genbid {

struct IntRange {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
};

// Both ends belong to the range.
struct RealRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// `[0.5, 2]`, or `1` for both ends; the lower one first.
struct RealInterval {
  double low = 0.0;
  double high = 0.0;

  bool operator==(const RealInterval&) const = default;
};

// Periods as a person writes them: `7..20`, `21`, or a list of both, [7..9, 12]. They keep the order in which they are
// written. None may be negative or come twice. Seats, advertisers and seeds are written in the same way.
struct PeriodList {
  std::vector<int64_t> values;
};

class ConfigVisitor {
 public:
  virtual ~ConfigVisitor() = default;

  virtual void field(std::string_view key, bool& value) = 0;
  virtual void field(std::string_view key, int64_t& value, IntRange range = {}) = 0;
  virtual void field(std::string_view key, double& value, RealRange range = {}) = 0;
  virtual void field(std::string_view key, std::string& value) = 0;
  // A string that must be one of `choices` (a table of kinds).
  virtual void field(std::string_view key, std::string& value, const std::vector<std::string>& choices) = 0;
  // A list of strings; one scalar is read as a list of one.
  virtual void field(std::string_view key, std::vector<std::string>& value) = 0;
  // A list of numbers, each within the range; one scalar is read as a list of one.
  virtual void field(std::string_view key, std::vector<double>& value, RealRange range = {}) = 0;
  // `one`: what messages call a number of the list.
  virtual void field(std::string_view key, PeriodList& value, std::string_view one = "period") = 0;
  virtual void field(std::string_view key, RealInterval& value, RealRange range = {}) = 0;  // range: of both ends
  // A number that may be left out; a key with nothing behind it counts as left out.
  virtual void field(std::string_view key, std::optional<double>& value, RealRange range = {}) = 0;
  // A file or folder, or the name of something that the program ships. `~/` is the home folder. An empty text is an
  // error unless it `may_be_empty`.
  virtual void path(std::string_view key, std::string& value, bool may_be_empty = false) = 0;
  // A list of these; one scalar is read as a list of one.
  virtual void path(std::string_view key, std::vector<std::string>& value) = 0;

  // A key that the file or the command line must give.
  template <typename T>
  void required(std::string_view key, T& value) {
    require(key);
    field(key, value);
  }

  template <typename T>
  void required_path(std::string_view key, T& value) {
    require(key);
    path(key, value);
  }

  // A nested struct under `key`.
  template <typename T>
  void section(std::string_view key, T& value) {
    begin_section(key);
    value.fields(*this);
    end_section();
  }

  // A section that the program gained after others had kept configs without it. It is read and shown like any other.
  // In a text that is compared with kept ones (PrintFor::kComparing) it stands only where it is `changed` from its
  // defaults.
  template <typename T>
  void later_section(std::string_view key, T& value, bool changed) {
    if (changed || !compares()) section(key, value);
  }

  // A list of structs. An element written as a scalar is read as the value of the element's field
  // `scalar_key` (so `pid` may stand for `{bidder: pid}`); one element may stand without its list.
  template <typename T>
  void list(std::string_view key, std::vector<T>& values, std::string_view scalar_key = {}, const T& fresh = T()) {
    const int64_t count = begin_list(key, scalar_key);
    // Fresh elements: what a given one leaves out has its struct's default, not that of the default list.
    if (count != kKeep) values = std::vector<T>(static_cast<size_t>(count), fresh);
    for (size_t i = 0; i < values.size(); ++i) {
      begin_item(to_signed(i));
      values[i].fields(*this);
      end_item();
    }
    end_list();
  }

  // For checks that span fields: throws ConfigError at `key` of the current section when reading.
  virtual void check(bool good, std::string_view key, std::string_view expected) = 0;

 protected:
  virtual bool compares() const { return false; }
  virtual void require(std::string_view key) = 0;
  virtual void begin_section(std::string_view key) = 0;
  virtual void end_section() = 0;
  // How many elements the file gives, or kKeep to visit the values as they are.
  static constexpr int64_t kKeep = -1;
  virtual int64_t begin_list(std::string_view key, std::string_view scalar_key) = 0;
  virtual void begin_item(int64_t index) = 0;
  virtual void end_item() = 0;
  virtual void end_list() = 0;
};

// A parsed YAML file with `key.path=value` overrides laid over it.
class ConfigFile {
 public:
  // Throws ConfigError for an unreadable file, bad YAML, a doubled key, a bad override.
  static ConfigFile load(const std::string& path, const std::vector<std::string>& overrides = {});
  // Reads the same from text; `name` stands for the file in messages.
  static ConfigFile parse(const std::string& text, const std::string& name,
                          const std::vector<std::string>& overrides = {});
  ConfigFile(ConfigFile&&) noexcept;
  ConfigFile& operator=(ConfigFile&&) noexcept;
  ~ConfigFile();

  // The value of the top-level key `kind` (the verb the file is for).
  std::string kind() const;

  // Fills `config` and rejects what its fields() does not name. `kind` is read by kind() and skipped here.
  template <typename T>
  void read(T& config) const {
    Reader reader(*this);
    config.fields(reader.visitor());
    reader.finish();
  }

 private:
  struct Impl;
  class Reader {
   public:
    explicit Reader(const ConfigFile& file);
    ~Reader();
    ConfigVisitor& visitor();
    void finish();

   private:
    std::unique_ptr<ConfigVisitor> visitor_;
  };
  explicit ConfigFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What a printed config is for: to be read by people and programs, every key present; or to be compared with one that
// an earlier program may have kept (ConfigVisitor::later_section).
enum class PrintFor { kReading, kComparing };

class ConfigPrinter {
 public:
  explicit ConfigPrinter(PrintFor purpose = PrintFor::kReading);
  ~ConfigPrinter();
  ConfigVisitor& visitor();
  // The resolved config as YAML, numbers in shortest round-trip form.
  std::string yaml(std::string_view kind) const;

 private:
  std::unique_ptr<ConfigVisitor> visitor_;
};

// The resolved config as YAML text that ConfigFile reads back to the same values.
template <typename T>
std::string print_config(const T& config, std::string_view kind, PrintFor purpose = PrintFor::kReading) {
  T copy = config;
  ConfigPrinter printer(purpose);
  copy.fields(printer.visitor());
  return printer.yaml(kind);
}

// Collects `7..20` and `21`; throws ConfigError naming `where` if a text is neither, negative, reversed, holds a period
// that is there already, or makes too many. `one` is what the message calls a period.
class PeriodReader {
 public:
  void append(const std::string& text, const std::string& where, std::string_view one = "period");
  std::vector<int64_t> take() { return std::move(periods_); }

 private:
  std::vector<int64_t> periods_;
  std::map<int64_t, int64_t> ranges_;  // first to last
};

// Shortest text that reads back as the same double ("0.1", "15", "1e-05", "inf").
std::string shortest(double value);

}  // namespace genbid
