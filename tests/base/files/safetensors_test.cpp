#include "base/files/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using Shape = std::vector<int64_t>;

class SafetensorsTest : public testing::Test {
 protected:
  void put(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

  // A file with this header and so many bytes of data.
  void put_file(const std::string& header, size_t data_size) const {
    const uint64_t size = header.size();
    std::string text(sizeof(size), '\0');
    std::memcpy(text.data(), &size, sizeof(size));
    put(text + header + std::string(data_size, '\1'));
  }

  // What is wrong with the file; with its bytes in memory the same must be wrong.
  std::string fault() const {
    const std::string found = fault_in([&] { SafetensorsFile{path_}; });
    if (std::filesystem::file_size(path_) < 1'000'000) {
      const std::string content = read_file(path_);
      EXPECT_EQ(fault_in([&] { SafetensorsFile::from_bytes(std::as_bytes(std::span(content)), path_); }), found);
    }
    return found;
  }
  template <typename Read>
  std::string fault_in(const Read& read) const {
    try {
      read();
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_TRUE(text.starts_with(path_ + ": ")) << text;
      return text.substr(path_.size() + 2);
    }
    return "none";
  }
  std::string fault_of(const std::string& header, size_t data_size) const {
    put_file(header, data_size);
    return fault();
  }
  std::string write_fault(const std::vector<TensorBytes>& tensors) const {
    try {
      write_safetensors(path_, tensors);
    } catch (const Error& error) {
      return std::string(error.what()).substr(path_.size() + 2);
    }
    return "none";
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path("t.safetensors");
  std::vector<std::byte> bytes_ = [] {
    std::vector<std::byte> bytes(64);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    return bytes;
  }();
  std::span<const std::byte> first(size_t count) const { return std::span(bytes_).first(count); }
};

TEST_F(SafetensorsTest, GivesBackWhatWasWritten) {
  const std::vector<TensorBytes> tensors = {
      {"z", "F64", {2}, first(16)},   {"y", "F32", {2, 3}, first(24)}, {"x", "F16", {3}, first(6)},
      {"w", "BF16", {1}, first(2)},   {"v", "I64", {}, first(8)},      {"u", "I32", {4}, first(16)},
      {"t", "I16", {1, 1}, first(2)}, {"s", "I8", {3}, first(3)},      {"r", "U8", {5}, first(5)},
      {"q", "BOOL", {1}, first(1)},   {"p", "F32", {0, 7}, {}},        {"o", "F32", {7, 0}, {}}};
  write_safetensors(path_, tensors, {{"step", "100"}, {"note", "\"x\"\n"}});
  const SafetensorsFile file(path_);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"step", "100"}, {"note", "\"x\"\n"}}));
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (size_t i = 1; i < tensors.size(); ++i) EXPECT_LT(file.tensors()[i - 1].name, file.tensors()[i].name);
  for (const TensorBytes& expected : tensors) {
    const TensorBytes* found = file.find(expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->dtype, expected.dtype);
    EXPECT_EQ(found->shape, expected.shape);
    EXPECT_TRUE(std::equal(found->data.begin(), found->data.end(), expected.data.begin(), expected.data.end()));
  }
  EXPECT_EQ(file.find("a"), nullptr);
}

TEST_F(SafetensorsTest, TheBytesAreThoseOfTheFormat) {
  write_safetensors(path_, {{"b", "U8", {2}, first(2)}, {"a", "I16", {1}, first(2)}});
  const std::string header =
      R"({"a":{"data_offsets":[0,2],"dtype":"I16","shape":[1]},"b":{"data_offsets":[2,4],"dtype":"U8","shape":[2]}})";
  ASSERT_EQ(header.size(), 106U);  // 112 with its padding
  EXPECT_EQ(read_file(path_), std::string("\x70\0\0\0\0\0\0\0", 8) + header + "      " + std::string("\0\1\0\1", 4));
}

TEST_F(SafetensorsTest, AFileMayHoldNoTensor) {
  write_safetensors(path_, {});
  EXPECT_TRUE(SafetensorsFile(path_).tensors().empty());
}

TEST_F(SafetensorsTest, DataIsAlignedForItsType) {
  // The first tensor's one byte puts the others on odd offsets.
  write_safetensors(path_, {{"a", "U8", {1}, first(1)}, {"b", "F64", {2}, first(16)}, {"c", "F32", {1}, first(4)}});
  const SafetensorsFile file(path_);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.find("b")->data.data()) % 8, 0U);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.find("c")->data.data()) % 4, 0U);
  EXPECT_EQ(std::memcmp(file.find("b")->data.data(), bytes_.data(), 16), 0);
}

