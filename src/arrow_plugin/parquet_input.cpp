#include "arrow_plugin/parquet_input.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <arrow/io/caching.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include "arrow_plugin/places.h"
#include "base/convert.h"
#include "base/error.h"

namespace genbid::arrow_plugin {
namespace {

using data::TableColumn;
using data::TableColumnReader;
using data::TableKind;
using data::TableValues;

constexpr int64_t kBufferBytes = int64_t{1} << 20;  // of a column's chunk on this machine
constexpr int64_t kTailBytes = int64_t{1} << 16;    // which mostly have the footer in them
// Of the rows of one call, so that a small file cannot ask for all memory: so much a row, and some to spare.
constexpr int64_t kMostNumbersOfRow = 64;
constexpr int64_t kMostBytesOfRow = int64_t{1} << 12;
constexpr int64_t kSpareNumbers = int64_t{1} << 12;
constexpr int64_t kSpareBytes = int64_t{1} << 20;

// Calls `body` and turns whatever the library throws into an Error that says where.
template <typename Body>
auto guarded(const std::string& where, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& problem) {
    throw Error(where + ": cannot be read as Parquet: " + problem.what());
  }
}

// A column of the schema, and where its values lie.
struct Leaf {
  TableColumn column;
  int place = -1;             // among the file's leaves; -1: of a kind that is not read
  int16_t element_level = 0;  // of lists: definition levels from here on have an element
};

TableKind kind_of(const parquet::schema::PrimitiveNode& node) {
  const parquet::LogicalType& logical = *node.logical_type();
  if (logical.is_null()) return TableKind::kNothing;
  const bool plain = logical.is_none() || !logical.is_valid();
  switch (node.physical_type()) {
    case parquet::Type::BOOLEAN:
      return TableKind::kFlag;
    case parquet::Type::INT32:
    case parquet::Type::INT64:
      return plain || logical.is_int() ? TableKind::kWhole : TableKind::kOther;
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      return TableKind::kReal;
    case parquet::Type::BYTE_ARRAY:
      return plain || logical.is_string() || logical.is_enum() || logical.is_JSON() ? TableKind::kText
                                                                                    : TableKind::kOther;
    default:
      return TableKind::kOther;
  }
}

bool is_unsigned(const parquet::schema::PrimitiveNode& node) {
  const parquet::LogicalType& logical = *node.logical_type();
  return logical.is_int() && !static_cast<const parquet::IntLogicalType&>(logical).is_signed();
}

std::string type_name(const parquet::schema::PrimitiveNode& node) {
  const parquet::LogicalType& logical = *node.logical_type();
  if (!logical.is_none() && logical.is_valid()) return logical.ToString();
  return parquet::TypeToString(node.physical_type());
}

// Leaves are numbered as a walk from the first field to the last meets them.
Leaf leaf_of(const parquet::schema::Node& field, const parquet::SchemaDescriptor& schema, int& next_leaf) {
  Leaf leaf;
  leaf.column.name = field.name();
  const int first = next_leaf;
  while (next_leaf < schema.num_columns() && schema.GetColumnRoot(next_leaf) == &field) ++next_leaf;
  if (field.is_primitive() && !field.is_repeated()) {
    const auto& node = static_cast<const parquet::schema::PrimitiveNode&>(field);
    leaf.column.kind = kind_of(node);
    leaf.column.type = type_name(node);
    if (leaf.column.kind != TableKind::kOther) leaf.place = first;
    return leaf;
  }
  leaf.column.type = "struct";
  if (next_leaf != first + 1) return leaf;
  const parquet::ColumnDescriptor& only = *schema.Column(first);
  const auto& element = static_cast<const parquet::schema::PrimitiveNode&>(*only.schema_node());
  leaf.column.type = (only.max_repetition_level() == 1 ? "list of " : "nested ") + type_name(element);
  const TableKind kind = is_unsigned(element) ? TableKind::kOther : kind_of(element);
  if (only.max_repetition_level() != 1 || (kind != TableKind::kReal && kind != TableKind::kWhole)) return leaf;
  // The level at which the repeated node is there.
  int16_t level = 0;
  std::vector<const parquet::schema::Node*> path;
  for (const parquet::schema::Node* node = &element; node->parent() != nullptr; node = node->parent()) {
    path.push_back(node);
  }
  for (auto node = path.rbegin(); node != path.rend(); ++node) {
    if (!(*node)->is_required()) ++level;
    if ((*node)->is_repeated()) break;
  }
  // A repeated number, or one in one or two groups that are marked as a list; no structs in or around it.
  const bool is_list = field.logical_type() != nullptr && field.logical_type()->is_list();
  if (path.size() > 1 && (!is_list || path.size() > 3)) return leaf;
  leaf.element_level = level;
  leaf.column.kind = TableKind::kReals;
  leaf.place = first;
  return leaf;
}

// A column with no types and no values.
class NothingReader : public TableColumnReader {
 public:
  void read(int64_t count, TableValues& out) override {
    out = {};
    out.num_rows = count;
    out.missing.assign(to_size(count), 1);
  }
};

// What is behind a column's readers: its place for messages, and the library's reader of it.
template <typename DType>
struct Source {
  std::string where;
  std::shared_ptr<parquet::ColumnReader> column;
  bool is_unsigned = false;

