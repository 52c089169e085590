#include "data/hdf5_file.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <unistd.h>

#include <hdf5.h>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/shown.h"
#include "data/hdf5_library.h"

namespace genbid::data {
namespace {

using hdf5::all_pieces;
using hdf5::file_access;
using hdf5::file_type;
using hdf5::Handle;
using hdf5::is_unsigned_64;
using hdf5::kind_of;
using hdf5::memory_type;
using hdf5::missing_filter;
using hdf5::reason;
using hdf5::silence;
using hdf5::type_text;
using hdf5::utf8_text;

constexpr hssize_t kMaxTexts = 1 << 20;
constexpr size_t kMaxTextBytes = size_t{1} << 28;
constexpr uint64_t kMostPacked = 4096;  // bytes out of one by compression; gzip comes to 1,032
constexpr uint64_t kHighest = std::numeric_limits<int64_t>::max();

// Beyond 2^53 a double may stand for any of several whole numbers.
bool is_whole(double value) { return std::abs(value) <= 0x1p53 && value == std::floor(value); }

int64_t row_size(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (size_t i = 1; i < shape.size(); ++i) size *= shape[i];
  return size;
}

}  // namespace

Hdf5File::Hdf5File(std::string path, int64_t id) : path_(std::move(path)), id_(id) {}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept : path_(std::move(other.path_)), id_(std::exchange(other.id_, -1)) {}

Hdf5File::~Hdf5File() {
  if (id_ >= 0) H5Fclose(id_);
}

void Hdf5File::fail(const std::string& what) const { throw Error(path_ + ": " + what + " (HDF5: " + reason() + ")"); }

Hdf5File Hdf5File::create(const std::string& path, const std::string& name) {
  silence();
  const Handle access = file_access();
  Hdf5File file(name.empty() ? path : name, H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
  if (file.id_ < 0) file.fail("cannot be created");
  return file;
}

Hdf5File Hdf5File::open(const std::string& path) {
  silence();
  if (::access(path.c_str(), R_OK) != 0) {
    throw Error(path + ": cannot be opened: " + std::strerror(errno));
  }
  require_regular_file(path);  // the library waits for a pipe's writer, and reads a device for ever
  const Handle access = file_access();
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw Error(path + ": not an HDF5 file");
  }
  Hdf5File file(path, H5Fopen(path.c_str(), H5F_ACC_RDONLY, access));
  if (file.id_ < 0) file.fail("cannot be read");
  return file;
}

void Hdf5File::close() {
  if (id_ < 0) return;
  const bool flushed = H5Fflush(id_, H5F_SCOPE_LOCAL) >= 0;
  const std::string why = flushed ? std::string() : reason();
  const bool closed = H5Fclose(std::exchange(id_, -1)) >= 0;
  if (!flushed) throw Error(path_ + ": cannot be written (HDF5: " + why + ")");
  if (!closed) fail("cannot be written");
}

void Hdf5File::create_group(const std::string& name) {
  const Handle group(H5Gcreate2(id_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  if (!group.good()) fail("group '" + name + "' cannot be created");
}

void Hdf5File::create_dataset(const std::string& name, Hdf5Type type, const std::vector<int64_t>& shape) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(to_int(sizes.size()), sizes.data(), nullptr), H5Sclose);
  const Handle settings(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(settings, false);  // the same data give the same bytes
  H5Pset_fill_time(settings, H5D_FILL_TIME_NEVER);
  H5Pset_alloc_time(settings, H5D_ALLOC_TIME_EARLY);
  const Handle set(H5Dcreate2(id_, name.c_str(), file_type(type), space, H5P_DEFAULT, settings, H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be created");
}

void Hdf5File::write_attribute(const std::string& name, int64_t value) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(H5Acreate2(id_, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.good() || H5Awrite(attribute, H5T_NATIVE_INT64, &value) < 0) {
    fail("attribute '" + name + "' cannot be written");
  }
}

void Hdf5File::write_attribute(const std::string& name, const std::string& value) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle type = utf8_text();
  const Handle attribute(H5Acreate2(id_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const char* text = value.c_str();
  if (!attribute.good() || H5Awrite(attribute, type, &text) < 0) {
    fail("attribute '" + name + "' cannot be written");
  }
}

void Hdf5File::write_attribute(const std::string& name, const std::vector<std::string>& values) {
  const hsize_t size = values.size();
  const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Handle type = utf8_text();
  const Handle attribute(H5Acreate2(id_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(value.c_str());
  if (!attribute.good() || H5Awrite(attribute, type, texts.data()) < 0) {
    fail("attribute '" + name + "' cannot be written");
  }
}

bool Hdf5File::has_attribute(const std::string& name) const {
  const bool found = H5Aexists(id_, name.c_str()) > 0;
  H5Eclear2(H5E_DEFAULT);
  return found;
}

int64_t Hdf5File::read_integer_attribute(const std::string& name) const {
  const Handle attribute(H5Aopen(id_, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute.good()) fail("attribute '" + name + "' cannot be read");
  const Handle type(H5Aget_type(attribute), H5Tclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  const auto refuse = [&](const std::string& found) {
    throw Error(path_ + ": attribute '" + name + "': found " + found + ", expected one whole number");
  };
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t form = H5Tget_class(type);
  if (form != H5T_INTEGER && form != H5T_FLOAT) refuse(type_text(type));
  if (count != 1) refuse(std::to_string(count) + " numbers");
  if (form == H5T_FLOAT) {
    double value = 0.0;
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0) fail("attribute '" + name + "' cannot be read");
    if (!is_whole(value)) refuse(shortest(value));
    return static_cast<int64_t>(value);
  }
  if (is_unsigned_64(type)) {
    uint64_t value = 0;
    if (H5Aread(attribute, H5T_NATIVE_UINT64, &value) < 0) fail("attribute '" + name + "' cannot be read");
    if (value > kHighest) refuse(std::to_string(value));
    return to_signed(value);
  }
  int64_t value = 0;
  if (H5Aread(attribute, H5T_NATIVE_INT64, &value) < 0) fail("attribute '" + name + "' cannot be read");
  return value;
}

std::vector<std::string> Hdf5File::read_texts_attribute(const std::string& name) const {
  const Handle attribute(H5Aopen(id_, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute.good()) fail("attribute '" + name + "' cannot be read");
  const Handle type(H5Aget_type(attribute), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING) {
    throw Error(path_ + ": attribute '" + name + "': found " + type_text(type) + ", expected text");
  }
  const Handle space(H5Aget_space(attribute), H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0) fail("attribute '" + name + "' cannot be read");
  const size_t width = H5Tget_size(type);
  if (count > kMaxTexts || width > kMaxTextBytes / to_size(std::max<hssize_t>(count, 1))) {
    throw Error(path_ + ": attribute '" + name + "': found " + std::to_string(count) + " texts of " +
                std::to_string(width) + " bytes, expected at most " + std::to_string(kMaxTexts) + " texts");
  }

  std::vector<std::string> values;
  if (H5Tis_variable_str(type) > 0) {
    const Handle memory(H5Tcopy(type), H5Tclose);
    std::vector<char*> texts(to_size(count), nullptr);
    if (H5Aread(attribute, memory, texts.data()) < 0) fail("attribute '" + name + "' cannot be read");
    for (const char* text : texts) values.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
  } else {
    std::string texts(width * to_size(count), '\0');
    if (H5Aread(attribute, type, texts.data()) < 0) fail("attribute '" + name + "' cannot be read");
    const bool padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    for (size_t i = 0; i < to_size(count); ++i) {
      std::string value = texts.substr(i * width, width);
      value.resize(std::min(value.find('\0'), value.size()));
      if (padded) value.resize(value.find_last_not_of(' ') + 1);
      values.push_back(std::move(value));
    }
  }
  return values;
}

std::string Hdf5File::read_text_attribute(const std::string& name) const {
  std::vector<std::string> values = read_texts_attribute(name);
  if (values.size() != 1) {
    throw Error(path_ + ": attribute '" + name + "': found " + std::to_string(values.size()) +
                " texts, expected one text");
  }
  return std::move(values.front());
}

std::vector<std::string> Hdf5File::groups() const {
  std::vector<std::string> names;
  const auto keep = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  if (H5Literate(id_, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &names) < 0) fail("groups cannot be read");
  std::erase_if(names, [&](const std::string& name) {
    return !Handle(H5Gopen2(id_, name.c_str(), H5P_DEFAULT), H5Gclose).good();
  });
  H5Eclear2(H5E_DEFAULT);
  return names;
}

bool Hdf5File::has_dataset(const std::string& name) const {
  const size_t slash = name.rfind('/');
  const bool in_group = slash != std::string::npos && slash > 0;
  bool found = !in_group || H5Lexists(id_, name.substr(0, slash).c_str(), H5P_DEFAULT) > 0;
  found = found && H5Lexists(id_, name.c_str(), H5P_DEFAULT) > 0;
  if (found) {
    const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
    found = set.good();
  }
  H5Eclear2(H5E_DEFAULT);
  return found;
}

std::vector<int64_t> Hdf5File::shape(const std::string& name) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  const Handle space(H5Dget_space(set), H5Sclose);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  if (dimensions < 0) fail("dataset '" + name + "' cannot be read");
  std::vector<hsize_t> sizes(to_size(dimensions));
  H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  const Handle type(H5Dget_type(set), H5Tclose);
  check_extent(name, {sizes.begin(), sizes.end()}, set, H5Tget_size(type));
  return {sizes.begin(), sizes.end()};
}

// The library believes any size that a damaged file names, so sizes are checked here.
void Hdf5File::check_extent(const std::string& name, const std::vector<uint64_t>& sizes, int64_t set,
                            uint64_t width) const {
  hsize_t file_size = 0;
  if (H5Fget_filesize(id_, &file_size) < 0) fail("its size cannot be read");
  const haddr_t place = H5Dget_offset(set);
  const bool one_piece = place != HADDR_UNDEF;
  const Handle settings(H5Dget_create_plist(set), H5Pclose);
  const bool in_header = H5Pget_layout(settings) == H5D_COMPACT;
  H5Eclear2(H5E_DEFAULT);
  if (one_piece && place > file_size) {
    throw Error(path_ + ": damaged: dataset '" + name + "' begins at byte " + std::to_string(place) + " of a file of " +
                std::to_string(file_size));
  }
  uint64_t room = file_size * kMostPacked;
  // The file says how large the piece is, but the library would read beyond it.
  if (one_piece) room = std::min(file_size - place, H5Dget_storage_size(set));
  if (in_header) room = H5Dget_storage_size(set);
  room /= std::max<uint64_t>(width, 1);
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return;
  for (const uint64_t size : sizes) {
    if (size > room) {
      throw Error(path_ + ": damaged: dataset '" + name + "' has the shape " +
                  shape_text(std::vector<int64_t>(sizes.begin(), sizes.end())) + ", more than the file has room for");
    }
    room /= size;
  }
}

int64_t Hdf5File::offset(const std::string& name) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  const haddr_t place = H5Dget_offset(set);
  if (place == HADDR_UNDEF) {
    H5Eclear2(H5E_DEFAULT);
    throw Error(path_ + ": dataset '" + name + "' does not lie in one piece");
  }
  return to_signed(place);
}

int64_t Hdf5File::offset(const std::string& name, Hdf5Type type) const {
  if (!is_stored_as(name, type)) {
    throw Error(path_ + ": dataset '" + name + "': found " + kind_text(name) + ", expected little-endian " +
                type_text(memory_type(type)));
  }
  return offset(name);
}

Hdf5Kind Hdf5File::kind(const std::string& name) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  return kind_of(Handle(H5Dget_type(set), H5Tclose));
}

std::string Hdf5File::kind_text(const std::string& name) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  return type_text(Handle(H5Dget_type(set), H5Tclose));
}

bool Hdf5File::is_stored_as(const std::string& name, Hdf5Type type) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  const Handle stored(H5Dget_type(set), H5Tclose);
  return H5Tequal(stored, memory_type(type)) > 0;
}

void Hdf5File::require_fit(const std::string& name, int64_t first, std::span<const int64_t> values) const {
  if (!is_stored_as(name, Hdf5Type::kI32)) return;
  const int64_t width = row_size(shape(name));
  using Narrow = std::numeric_limits<int32_t>;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= Narrow::min() && values[i] <= Narrow::max()) continue;
    throw Error(path_ + ": dataset '" + name + "': row " + std::to_string(first + to_signed(i) / width) +
                " is to hold " + std::to_string(values[i]) + ", expected a whole number in " +
                std::to_string(Narrow::min()) + ".." + std::to_string(Narrow::max()));
  }
}

void Hdf5File::visit_pieces(const std::string& name) const {
  const std::vector<int64_t> extent = shape(name);
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  const Handle settings(H5Dget_create_plist(set), H5Pclose);
  const auto refuse = [&](const std::string& what) { throw Error(path_ + ": dataset '" + name + "': " + what); };
  const H5D_layout_t layout = H5Pget_layout(settings);
  if (layout == H5D_VIRTUAL || H5Pget_external_count(settings) > 0) {
    refuse(
        "found numbers that lie in other files, expected them in this one (h5py: dataset[:] written into a new file)");
  }
  const std::string filter = missing_filter(settings);
  if (!filter.empty()) {
    refuse("found it packed by " + filter + ", expected gzip or no packing (h5py: compression='gzip')");
  }
  const Handle type(H5Dget_type(set), H5Tclose);
  const int64_t width = row_size(extent);
  const bool is_empty = extent.empty() || extent[0] == 0 || width == 0;
  if (layout == H5D_CHUNKED) {
    const Handle space(H5Dget_space(set), H5Sclose);
    hsize_t count = 0;
    if (H5Dget_num_chunks(set, space, &count) < 0) fail("dataset '" + name + "' cannot be read");
    const uint64_t all = is_empty ? 0 : all_pieces(settings, extent);
    if (count < all) {
      refuse("found " + std::to_string(count) + " of " + std::to_string(all) +
             " pieces written, expected all, zeros too: perhaps whoever made the file did not come to its end");
    }
  } else if (layout == H5D_CONTIGUOUS && !is_empty && H5Dget_storage_size(set) == 0) {
    refuse("found nothing written, expected " + std::to_string(extent[0]) +
           " rows, zeros too: perhaps whoever made the file did not come to its end");
  }
  if (kind_of(type) == Hdf5Kind::kOther || is_empty) return;
  std::vector<std::byte> row(to_size(width) * H5Tget_size(type));
  for (const int64_t at : {int64_t{0}, extent[0] - 1}) read_as(name, at, width, type, row.data());
}

namespace {

// The part of a dataset's space that holds `count` elements from row `first` on; the caller knows they fit.
bool select_rows(hid_t space, const std::vector<int64_t>& shape, int64_t first, int64_t count) {
  std::vector<hsize_t> start(shape.size(), 0);
  std::vector<hsize_t> size(shape.begin(), shape.end());
  start[0] = static_cast<hsize_t>(first);
  size[0] = static_cast<hsize_t>(count / row_size(shape));
  return H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr) >= 0;
}

}  // namespace

void Hdf5File::write(const std::string& name, int64_t first, int64_t count, Hdf5Type type, const void* values) {
  if (count == 0) return;
  const std::vector<int64_t> extent = shape(name);
  assert(count % row_size(extent) == 0);
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set), H5Sclose);
  const hsize_t size = static_cast<hsize_t>(count);
  const Handle memory(H5Screate_simple(1, &size, nullptr), H5Sclose);
  if (!select_rows(space, extent, first, count) ||
      H5Dwrite(set, memory_type(type), memory, space, H5P_DEFAULT, values) < 0) {
    fail("dataset '" + name + "' cannot be written");
  }
}

