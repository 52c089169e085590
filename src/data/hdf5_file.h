#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace genbid::data {

// Element types of datasets.
enum class Hdf5Type { kI64, kI32, kF64, kF32, kU32, kU8 };

// What a dataset holds, as its reader sees it: numbers of any width are converted.
enum class Hdf5Kind { kInteger, kReal, kBoolean, kOther };

// An HDF5 file: groups, attributes of the root, contiguous datasets. What the library complains about becomes an
// Error that begins with the file's name. Datasets are named by path ("/ticks/state").
class Hdf5File {
 public:
  // Replaces a file of that name. `name` stands for it in messages, where `path` is a temporary.
  static Hdf5File create(const std::string& path, const std::string& name = {});
  // For reading; Error if there is no such file, or it is not HDF5, or was cut off.
  static Hdf5File open(const std::string& path);
  ~Hdf5File();  // closes; errors are lost, so writers call close()
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&&) = delete;

  // Writes what is still in memory.
  void close();

  void create_group(const std::string& name);
  // It has its place in the file at once: offset() bytes from the file's beginning, little-endian.
  void create_dataset(const std::string& name, Hdf5Type type, const std::vector<int64_t>& shape);
  int64_t offset(const std::string& name) const;  // Error if it is not contiguous
  // The same for who reads a dataset's bytes without the library; Error also if it holds numbers of another type.
  int64_t offset(const std::string& name, Hdf5Type type) const;
  void write_attribute(const std::string& name, int64_t value);
  void write_attribute(const std::string& name, const std::string& value);
  void write_attribute(const std::string& name, const std::vector<std::string>& values);

  // Attributes are read as h5py and pandas write them: numbers of any width, and texts of fixed or variable length,
  // each alone or as a list of one. An Error names the attribute, what it holds and what was expected.
  bool has_attribute(const std::string& name) const;
  int64_t read_integer_attribute(const std::string& name) const;
  std::string read_text_attribute(const std::string& name) const;
  std::vector<std::string> read_texts_attribute(const std::string& name) const;

  std::vector<std::string> groups() const;  // names of the groups of the root, in no special order
  bool has_dataset(const std::string& name) const;
  // Error if the file cannot hold as much.
  std::vector<int64_t> shape(const std::string& name) const;
  Hdf5Kind kind(const std::string& name) const;
  // What it holds in words: "64-bit whole numbers", "texts".
  std::string kind_text(const std::string& name) const;
  bool is_stored_as(const std::string& name, Hdf5Type type) const;
  // Reads the first and the last row, and walks through the index of a dataset that lies in several pieces, so that
  // whatever may go wrong with the file goes wrong here and not later. An Error also where numbers lie in other files,
  // were never written (the library would give zeros) or are packed by a filter that is not there.
  void visit_pieces(const std::string& name) const;

  // Reads rows [first, first + values.size() / row size) of the first dimension; of the other dimensions it reads
  // everything. Whole numbers must fit what they are written into. Where they are asked for and the file has another
  // width, booleans or reals, those must be whole and fit. Otherwise an Error names the row.
  template <typename T>
  void write_rows(const std::string& name, int64_t first, std::span<const T> values);
  template <typename T>
  void read_rows(const std::string& name, int64_t first, std::span<T> values) const;

 private:
  Hdf5File(std::string path, int64_t id);
  [[noreturn]] void fail(const std::string& what) const;  // with the library's own reason
  void write(const std::string& name, int64_t first, int64_t count, Hdf5Type type, const void* values);
  void read(const std::string& name, int64_t first, int64_t count, Hdf5Type type, void* values) const;
  void read_as(const std::string& name, int64_t first, int64_t count, int64_t memory_type, void* values) const;
  void check_extent(const std::string& name, const std::vector<uint64_t>& sizes, int64_t set, uint64_t width) const;
  // Whole numbers of another width, booleans, reals: each must be in [low, high].
  std::vector<int64_t> read_converted(const std::string& name, int64_t first, int64_t count, int64_t low,
                                      int64_t high) const;
  // Error if the dataset's numbers are narrower than the values: the library would write the nearest that fits.
  void require_fit(const std::string& name, int64_t first, std::span<const int64_t> values) const;

  std::string path_;
  int64_t id_;
};

template <typename T>
inline constexpr Hdf5Type kHdf5TypeOf = Hdf5Type::kU8;
template <>
inline constexpr Hdf5Type kHdf5TypeOf<int64_t> = Hdf5Type::kI64;
template <>
inline constexpr Hdf5Type kHdf5TypeOf<int32_t> = Hdf5Type::kI32;
template <>
inline constexpr Hdf5Type kHdf5TypeOf<uint32_t> = Hdf5Type::kU32;
template <>
inline constexpr Hdf5Type kHdf5TypeOf<double> = Hdf5Type::kF64;
template <>
inline constexpr Hdf5Type kHdf5TypeOf<float> = Hdf5Type::kF32;

template <typename T>
void Hdf5File::write_rows(const std::string& name, int64_t first, std::span<const T> values) {
  if constexpr (std::is_same_v<T, int64_t>) require_fit(name, first, values);
  write(name, first, std::ssize(values), kHdf5TypeOf<T>, values.data());
}

template <typename T>
void Hdf5File::read_rows(const std::string& name, int64_t first, std::span<T> values) const {
  const auto count = std::ssize(values);
  if constexpr (std::is_integral_v<T>) {
    if (count > 0 && !is_stored_as(name, kHdf5TypeOf<T>)) {
      const std::vector<int64_t> converted =
          read_converted(name, first, count, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(converted[i]);
      return;
    }
  }
  read(name, first, count, kHdf5TypeOf<T>, values.data());
}

}  // namespace genbid::data