  using T = typename DType::c_type;

  int64_t read(int64_t most, int16_t* defined, int16_t* repeated, T* values, int64_t& num_values) {
    auto& reader = static_cast<parquet::TypedColumnReader<DType>&>(*column);
    const int64_t levels = reader.HasNext() ? reader.ReadBatch(most, defined, repeated, values, &num_values) : 0;
    if (levels < 0 || levels > most || (levels > 0 && (num_values < 0 || num_values > levels))) {
      throw Error(where + ": cannot be read as Parquet: a page holds another number of values than it says");
    }
    return levels;
  }
  [[noreturn]] void ends_early() const {
    throw Error(where + ": ends before the last of its rows: is the file damaged?");
  }
};

// Values without a list around them.
template <typename DType>
class FlatReader : public TableColumnReader {
 public:
  FlatReader(Source<DType> source, TableKind kind)
      : source_(std::move(source)), kind_(kind), optional_(source_.column->descr()->max_definition_level() > 0) {}

  void read(int64_t count, TableValues& out) override {
    guarded(source_.where, [&] { read_values(count, out); });
  }

 private:
  using T = typename DType::c_type;
  static constexpr bool kIsText = std::is_same_v<DType, parquet::ByteArrayType>;
  static constexpr bool kInPlace = std::is_same_v<T, double> || std::is_same_v<T, int64_t>;

  void read_values(int64_t count, TableValues& out) {
    out.kind = kind_;
    out.num_rows = count;
    out.text.clear();
    out.ends.clear();
    out.missing.clear();
    if (optional_) defined_.resize(to_size(count));
    T* const values = room(count, out);
    int64_t rows = 0;
    int64_t num_values = 0;
    while (rows < count) {
      int64_t now = 0;
      const int64_t levels =
          source_.read(count - rows, optional_ ? defined_.data() + rows : nullptr, nullptr, values + num_values, now);
      if (levels == 0) source_.ends_early();
      if constexpr (kIsText) take_texts(values + num_values, now, out);  // they lie in a page, which goes
      rows += levels;
      num_values += now;
    }
    if (optional_ && num_values < count) {
      spread(values, num_values, count, out);
    } else if (num_values != count) {
      source_.ends_early();
    } else {
      convert(values, count, out);
    }
  }

  // Doubles and whole numbers of 64 bits are read to where they are wanted.
  T* room(int64_t count, TableValues& out) {
    if constexpr (std::is_same_v<T, double>) {
      out.real.resize(to_size(count));
      return out.real.data();
    } else if constexpr (std::is_same_v<T, int64_t>) {
      out.whole.resize(to_size(count));
      return out.whole.data();
    } else {
      if (std::ssize(raw_) < count) raw_ = std::vector<Slot>(to_size(count));
      return reinterpret_cast<T*>(raw_.data());
    }
  }

  void take_texts(const T* values, int64_t count, TableValues& out) {
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (kIsText) {
        if (std::ssize(out.text) + int64_t{values[i].len} > kMostBytesOfRow * out.num_rows + kSpareBytes) {
          throw Error(source_.where + ": found texts of more than " + std::to_string(kMostBytesOfRow) +
                      " bytes a row, expected states of 16 numbers");
        }
        out.text.append(reinterpret_cast<const char*>(values[i].ptr), values[i].len);
        out.ends.push_back(std::ssize(out.text));
      }
    }
  }