TEST_F(SafetensorsTest, DataStaysWhereItIsWhenTheFileMoves) {
  write_safetensors(path_, {{"a", "U8", {3}, first(3)}});
  SafetensorsFile file(path_);
  const std::byte* const data = file.tensors()[0].data.data();
  const SafetensorsFile moved = std::move(file);
  EXPECT_EQ(moved.tensors()[0].data.data(), data);
}

TEST_F(SafetensorsTest, BytesInMemoryAreReadWhereTheyLie) {
  write_safetensors(path_, {{"a", "U8", {1}, first(1)}, {"b", "F64", {2}, first(16)}}, {{"k", "v"}});
  const std::string content = read_file(path_);
  const SafetensorsFile file = SafetensorsFile::from_bytes(std::as_bytes(std::span(content)), "here");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(file.find("a")->data.data(), std::as_bytes(std::span(content)).last(17).data());
  // Not so a tensor that is not aligned there.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.find("b")->data.data()) % 8, 0U);
  EXPECT_EQ(std::memcmp(file.find("b")->data.data(), bytes_.data(), 16), 0);
}

TEST_F(SafetensorsTest, AFileCutAnywhereIsAnError) {
  write_safetensors(path_, {{"a", "F32", {2}, first(8)}, {"b", "I8", {3}, first(3)}}, {{"k", "v"}});
  const std::string whole = read_file(path_);
  for (size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_NE(fault(), "none") << size;
  }
  put(whole + "x");
  EXPECT_EQ(fault(), "found 12 bytes of data, expected 11");
}