void Hdf5File::read(const std::string& name, int64_t first, int64_t count, Hdf5Type type, void* values) const {
  read_as(name, first, count, memory_type(type), values);
}

void Hdf5File::read_as(const std::string& name, int64_t first, int64_t count, int64_t memory_type, void* values) const {
  if (count == 0) return;
  const std::vector<int64_t> extent = shape(name);
  assert(count % row_size(extent) == 0);
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set), H5Sclose);
  const hsize_t size = static_cast<hsize_t>(count);
  const Handle memory(H5Screate_simple(1, &size, nullptr), H5Sclose);
  if (!select_rows(space, extent, first, count) || H5Dread(set, memory_type, memory, space, H5P_DEFAULT, values) < 0) {
    fail("dataset '" + name + "' cannot be read");
  }
}

std::vector<int64_t> Hdf5File::read_converted(const std::string& name, int64_t first, int64_t count, int64_t low,
                                              int64_t high) const {
  const Handle set(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set.good()) fail("dataset '" + name + "' cannot be read");
  const Handle type(H5Dget_type(set), H5Tclose);
  const int64_t width = row_size(shape(name));
  const auto refuse = [&](size_t at, const std::string& found) {
    throw Error(path_ + ": dataset '" + name + "': row " + std::to_string(first + to_signed(at) / width) + " holds " +
                found + ", expected a whole number in " + std::to_string(low) + ".." + std::to_string(high));
  };
  std::vector<int64_t> values(to_size(count));
  if (H5Tget_class(type) == H5T_FLOAT) {
    std::vector<double> reals(values.size());
    read_as(name, first, count, H5T_NATIVE_DOUBLE, reals.data());
    for (size_t i = 0; i < reals.size(); ++i) {
      if (!is_whole(reals[i])) refuse(i, shortest(reals[i]));
      values[i] = static_cast<int64_t>(reals[i]);
    }
  } else if (is_unsigned_64(type)) {
    std::vector<uint64_t> wide(values.size());
    read_as(name, first, count, H5T_NATIVE_UINT64, wide.data());
    for (size_t i = 0; i < wide.size(); ++i) {
      if (wide[i] > kHighest) refuse(i, std::to_string(wide[i]));
      values[i] = to_signed(wide[i]);
    }
  } else if (kind_of(type) == Hdf5Kind::kBoolean) {
    // One byte each, in the file as in memory: the library converts no booleans.
    std::vector<uint8_t> bytes(values.size());
    read_as(name, first, count, type, bytes.data());
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] > 1) refuse(i, std::to_string(bytes[i]));
      values[i] = bytes[i];
    }
  } else {
    read_as(name, first, count, H5T_NATIVE_INT64, values.data());
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < low || values[i] > high) refuse(i, std::to_string(values[i]));
  }
  return values;
}

}  // namespace genbid::data