  void convert(const T* values, int64_t count, TableValues& out) const {
    out.single = std::is_same_v<T, float>;
    if constexpr (std::is_same_v<T, float>) {
      out.real.assign(values, values + count);
    } else if constexpr (!kInPlace && !kIsText) {
      out.whole.resize(to_size(count));
      for (int64_t i = 0; i < count; ++i) at(out.whole, i) = whole(values[i]);
    }
    check_unsigned(out);
  }

  int64_t whole(T value) const {
    if constexpr (std::is_same_v<T, int32_t>) {
      return source_.is_unsigned ? int64_t{static_cast<uint32_t>(value)} : int64_t{value};
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? 1 : 0;
    } else {
      return 0;
    }
  }

  void check_unsigned(const TableValues& out) const {
    if constexpr (std::is_same_v<T, int64_t>) {
      if (!source_.is_unsigned) return;
      for (const int64_t value : out.whole) {
        if (value >= 0) continue;
        throw Error(source_.where + ": found '" + std::to_string(static_cast<uint64_t>(value)) +
                    "', expected whole numbers below 2^63");
      }
    }
  }

  // Values lie one behind the other; those of rows that have one move to their rows, from the last on.
  void spread(T* values, int64_t num_values, int64_t count, TableValues& out) {
    const int16_t most = source_.column->descr()->max_definition_level();
    out.missing.resize(to_size(count));
    int64_t there = 0;
    for (int64_t i = 0; i < count; ++i) {
      at(out.missing, i) = at(defined_, i) == most ? 0 : 1;
      there += at(out.missing, i) == 0 ? 1 : 0;
    }
    if (there != num_values) source_.ends_early();
    if constexpr (kIsText) {
      std::vector<int64_t> ends(to_size(count));
      int64_t end = 0;
      int64_t next = 0;
      for (int64_t i = 0; i < count; ++i) {
        if (at(out.missing, i) == 0) end = at(out.ends, next++);
        at(ends, i) = end;
      }
      out.ends = std::move(ends);
      return;
    }
    convert(values, num_values, out);
    if constexpr (std::is_floating_point_v<T>) {
      spread_in(out.real, num_values, count, std::numeric_limits<double>::quiet_NaN(), out.missing);
    } else {
      spread_in(out.whole, num_values, count, int64_t{0}, out.missing);
    }
  }

  template <typename V>
  static void spread_in(std::vector<V>& values, int64_t num_values, int64_t count, V nothing,
                        const std::vector<uint8_t>& missing) {
    values.resize(to_size(count));
    int64_t from = num_values;
    for (int64_t i = count; i-- > 0;) at(values, i) = at(missing, i) == 0 ? at(values, --from) : nothing;
  }

  // Room for a value; bool has no vector that could be read into.
  struct alignas(T) Slot {
    std::byte bytes[sizeof(T)];
  };

  Source<DType> source_;
  TableKind kind_;
  bool optional_;
  std::vector<int16_t> defined_;
  std::vector<Slot> raw_;
};

// Lists of numbers. A list ends where the next one begins, so some levels are read ahead.
template <typename DType>
class ListReader : public TableColumnReader {
 public:
  ListReader(Source<DType> source, int16_t element_level)
      : source_(std::move(source)),
        most_(source_.column->descr()->max_definition_level()),
        element_level_(element_level) {}

  void read(int64_t count, TableValues& out) override {
    guarded(source_.where, [&] { read_lists(count, out); });
  }

 private:
  using T = typename DType::c_type;
  static constexpr int64_t kAhead = int64_t{1} << 14;

  void read_lists(int64_t count, TableValues& out) {
    out.kind = TableKind::kReals;
    out.num_rows = count;
    out.real.clear();
    out.ends.clear();
    out.missing.clear();
    for (int64_t row = 0; row < count; ++row) {
      if (level_ == num_levels_ && !fill()) source_.ends_early();
      if (at(repeated_, level_) != 0) throw Error(source_.where + ": found a list without a beginning");
      const int16_t first = at(defined_, level_);
      if (first < element_level_) {
        // An empty list is one level below an element, a missing one lower still.
        if (first + 1 < element_level_ || element_level_ == 0) {
          if (out.missing.empty()) out.missing.assign(to_size(count), 0);
          at(out.missing, row) = 1;
        }
        ++level_;
      } else {
        do {
          take_elements(out);
          if (std::ssize(out.real) > kMostNumbersOfRow * count + kSpareNumbers) {
            throw Error(source_.where + ": found lists of more than " + std::to_string(kMostNumbersOfRow) +
                        " numbers a row, expected 16");
          }
        } while (level_ == num_levels_ && fill() && at(repeated_, 0) != 0);
      }
      out.ends.push_back(std::ssize(out.real));
    }
  }

