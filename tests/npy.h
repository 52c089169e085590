#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

// Reads NumPy's .npy files (version 1, C order, little-endian) of types f8, f4, i8, i4, u8, u4, i2, i1, u1 and b1 as
// doubles. They are the tests' own input, so a fault throws std::runtime_error and says little.
namespace genbid::test {

struct Npy {
  std::vector<int64_t> shape;
  std::vector<double> values;  // 64-bit integers beyond 2^53 lose digits: read those with npy_integers()

  double at(int64_t row, int64_t column) const { return values.at(static_cast<size_t>(row * shape.at(1) + column)); }
};

namespace npy_detail {

inline std::string header_value(const std::string& header, const std::string& key) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) throw std::runtime_error("npy: no " + key);
  return header.substr(at + key.size() + 3);
}

template <typename File, typename Out>
void convert(const std::string& bytes, std::vector<Out>& values) {
  if (bytes.size() < values.size() * sizeof(File)) throw std::runtime_error("npy: too short");
  for (size_t i = 0; i < values.size(); ++i) {
    File value;
    std::memcpy(&value, bytes.data() + i * sizeof(File), sizeof(File));
    values[i] = static_cast<Out>(value);  // NOLINT(bugprone-signed-char-misuse): i1 is a number
  }
}

template <typename Out>
std::vector<Out> read(const std::string& path, std::vector<int64_t>& shape) {
  std::ifstream file(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (all.size() < 10 || all.substr(0, 6) != "\x93NUMPY" || all[6] != 1) {
    throw std::runtime_error(path + ": not a version 1 .npy file");
  }
  const size_t length =
      static_cast<unsigned char>(all[8]) + 256U * static_cast<size_t>(static_cast<unsigned char>(all[9]));
  const std::string header = all.substr(10, length);
  const std::string order = header_value(header, "fortran_order");
  if (order.substr(0, order.find(',')).find("True") != std::string::npos) {
    throw std::runtime_error(path + ": Fortran order");
  }
  std::string type = header_value(header, "descr");
  type = type.substr(type.find('\'') + 1);
  type = type.substr(0, type.find('\''));
  std::string sizes = header_value(header, "shape");
  sizes = sizes.substr(sizes.find('(') + 1);
  sizes = sizes.substr(0, sizes.find(')'));

  size_t count = 1;
  for (size_t at = 0; at < sizes.size();) {
    const size_t comma = std::min(sizes.find(',', at), sizes.size());
    const std::string size = sizes.substr(at, comma - at);
    if (size.find_first_of("0123456789") != std::string::npos) {
      shape.push_back(std::stoll(size));
      count *= static_cast<size_t>(shape.back());
    }
    at = comma + 1;
  }

  const std::string bytes = all.substr(10 + length);
  std::vector<Out> values(count);
  if (type == "<f8")
    convert<double>(bytes, values);
  else if (type == "<f4")
    convert<float>(bytes, values);
  else if (type == "<i8")
    convert<int64_t>(bytes, values);
  else if (type == "<u8")
    convert<uint64_t>(bytes, values);
  else if (type == "<i4")
    convert<int32_t>(bytes, values);
  else if (type == "<u4")
    convert<uint32_t>(bytes, values);
  else if (type == "<i2")
    convert<int16_t>(bytes, values);
  else if (type == "|i1")
    convert<int8_t>(bytes, values);
  else if (type == "|u1" || type == "|b1")
    convert<uint8_t>(bytes, values);
  else
    throw std::runtime_error(path + ": type " + type);
  return values;
}

}  // namespace npy_detail

inline Npy read_npy(const std::string& path) {
  Npy npy;
  npy.values = npy_detail::read<double>(path, npy.shape);
  return npy;
}

// The values of a file of integers with all of their 64 bits; unsigned ones wrap.
inline std::vector<int64_t> npy_integers(const std::string& path) {
  std::vector<int64_t> shape;
  return npy_detail::read<int64_t>(path, shape);
}

}  // namespace genbid::test
