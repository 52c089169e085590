#include "data/table_output.h"

#include <cassert>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "data/table_reader.h"

namespace genbid::data {
namespace {

// A column has no list of what is missing before the first such value.
void end_value(TableValues& values) {
  ++values.num_rows;
  if (!values.missing.empty()) values.missing.push_back(0);
}

}  // namespace

struct TableOutput::State {
  AtomicFile file;
  std::unique_ptr<TableWriter> writer;
  std::vector<TableValues> rows;

  State(const std::string& path, const std::vector<TableColumn>& columns)
      : file(path), writer(table_plugin(path).create(file.temporary(), columns)), rows(columns.size()) {
    for (size_t i = 0; i < columns.size(); ++i) rows[i].kind = columns[i].kind;
  }

  void write() {
    writer->write(rows);
    for (TableValues& values : rows) {
      const TableKind kind = values.kind;
      values = {};
      values.kind = kind;
    }
  }
};

TableOutput::TableOutput(const std::string& path, const std::vector<TableColumn>& columns)
    : state_(std::make_unique<State>(path, columns)) {}

TableOutput::~TableOutput() = default;

std::vector<TableValues>& TableOutput::rows() { return state_->rows; }

void TableOutput::end_row() {
  if (state_->rows.front().num_rows == kRowsOfGroup) state_->write();
}

void TableOutput::finish() {
  if (state_->rows.front().num_rows > 0) state_->write();
  state_->writer->finish();
  state_->file.commit();
}

void append_whole(TableValues& values, int64_t value) {
  assert(values.kind == TableKind::kWhole);
  values.whole.push_back(value);
  end_value(values);
}

void append_real(TableValues& values, double value) {
  assert(values.kind == TableKind::kReal);
  values.real.push_back(value);
  end_value(values);
}

void append_list(TableValues& values, std::span<const double> list) {
  assert(values.kind == TableKind::kReals);
  values.real.insert(values.real.end(), list.begin(), list.end());
  values.ends.push_back(std::ssize(values.real));
  end_value(values);
}

void append_missing(TableValues& values) {
  if (values.missing.empty()) values.missing.assign(to_size(values.num_rows), 0);
  values.missing.push_back(1);
  ++values.num_rows;
  if (values.kind == TableKind::kWhole) values.whole.push_back(0);
  if (values.kind == TableKind::kReal) values.real.push_back(std::numeric_limits<double>::quiet_NaN());
  if (values.kind == TableKind::kReals) values.ends.push_back(std::ssize(values.real));
}

ColumnTableOutput::ColumnTableOutput(std::string path, std::vector<std::string> names)
    : path_(std::move(path)), names_(std::move(names)) {
  table_plugin(path_);  // where it is not there, that should be found out before the work
}

void ColumnTableOutput::append(std::span<const ColumnValue> row) {
  if (output_ == nullptr) open(row);
  for (size_t i = 0; i < row.size(); ++i) {
    TableValues& values = output_->rows()[i];
    const bool fits = std::holds_alternative<int64_t>(row[i])  ? values.kind == TableKind::kWhole
                      : std::holds_alternative<double>(row[i]) ? values.kind == TableKind::kReal
                                                               : true;
    if (!fits) throw Error(path_ + ": column '" + names_[i] + "': found a value of another kind than in its first row");
    if (const auto* whole = std::get_if<int64_t>(&row[i])) {
      append_whole(values, *whole);
    } else if (const auto* real = std::get_if<double>(&row[i])) {
      append_real(values, *real);
    } else {
      append_missing(values);
    }
  }
  output_->end_row();
}

void ColumnTableOutput::open(std::span<const ColumnValue> row) {
  std::vector<TableColumn> columns;
  for (size_t i = 0; i < names_.size(); ++i) {
    const bool whole = i < row.size() && std::holds_alternative<int64_t>(row[i]);
    columns.push_back({names_[i], whole ? TableKind::kWhole : TableKind::kReal, {}});
  }
  output_ = std::make_unique<TableOutput>(path_, columns);
}

void ColumnTableOutput::finish() {
  if (output_ == nullptr) open({});
  output_->finish();
}

std::vector<std::string> table_names(const std::string& path) {
  try {
    return TableReader(path, CsvFile::kBlockBytes).header().names;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace genbid::data