// Whatever a flipped bit makes of the header, the file is refused or its claims hold.
TEST_F(SafetensorsTest, AFlippedBitDoesNoHarm) {
  write_safetensors(path_, {{"a", "F32", {2}, first(8)}, {"b", "I8", {3}, first(3)}}, {{"k", "v"}});
  const std::string whole = read_file(path_);
  int num_refused = 0;
  const size_t header_end = whole.size() - 11;
  for (size_t bit = 0; bit < header_end * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    put(flipped);
    try {
      const SafetensorsFile file(path_);
      size_t total = 0;
      for (const TensorBytes& tensor : file.tensors()) total += tensor.data.size();
      EXPECT_EQ(total, 11U);
    } catch (const Error&) {
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, static_cast<int>(header_end) * 4);
}

TEST_F(SafetensorsTest, NamesAFaultOfTheHeader) {
  put("abc");
  EXPECT_EQ(fault(), "found 3 bytes, expected a safetensors file");
  put(std::string("\xff\xff\xff\xff\0\0\0\0", 8) + "{}");
  EXPECT_EQ(fault(), "found a header of 4294967295 bytes in a file of 10 (cut, or no safetensors file)");
  EXPECT_EQ(fault_of(" {}", 0), "found no '{' at the header's start");
  EXPECT_TRUE(fault_of("{} x", 0).starts_with("found a header that is no JSON: "));
  EXPECT_TRUE(fault_of("{\"\xff\": 1}", 0).starts_with("found a header that is no JSON: "));
  EXPECT_EQ(fault_of(R"({"a": 1, "a": 2})", 0), "found 'a' twice in the header");
  EXPECT_EQ(fault_of(R"({"a": {"dtype": "U8", "dtype": "I8"}})", 0), "found 'dtype' twice in the header");
  EXPECT_EQ(fault_of("{\"a\": " + std::string(100000, '[') + "}", 0), "found a header nested too deep");
  EXPECT_EQ(fault_of(R"({"__metadata__": {"k": 1}})", 0), "metadata 'k': found 1, expected a string");
  EXPECT_EQ(fault_of(R"({"__metadata__": []})", 0), "found metadata that is no JSON object of strings");
}

TEST_F(SafetensorsTest, NamesAHeaderThatIsTooLong) {
  const uint64_t size = 100'000'001;
  std::string text(sizeof(size), '\0');
  std::memcpy(text.data(), &size, sizeof(size));
  put(text + "{}");
  std::filesystem::resize_file(path_, size + 8);  // a file with holes
  EXPECT_EQ(fault(), "found a header of 100000001 bytes in a file of 100000009 (cut, or no safetensors file)");
}

TEST_F(SafetensorsTest, NamesAFaultOfATensor) {
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  const auto fault_of_a = [&](const std::string& value, size_t size) {
    return fault_of(std::string("{\"a\":") + value + "}", size);
  };
  const std::string form = "tensor 'a': found no entry of the form {dtype, shape, data_offsets}";
  EXPECT_EQ(fault_of_a("1", 0), form);
  EXPECT_EQ(fault_of_a(R"({"dtype":"U8","shape":[1]})", 1), form);
  EXPECT_EQ(fault_of_a(R"({"dtype":8,"shape":[1],"data_offsets":[0,1]})", 1), form);
  EXPECT_EQ(fault_of_a(entry("U8", "1", "[0,1]"), 1), form);
  EXPECT_EQ(fault_of_a(entry("U8", "[1]", "[0]"), 1), form);
  EXPECT_EQ(fault_of_a(entry("U16", "[1]", "[0,2]"), 2),
            "tensor 'a': found the dtype 'U16', expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL");
  EXPECT_EQ(fault_of_a(entry("U8", "[-1]", "[0,1]"), 1), "tensor 'a': found the shape [-1], expected counts");
  EXPECT_EQ(fault_of_a(entry("U8", "[1.0]", "[0,1]"), 1), "tensor 'a': found the shape [1.0], expected counts");
  EXPECT_EQ(fault_of_a(entry("U8", "[9223372036854775808]", "[0,1]"), 1),
            "tensor 'a': found the shape [9223372036854775808], expected counts");
  EXPECT_EQ(fault_of_a(entry("U8", "[1]", "[0,-1]"), 1), "tensor 'a': found the offsets [0,-1], expected two counts");
  EXPECT_EQ(fault_of_a(entry("F32", "[3]", "[0,8]"), 8), "tensor 'a': found 8 bytes, expected 12 for F32 [3]");
  // 2^32 * 2^32 elements wrap to none.
  EXPECT_EQ(fault_of_a(entry("U8", "[4294967296,4294967296]", "[0,0]"), 0),
            "tensor 'a': found 0 bytes, expected less than 2^64 for U8 [4294967296, 4294967296]");
  EXPECT_EQ(fault_of_a(entry("U8", "[9223372036854775807,3,0]", "[0,0]"), 0), "none");
  EXPECT_EQ(fault_of_a(entry("U8", "[1]", "[1,0]"), 1),
            "tensor 'a': found the offsets [1, 0], expected the smaller first");
  EXPECT_EQ(fault_of_a(entry("U8", "[2]", "[0,2]"), 1),
            "tensor 'a': found the offsets [0, 2], but the data has 1 bytes (is the file cut?)");
  EXPECT_EQ(fault_of_a(entry("U8", "[1]", "[1,2]"), 2),
            "tensor 'a': found the offsets [1, 2], which leave a hole from 0");
  EXPECT_EQ(fault_of_a(entry("U8", "[2]", "[0,2]") + ",\"b\":" + entry("U8", "[2]", "[1,3]"), 3),
            "tensor 'b': found the offsets [1, 3], which overlap data up to 2");
}

// A JSON reader that takes a zero byte for the end would not look at what follows.
TEST_F(SafetensorsTest, AZeroByteDoesNotEndTheHeader) {
  EXPECT_TRUE(fault_of(std::string("{}\0\"a\"", 6), 0).starts_with("found a header that is no JSON: "));
  EXPECT_TRUE(fault_of(std::string("{}\0", 3), 0).starts_with("found a header that is no JSON: "));
}

TEST_F(SafetensorsTest, NamesATensorWithoutAName) {
  EXPECT_EQ(fault_of(R"({"": 1})", 0), "tensor '': found no entry of the form {dtype, shape, data_offsets}");
}

TEST_F(SafetensorsTest, AShapeHasAtMost64Extents) {
  std::string shape = "1";
  for (int i = 1; i < 64; ++i) shape += ",1";
  const auto header = [](const std::string& extents) {
    return R"({"a":{"dtype":"U8","shape":[)" + extents + R"(],"data_offsets":[0,1]}})";
  };
  EXPECT_EQ(fault_of(header(shape), 1), "none");
  EXPECT_EQ(fault_of(header(shape + ",1"), 1),
            "tensor 'a': found more than {dtype, shape, data_offsets} with a shape of 64 extents");
  EXPECT_EQ(write_fault({{"a", "U8", Shape(65, 1), first(1)}}),
            "tensor 'a': found a shape of 65 extents, expected at most 64");
}

// As JSON in memory each of these is some hundred times its text.
TEST_F(SafetensorsTest, AnEntryHoldsNoMoreThanItsForm) {
  const auto repeated = [](const std::string& text) {
    std::string result;
    for (int i = 0; i < 1000; ++i) result += (i > 0 ? "," : "") + text;
    return result;
  };
  std::string keys;
  for (int i = 0; i < 1000; ++i) keys += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
  const std::string fault = "tensor 'a': found more than {dtype, shape, data_offsets} with a shape of 64 extents";
  EXPECT_EQ(fault_of("{\"a\":[" + repeated("0") + "]}", 0), fault);
  EXPECT_EQ(fault_of("{\"a\":[" + repeated("[]") + "]}", 0), fault);
  EXPECT_EQ(fault_of("{\"a\":{" + keys + "}}", 0), fault);
  EXPECT_EQ(fault_of("{\"a\":{\"shape\":[" + repeated("{}") + "]}}", 0), fault);
  EXPECT_EQ(fault_of("{\"__metadata__\":{\"k\":[" + repeated("0") + "]}}", 0),
            "found metadata that is no JSON object of strings");
}

// Whatever a file holds, what is said of it can be read on a terminal.
TEST_F(SafetensorsTest, AMessageIsOneShortLine) {
  const std::string name(1'000'000, 'n');
  const std::string colour = "\\u001b[31m";
  const auto entry = [](const std::string& dtype, const std::string& offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":[1],"data_offsets":)" + offsets + "}";
  };
  for (const std::string& header : {
           "{\"" + name + "\": 1}",
           "{\"" + name + "\": {}, \"" + name + "\": {}}",
           "{\"" + name + "\": " + entry("U8", "[1,0]") + "}",
           "{\"a\": " + entry(name, "[0,1]") + "}",
           "{\"a\": " + entry("U8", "[\"" + name + "\",1]") + "}",
           "{\"__metadata__\": {\"" + name + "\": [\"" + name + "\"]}}",
           "{\"__metadata__\": {\"" + colour + "\": 1}}",
           "{\"" + colour + "\": 1}",
           "{\"" + name,
           "{\"" + name + "\": nul",
           "{" + name,
           std::string("{\"\xff\""),
           std::string("{\x1b[31m"),
       }) {
    const std::string found = fault_of(header, 1);
    EXPECT_NE(found, "none");
    EXPECT_LT(found.size(), 500U) << header.substr(0, 40);
    for (const char c : found) EXPECT_TRUE(c >= ' ' && c <= '~') << found;
  }
}

TEST_F(SafetensorsTest, DataBeyondTheMemoryIsAnErrorBeforeItIsAskedFor) {
  const auto memory = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string size = std::to_string(memory + 1);
  const std::string header = R"({"a":{"dtype":"U8","shape":[)" + size + R"(],"data_offsets":[0,)" + size + "]}}";
  put_file(header, 0);
  std::filesystem::resize_file(path_, 8 + header.size() + memory + 1);  // a file with holes
  EXPECT_EQ(fault(), "found " + size + " bytes of data, expected at most the " + std::to_string(memory) +
                         " of this machine's memory");
}

TEST_F(SafetensorsTest, APipeOrAFolderIsNoFile) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(fault_in([&] { SafetensorsFile{path_}; }), "found a pipe, expected a file");  // and waits for no writer
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(fault_in([&] { SafetensorsFile{path_}; }), "found a folder, expected a file");
}

TEST_F(SafetensorsTest, RefusesToWriteWhatItWouldNotRead) {
  EXPECT_EQ(write_fault({{"a", "U8", {1}, first(1)}, {"a", "U8", {1}, first(1)}}), "tensor 'a': given twice");
  EXPECT_EQ(write_fault({{"a", "F32", {2}, first(4)}}), "tensor 'a': found 4 bytes, expected 8 for F32 [2]");
  EXPECT_EQ(write_fault({{"a", "U8", {-1}, first(1)}}),
            "tensor 'a': found 1 bytes, expected less than 2^64 for U8 [-1]");
  EXPECT_TRUE(write_fault({{"a", "C64", {1}, first(8)}}).starts_with("tensor 'a': found the dtype 'C64'"));
  EXPECT_EQ(write_fault({{"__metadata__", "U8", {1}, first(1)}}),
            "tensor '__metadata__': the name is taken by the format");
  EXPECT_TRUE(write_fault({{"\xff", "U8", {1}, first(1)}}).starts_with("found a name that is not UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace genbid
