#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Tables of typed columns (Parquet), on this machine or in an object store. What reads and writes them is a plugin
// (src/arrow_plugin), because it stands on libraries of 80 MB that most runs do not need. This is all that the program
// and the plugin know of each other: both are built together, and the program does not link the plugin.

namespace genbid::data {

// What a column's values are, whatever their width and encoding in the file.
enum class TableKind {
  kWhole,  // whole numbers of up to 64 bits
  kReal,   // floats and doubles
  kFlag,   // booleans
  kText,
  kReals,    // lists of numbers
  kNothing,  // only missing values, without a type
  kOther,    // what this program has no use for: dates, decimals, structs
};

struct TableColumn {
  std::string name;
  TableKind kind = TableKind::kOther;
  std::string type;  // as the file calls it, for messages
};

// Values of one column in some neighbouring rows. What is not of its kind is empty.
struct TableValues {
  TableKind kind = TableKind::kNothing;
  int64_t num_rows = 0;
  bool single = false;           // kReal: from floats of 32 bits, in which whole numbers above 2^24 have lost digits
  std::vector<int64_t> whole;    // kWhole, kFlag (0 or 1); 0 where missing
  std::vector<double> real;      // kReal, and the numbers of lists one behind the other; NaN where missing
  std::string text;              // kText: all texts, one behind the other
  std::vector<int64_t> ends;     // kText, kReals: where each row's text or list ends
  std::vector<uint8_t> missing;  // 1: there is no value; empty where all rows have one
};

// One column within one row group, from its first row on. Columns may be read at the same time.
class TableColumnReader {
 public:
  virtual ~TableColumnReader() = default;
  // The next `count` rows, over what `out` holds. Error if the file is damaged or does not hold so many.
  virtual void read(int64_t count, TableValues& out) = 0;
};

class TableFile {
 public:
  virtual ~TableFile() = default;
  virtual const std::vector<TableColumn>& columns() const = 0;
  virtual int64_t size() const = 0;                            // bytes
  virtual const std::string& footer() const = 0;               // the bytes that say what lies where in it
  virtual const std::vector<int64_t>& row_groups() const = 0;  // rows of each
  // Readers of the columns at these places. They keep what they need of the file. From afar, the next row group is
  // fetched meanwhile.
  virtual std::vector<std::unique_ptr<TableColumnReader>> open(int row_group, const std::vector<int>& columns) = 0;
};

// A new file. It is whole after finish(); whoever makes one gives it a temporary name (base/files/atomic_file.h).
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  // Rows of all columns in their order, as one row group.
  virtual void write(const std::vector<TableValues>& columns) = 0;
  virtual void finish() = 0;
};

// An object of an object store.
struct TableObject {
  std::string uri;
  int64_t size = 0;
};

class TablePlugin {
 public:
  virtual ~TablePlugin() = default;
  // `place`: a path, or a URI (s3://bucket/key). Errors of files begin with it.
  virtual std::unique_ptr<TableFile> open(const std::string& place) = 0;
  // All objects whose names begin with `uri`, in the order of their names.
  virtual std::vector<TableObject> list(const std::string& uri) = 0;
  // Who an object is, in words that change when it is written anew.
  virtual std::string stamp(const std::string& uri) = 0;
  // Columns of all kinds but kNothing and kOther.
  virtual std::unique_ptr<TableWriter> create(const std::string& path, const std::vector<TableColumn>& columns) = 0;
};

// Loads the plugin the first time. Error that begins with `wanted_by` and says how to get it where it is not there.
TablePlugin& table_plugin(const std::string& wanted_by);

// What the plugin exports, under these names. The version is the program's and a hash of this file: one that was built
// with another is not called.
inline constexpr const char* kTablePluginSymbol = "genbid_table_plugin";
using TablePluginFunction = TablePlugin* (*)();
inline constexpr const char* kTablePluginVersionSymbol = "genbid_table_plugin_version";
using TablePluginVersion = const char* (*)();

}  // namespace genbid::data
