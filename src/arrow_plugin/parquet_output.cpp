#include "arrow_plugin/parquet_output.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <arrow/io/file.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/schema.h>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::arrow_plugin {
namespace {

using data::TableColumn;
using data::TableKind;
using data::TableValues;
using parquet::Repetition;
using parquet::schema::GroupNode;
using parquet::schema::NodePtr;
using parquet::schema::PrimitiveNode;

// Levels of a column that may be missing, and of a list of elements that may be missing.
constexpr int16_t kThere = 1;
constexpr int16_t kEmptyList = 1;
constexpr int16_t kElement = 3;

NodePtr node_of(const TableColumn& column) {
  const auto primitive = [&](parquet::Type::type type) {
    return PrimitiveNode::Make(column.name, Repetition::OPTIONAL, type);
  };
  switch (column.kind) {
    case TableKind::kWhole:
      return primitive(parquet::Type::INT64);
    case TableKind::kReal:
      return primitive(parquet::Type::DOUBLE);
    case TableKind::kFlag:
      return primitive(parquet::Type::BOOLEAN);
    case TableKind::kText:
      return PrimitiveNode::Make(column.name, Repetition::OPTIONAL, parquet::LogicalType::String(),
                                 parquet::Type::BYTE_ARRAY);
    case TableKind::kReals: {
      const NodePtr element = PrimitiveNode::Make("element", Repetition::OPTIONAL, parquet::Type::DOUBLE);
      const NodePtr list = GroupNode::Make("list", Repetition::REPEATED, {element});
      return GroupNode::Make(column.name, Repetition::OPTIONAL, {list}, parquet::LogicalType::List());
    }
    default:
      throw Error("column '" + column.name + "': cannot be written");
  }
}

class ParquetWriter : public data::TableWriter {
 public:
  ParquetWriter(const std::string& path, std::vector<TableColumn> columns) : path_(path), columns_(std::move(columns)) {
    guarded([&] {
      parquet::schema::NodeVector fields;
      for (const TableColumn& column : columns_) fields.push_back(node_of(column));
      const NodePtr schema = GroupNode::Make("schema", Repetition::REQUIRED, fields);
      auto opened = ::arrow::io::FileOutputStream::Open(path_);
      if (!opened.ok()) throw Error(path_ + ": cannot be written: " + opened.status().message());
      file_ = *opened;
      const auto properties = parquet::WriterProperties::Builder()
                                  .compression(parquet::Compression::SNAPPY)
                                  ->created_by("genbid")
                                  ->enable_page_checksum()
                                  ->build();
      writer_ = parquet::ParquetFileWriter::Open(file_, std::static_pointer_cast<GroupNode>(schema), properties);
    });
  }

  void write(const std::vector<TableValues>& columns) override {
    guarded([&] {
      parquet::RowGroupWriter& group = *writer_->AppendRowGroup();
      for (const TableValues& values : columns) write_column(*group.NextColumn(), values);
      group.Close();
    });
  }

  void finish() override {
    guarded([&] {
      writer_->Close();
      const ::arrow::Status closed = file_->Close();
      if (!closed.ok()) throw Error(path_ + ": cannot be written: " + closed.message());
    });
  }

 private:
  template <typename Body>
  void guarded(const Body& body) const {
    try {
      body();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& problem) {
      throw Error(path_ + ": cannot be written: " + problem.what());
    }
  }

  void write_column(parquet::ColumnWriter& column, const TableValues& values) {
    defined_.clear();
    repeated_.clear();
    const auto there = [&](int64_t i) { return values.missing.empty() || at(values.missing, i) == 0; };
    if (values.kind != TableKind::kReals) {
      for (int64_t i = 0; i < values.num_rows; ++i) defined_.push_back(there(i) ? kThere : int16_t{0});
    }
    switch (values.kind) {
      case TableKind::kWhole:
        put<parquet::Int64Type>(column, [&](int64_t i) { return at(values.whole, i); });
        break;
      case TableKind::kReal:
        put<parquet::DoubleType>(column, [&](int64_t i) { return at(values.real, i); });
        break;
      case TableKind::kFlag:
        put<parquet::BooleanType>(column, [&](int64_t i) { return at(values.whole, i) != 0; });
        break;
      case TableKind::kText:
        put<parquet::ByteArrayType>(column, [&](int64_t i) {
          const int64_t begin = i == 0 ? 0 : at(values.ends, i - 1);
          return parquet::ByteArray(static_cast<uint32_t>(at(values.ends, i) - begin),
                                    reinterpret_cast<const uint8_t*>(values.text.data()) + begin);
        });
        break;
      default:
        put_lists(column, values, there);
    }
    column.Close();
  }

  template <typename DType, typename Value>
  void put(parquet::ColumnWriter& column, const Value& value) {
    using T = typename DType::c_type;
    const auto kept = std::make_unique<T[]>(defined_.size());
    size_t count = 0;
    for (size_t i = 0; i < defined_.size(); ++i) {
      if (defined_[i] == kThere) kept[count++] = value(to_signed(i));
    }
    static_cast<parquet::TypedColumnWriter<DType>&>(column).WriteBatch(std::ssize(defined_), defined_.data(), nullptr,
                                                                       kept.get());
  }

  template <typename There>
  void put_lists(parquet::ColumnWriter& column, const TableValues& values, const There& there) {
    int64_t begin = 0;
    for (int64_t i = 0; i < values.num_rows; ++i) {
      const int64_t end = at(values.ends, i);
      if (begin == end) {
        defined_.push_back(there(i) ? kEmptyList : int16_t{0});
        repeated_.push_back(0);
      }
      for (int64_t k = begin; k < end; ++k) {
        defined_.push_back(kElement);
        repeated_.push_back(k == begin ? 0 : 1);
      }
      begin = end;
    }
    static_cast<parquet::DoubleWriter&>(column).WriteBatch(std::ssize(defined_), defined_.data(), repeated_.data(),
                                                           values.real.data());
  }

  std::string path_;
  std::vector<TableColumn> columns_;
  std::shared_ptr<::arrow::io::FileOutputStream> file_;
  std::unique_ptr<parquet::ParquetFileWriter> writer_;
  std::vector<int16_t> defined_, repeated_;
};

}  // namespace

std::unique_ptr<data::TableWriter> create_parquet(const std::string& path,
                                                  const std::vector<data::TableColumn>& columns) {
  return std::make_unique<ParquetWriter>(path, columns);
}

}  // namespace genbid::arrow_plugin
