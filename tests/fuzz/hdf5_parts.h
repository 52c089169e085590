#pragma once

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "data/hdf5_file.h"
#include "fuzz.h"

// Stores that are nearly right: the input chooses which attribute, shape, type or value is wrong. Random bytes in an
// HDF5 file would only test the HDF5 library.

namespace genbid::fuzz {

inline int64_t odd_integer(Choices& choices) {
  static constexpr int64_t kValues[] = {0,
                                        -1,
                                        1,
                                        2,
                                        95,
                                        96,
                                        97,
                                        64,
                                        65,
                                        255,
                                        256,
                                        int64_t{1} << 31,
                                        int64_t{1} << 40,
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min()};
  return choices.one_of(kValues);
}

inline double odd_real(Choices& choices) {
  static constexpr double kValues[] = {0.0,
                                       -0.0,
                                       -1.0,
                                       1.0,
                                       1.5,
                                       1e-300,
                                       1e300,
                                       3.5e38,
                                       1e-45,
                                       std::numeric_limits<double>::quiet_NaN(),
                                       std::numeric_limits<double>::infinity(),
                                       255.0,
                                       2147483648.0,
                                       0.5};
  return choices.one_of(kValues);
}

inline std::string odd_text(Choices& choices) {
  static const char* const kValues[] = {"",
                                        "float32",
                                        "float64",
                                        "genbid-trajectories",
                                        "genbid-market-log",
                                        "auctionnet16",
                                        "constraint",
                                        "{",
                                        "[]",
                                        "\xff\xfe",
                                        "kind: [",
                                        "x"};
  return choices.one_of(kValues);
}

class Hdf5Parts {
 public:
  Hdf5Parts(data::Hdf5File& file, Choices& choices) : file_(file), choices_(choices) {}

  void attribute(const std::string& name, int64_t value) {
    switch (change(4)) {
      case 1:
        return;
      case 2:
        return file_.write_attribute(name, odd_text(choices_));
      case 3:
        return file_.write_attribute(name, std::vector<std::string>{"1", "2"});
      case 4:
        value = odd_integer(choices_);
        break;
      default:
        break;
    }
    file_.write_attribute(name, value);
  }

  void attribute(const std::string& name, std::string value) {
    switch (change(3)) {
      case 1:
        return;
      case 2:
        return file_.write_attribute(name, odd_integer(choices_));
      case 3:
        value = odd_text(choices_);
        break;
      default:
        break;
    }
    file_.write_attribute(name, value);
  }

  void attribute(const std::string& name, std::vector<std::string> values) {
    switch (change(3)) {
      case 1:
        return;
      case 2:
        return file_.write_attribute(name, odd_text(choices_));
      case 3:
        values.resize(choices_.byte() % 32, odd_text(choices_));
        break;
      default:
        break;
    }
    file_.write_attribute(name, values);
  }

  template <typename T>
  void dataset(const std::string& name, std::vector<int64_t> shape, std::vector<T> values) {
    if (choices_.rarely()) return;
    data::Hdf5Type type = data::kHdf5TypeOf<T>;
    if (choices_.rarely()) {
      static constexpr data::Hdf5Type kTypes[] = {data::Hdf5Type::kI64, data::Hdf5Type::kI32, data::Hdf5Type::kF64,
                                                  data::Hdf5Type::kF32, data::Hdf5Type::kU8};
      type = choices_.one_of(kTypes);
    }
    switch (change(4)) {
      case 1:
        shape[0] = choices_.byte() % 8;
        break;
      case 2:
        shape.push_back(choices_.byte() % 4);
        break;
      case 3:
        if (shape.size() > 1) shape.pop_back();
        break;
      case 4:
        shape.back() = choices_.byte() % 80;
        break;
      default:
        break;
    }
    size_t size = 1;
    for (const int64_t n : shape) size *= static_cast<size_t>(n);
    values.resize(size, values.empty() ? T{} : values.back());
    while (!values.empty() && choices_.rarely()) {
      T& value = values[choices_.byte() % values.size()];
      if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(std::min(odd_real(choices_), static_cast<double>(std::numeric_limits<T>::max())));
      } else {
        value = static_cast<T>(odd_integer(choices_));
      }
    }
    file_.create_dataset(name, type, shape);
    if (!values.empty()) file_.write_rows(name, 0, std::span<const T>(values));
  }

 private:
  int change(int kinds) { return choices_.rarely() ? 1 + choices_.byte() % kinds : 0; }

  data::Hdf5File& file_;
  Choices& choices_;
};

}  // namespace genbid::fuzz