  // Those of the list that goes on at `level_`, as far as they are in memory.
  void take_elements(TableValues& out) {
    int64_t end = level_ + 1;
    while (end < num_levels_ && at(repeated_, end) != 0) ++end;
    const auto there = [&](int16_t level) { return level == most_; };
    const int64_t count = std::count_if(defined_.begin() + level_, defined_.begin() + end, there);
    if (value_ + count > num_values_) source_.ends_early();
    if (count == end - level_) {
      out.real.insert(out.real.end(), values_.begin() + value_, values_.begin() + value_ + count);
      value_ += count;
    } else {
      for (int64_t i = level_; i < end; ++i) {
        const bool found = there(at(defined_, i));
        out.real.push_back(found ? as_double(at(values_, value_++)) : std::numeric_limits<double>::quiet_NaN());
      }
    }
    level_ = end;
  }

  bool fill() {
    level_ = num_levels_ = value_ = num_values_ = 0;
    defined_.resize(to_size(kAhead));
    repeated_.resize(to_size(kAhead));
    values_.resize(to_size(kAhead));
    num_levels_ = source_.read(kAhead, defined_.data(), repeated_.data(), values_.data(), num_values_);
    return num_levels_ > 0;
  }

  Source<DType> source_;
  int16_t most_;
  int16_t element_level_;
  std::vector<int16_t> defined_, repeated_;
  std::vector<T> values_;
  int64_t level_ = 0, num_levels_ = 0;  // read so far of what is in memory
  int64_t value_ = 0, num_values_ = 0;
};

template <typename DType>
std::unique_ptr<TableColumnReader> make_reader(const Leaf& leaf, std::string where,
                                               std::shared_ptr<parquet::ColumnReader> column) {
  const auto& node = static_cast<const parquet::schema::PrimitiveNode&>(*column->descr()->schema_node());
  const bool no_sign = is_unsigned(node);
  Source<DType> source{std::move(where), std::move(column), no_sign};
  if constexpr (std::is_arithmetic_v<typename DType::c_type> && !std::is_same_v<typename DType::c_type, bool>) {
    if (leaf.column.kind == TableKind::kReals) {
      return std::make_unique<ListReader<DType>>(std::move(source), leaf.element_level);
    }
  }
  return std::make_unique<FlatReader<DType>>(std::move(source), leaf.column.kind);
}

class ParquetFile : public data::TableFile {
 public:
  explicit ParquetFile(const std::string& place) : place_(place), remote_(is_remote(place)) {
    guarded(place_, [&] { open_file(); });
  }

  const std::vector<TableColumn>& columns() const override { return columns_; }
  int64_t size() const override { return size_; }
  const std::string& footer() const override { return footer_; }
  const std::vector<int64_t>& row_groups() const override { return row_groups_; }

  std::vector<std::unique_ptr<TableColumnReader>> open(int row_group, const std::vector<int>& columns) override {
    return guarded(place_, [&] { return open_columns(row_group, columns); });
  }

 private:
  void open_file() {
    std::shared_ptr<::arrow::io::RandomAccessFile> file = open_place(place_);
    const auto size = file->GetSize();
    if (!size.ok()) throw Error(place_ + ": cannot be read: " + size.status().message());
    size_ = *size;
    parquet::ReaderProperties properties = parquet::default_reader_properties();
    if (!remote_) {
      properties.enable_buffered_stream();
      properties.set_buffer_size(kBufferBytes);
    }
    properties.set_page_checksum_verification(true);  // where pages have a checksum
    reader_ = parquet::ParquetFileReader::Open(file, properties);
    const parquet::FileMetaData& about = *reader_->metadata();
    footer_ = footer_of(*file);
    const parquet::SchemaDescriptor& schema = *about.schema();
    int next_leaf = 0;
    for (int i = 0; i < schema.group_node()->field_count(); ++i) {
      leaves_.push_back(leaf_of(*schema.group_node()->field(i), schema, next_leaf));
      columns_.push_back(leaves_.back().column);
    }
    for (int i = 0; i < about.num_row_groups(); ++i) {
      row_groups_.push_back(about.RowGroup(i)->num_rows());
      if (row_groups_.back() < 0) throw Error(where(i) + ": found " + std::to_string(row_groups_.back()) + " rows");
    }
  }

