#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

// The safetensors file format (u64 header length, JSON header, buffer; little-endian, C order). No torch here.

namespace genbid {

struct TensorBytes {
  std::string name;
  std::string dtype;  // "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

// Tensors are laid out by name order. Error for doubled names, an unknown dtype, a shape of more than 64 extents or a
// size that does not fit the shape. Atomic.
void write_safetensors(const std::string& path, std::vector<TensorBytes> tensors,
                       const std::map<std::string, std::string>& metadata = {});

// A file in memory. Every claim of the header is checked before it is used, and before memory is asked for on its word.
// An Error names the file and the fault: truncated, header too long, a doubled name, an overlap or a hole, a size that
// does not fit the shape, an unknown dtype, more data than memory.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  // Reads bytes that are in memory already; `name` stands for the file in messages. Tensors point into
  // `bytes`, which must outlive them.
  static SafetensorsFile from_bytes(std::span<const std::byte> bytes, const std::string& name);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::vector<TensorBytes>& tensors() const;  // by name order; data points into this object (or the bytes)
  const TensorBytes* find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct State;
  explicit SafetensorsFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace genbid