  // The bytes as they stand in the file: the library crashes when it writes those of a damaged file anew. A file ends
  // with its footer, the footer's length in 4 bytes, and 4 letters.
  std::string footer_of(::arrow::io::RandomAccessFile& file) const {
    constexpr int64_t kEnd = 8;
    const auto read = [&](int64_t at, int64_t count) {
      const auto bytes = file.ReadAt(at, count);
      if (!bytes.ok()) throw Error(place_ + ": cannot be read: " + bytes.status().message());
      return (*bytes)->ToString();
    };
    const std::string tail = read(std::max<int64_t>(size_ - kTailBytes, 0), std::min(size_, kTailBytes));
    uint32_t length = 0;
    std::memcpy(&length, tail.data() + tail.size() - kEnd, sizeof length);
    const int64_t whole = int64_t{length} + kEnd;
    return whole <= std::ssize(tail) ? tail.substr(tail.size() - to_size(whole)) : read(size_ - whole, whole);
  }

  std::string where(int row_group) const { return place_ + ": row group " + std::to_string(row_group + 1); }

  std::vector<std::unique_ptr<TableColumnReader>> open_columns(int row_group, const std::vector<int>& columns) {
    if (remote_ && fetched_ != row_group) fetch(row_group, columns);
    const std::shared_ptr<parquet::RowGroupReader> group = reader_->RowGroup(row_group);
    std::vector<std::unique_ptr<TableColumnReader>> readers;
    for (const int i : columns) readers.push_back(open_column(*group, row_group, at(leaves_, i)));
    if (remote_ && row_group + 1 < std::ssize(row_groups_)) fetch(row_group + 1, columns);
    return readers;
  }

  // Asks for all bytes of these columns, in few requests, and does not wait for them.
  void fetch(int row_group, const std::vector<int>& columns) {
    std::vector<int> places;
    for (const int i : columns) {
      if (at(leaves_, i).column.kind != TableKind::kNothing) places.push_back(at(leaves_, i).place);
    }
    reader_->PreBuffer({row_group}, places, ::arrow::io::default_io_context(), ::arrow::io::CacheOptions::Defaults());
    fetched_ = row_group;
  }

  std::unique_ptr<TableColumnReader> open_column(parquet::RowGroupReader& group, int row_group, const Leaf& leaf) {
    if (leaf.column.kind == TableKind::kNothing) return std::make_unique<NothingReader>();
    const std::string name = where(row_group) + ": column '" + leaf.column.name + "'";
    if (leaf.place < 0) throw Error(name + ": found " + leaf.column.type);
    std::shared_ptr<parquet::ColumnReader> column = guarded(name, [&] { return group.Column(leaf.place); });
    switch (column->type()) {
      case parquet::Type::BOOLEAN:
        return make_reader<parquet::BooleanType>(leaf, name, std::move(column));
      case parquet::Type::INT32:
        return make_reader<parquet::Int32Type>(leaf, name, std::move(column));
      case parquet::Type::INT64:
        return make_reader<parquet::Int64Type>(leaf, name, std::move(column));
      case parquet::Type::FLOAT:
        return make_reader<parquet::FloatType>(leaf, name, std::move(column));
      case parquet::Type::DOUBLE:
        return make_reader<parquet::DoubleType>(leaf, name, std::move(column));
      case parquet::Type::BYTE_ARRAY:
        return make_reader<parquet::ByteArrayType>(leaf, name, std::move(column));
      default:
        throw Error(name + ": found " + leaf.column.type);
    }
  }

  std::string place_;
  bool remote_;
  int64_t size_ = 0;
  std::string footer_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  std::vector<Leaf> leaves_;
  std::vector<TableColumn> columns_;
  std::vector<int64_t> row_groups_;
  int fetched_ = -1;  // the row group that was asked for last
};

}  // namespace

std::unique_ptr<data::TableFile> open_parquet(const std::string& place) { return std::make_unique<ParquetFile>(place); }

}  // namespace genbid::arrow_plugin
