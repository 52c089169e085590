#include "base/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/files/raw_file.h"
#include "base/shown.h"

namespace genbid {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxRank = 64;  // as in LibTorch
constexpr size_t kAlignment = 8;
constexpr const char* kMetadata = "__metadata__";

struct Dtype {
  const char* name;
  uint64_t size;
};
constexpr Dtype kDtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                             {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};

[[noreturn]] void fail(const std::string& path, const std::string& fault) { throw Error(path + ": " + fault); }

// Fails as "FILE: tensor 'a': found ..., expected ...".
[[noreturn]] void fail(const std::string& path, const std::string& name, const std::string& fault) {
  fail(path, "tensor '" + shown(name) + "': " + fault);
}

uint64_t dtype_size(const std::string& path, const std::string& name, const std::string& dtype) {
  std::string known;
  for (const Dtype& each : kDtypes) {
    if (dtype == each.name) return each.size;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  fail(path, name, "found the dtype '" + shown(dtype) + "', expected one of " + known);
}

// No value if the product does not fit 64 bits.
std::optional<uint64_t> num_bytes(const std::vector<int64_t>& shape, uint64_t element_size) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  uint64_t bytes = element_size;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) return {};
  }
  return bytes;
}

void check_size(const std::string& path, const TensorBytes& tensor, uint64_t found) {
  if (tensor.shape.size() > kMaxRank) {
    fail(path, tensor.name,
         "found a shape of " + std::to_string(tensor.shape.size()) + " extents, expected at most " +
             std::to_string(kMaxRank));
  }
  const auto expected = num_bytes(tensor.shape, dtype_size(path, tensor.name, tensor.dtype));
  if (expected == found) return;
  fail(path, tensor.name,
       "found " + std::to_string(found) + " bytes, expected " +
           (expected ? std::to_string(*expected) : "less than 2^64") + " for " + tensor.dtype + " " +
           shape_text(tensor.shape));
}

struct Entry {
  TensorBytes tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Reads the fields of an entry of the header. What the format does not allow is reported as a fault.
Entry parse_entry(const std::string& path, const std::string& name, const Json& json) {
  const bool form = json.is_object() && json.size() == 3 && json.contains("dtype") && json["dtype"].is_string() &&
                    json.contains("shape") && json["shape"].is_array() && json.contains("data_offsets") &&
                    json["data_offsets"].is_array() && json["data_offsets"].size() == 2;
  if (!form) fail(path, name, "found no entry of the form {dtype, shape, data_offsets}");
  Entry entry;
  entry.tensor.name = name;
  entry.tensor.dtype = json["dtype"].get<std::string>();
  constexpr auto kMaxExtent = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  for (const Json& extent : json["shape"]) {
    if (!extent.is_number_unsigned() || extent.get<uint64_t>() > kMaxExtent) {
      fail(path, name, "found the shape " + shown(json["shape"].dump()) + ", expected counts");
    }
    entry.tensor.shape.push_back(extent.get<int64_t>());
  }
  const Json& offsets = json["data_offsets"];
  if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
    fail(path, name, "found the offsets " + shown(offsets.dump()) + ", expected two counts");
  }
  entry.begin = offsets[0].get<uint64_t>();
  entry.end = offsets[1].get<uint64_t>();
  return entry;
}

std::map<std::string, std::string> parse_metadata(const std::string& path, const Json& json) {
  std::map<std::string, std::string> metadata;
  if (!json.is_object()) fail(path, "found metadata that is no JSON object of strings");
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) {
      metadata[key] = value.get<std::string>();
    } else {
      fail(path, "metadata '" + shown(key) + "': found " + shown(value.dump()) + ", expected a string");
    }
  }
  return metadata;
}

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

// Takes the parser's events. An entry is read as soon as it ends, so that the header never stands in memory as JSON,
// which is many times its text.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  // Returns false for a value that has been dealt with.
  bool operator()(int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) fail(path_, "found a header nested too deep");
    const bool ends = event == Event::object_end || event == Event::array_end;
    if (depth > kEntryDepth && !ends) count(event);
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) take_key(depth, value.get<std::string>());
    if (depth == kEntryDepth && (ends || event == Event::value)) {
      take_entry(value);
      return false;
    }
    return true;
  }

  Header take() {
    if (!fault_.empty()) throw Error(fault_);
    return std::move(header_);
  }

 private:
  static constexpr int kEntryDepth = 1;
  static constexpr int kMaxDepth = 4;  // an entry's shape has 3; deeper text is no header

  // What an entry holds: at most three keys, namely a dtype, a shape and two offsets.
  void count(Json::parse_event_t event) {
    const bool begins = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (name_ == kMetadata) {
      if (begins) fail(path_, "found metadata that is no JSON object of strings");
      return;
    }
    if (++num_inside_ <= kMaxRank + 8) return;
    fail(path_, name_,
         "found more than {dtype, shape, data_offsets} with a shape of " + std::to_string(kMaxRank) + " extents");
  }

  // nlohmann keeps the last of two equal keys without a word.
  void take_key(int depth, const std::string& key) {
    if (!keys_.back().insert(key).second) fail(path_, "found '" + shown(key) + "' twice in the header");
    if (depth != kEntryDepth) return;
    name_ = key;
    num_inside_ = 0;
  }

  // A faulty entry is reported only at the end, because a text that is no JSON, or has a name twice, is the fault to
  // name first.
  void take_entry(const Json& value) {
    if (!fault_.empty()) return;
    try {
      if (name_ == kMetadata) {
        header_.metadata = parse_metadata(path_, value);
      } else {
        header_.entries.push_back(parse_entry(path_, name_, value));
      }
    } catch (const Error& error) {
      fault_ = error.what();
    }
  }

  const std::string& path_;
  Header header_;
  std::string fault_;
  std::vector<std::set<std::string>> keys_;
  std::string name_;  // of the entry
  size_t num_inside_ = 0;
};

Header parse_header(const std::string& path, const std::string& text) {
  if (!text.starts_with('{')) fail(path, "found no '{' at the header's start");
  const std::string no_json = "found a header that is no JSON: ";
  // The parser would take a NUL for the end of the text.
  if (text.find('\0') != std::string::npos) fail(path, no_json + "it has a zero byte");
  HeaderReader reader(path);
  try {
    [[maybe_unused]] const Json rest = Json::parse(text, std::ref(reader));
  } catch (const Json::parse_error& error) {
    fail(path, no_json + "its byte " + std::to_string(error.byte) + " is wrong");
  } catch (const Json::exception& error) {
    fail(path, no_json + shown(error.what()));
  }
  return reader.take();
}

// In order of their offsets the tensors fill the buffer without a hole or an overlap.
void check_tiling(const std::string& path, std::vector<Entry>& entries, uint64_t size) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t next = 0;
  for (const Entry& entry : entries) {
    const std::string& name = entry.tensor.name;
    const std::string found =
        "found the offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
    if (entry.begin > entry.end) fail(path, name, found + ", expected the smaller first");
    if (entry.end > size) {
      fail(path, name, found + ", but the data has " + std::to_string(size) + " bytes (is the file cut?)");
    }
    if (entry.begin < next) fail(path, name, found + ", which overlap data up to " + std::to_string(next));
    if (entry.begin > next) fail(path, name, found + ", which leave a hole from " + std::to_string(next));
    next = entry.end;
  }
  if (next != size) {
    fail(path, "found " + std::to_string(size) + " bytes of data, expected " + std::to_string(next));
  }
}

// Bytes at an address that suits every dtype.
class Buffer {
 public:
  explicit Buffer(size_t size) : words_(std::make_unique_for_overwrite<uint64_t[]>(size / 8 + 1)) {}
  std::byte* data() { return reinterpret_cast<std::byte*>(words_.get()); }

 private:
  std::unique_ptr<uint64_t[]> words_;
};

void read_exactly(RawFile& file, const std::string& path, void* data, size_t size) {
  auto* next = static_cast<std::byte*>(data);
  while (size > 0) {
    const size_t count = file.read(next, size);
    if (count == 0) fail(path, "found the end of the file " + std::to_string(size) + " bytes too early");
    next += count;
    size -= count;
  }
}

}  // namespace

void write_safetensors(const std::string& path, std::vector<TensorBytes> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorBytes& a, const TensorBytes& b) { return a.name < b.name; });
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  uint64_t end = 0;
  for (const TensorBytes& tensor : tensors) {
    check_size(path, tensor, tensor.data.size());
    if (tensor.name == kMetadata) fail(path, tensor.name, "the name is taken by the format");
    if (header.contains(tensor.name)) fail(path, tensor.name, "given twice");
    const uint64_t begin = end;
    end += tensor.data.size();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    fail(path, std::string("found a name that is not UTF-8: ") + error.what());
  }
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  if (text.size() > kMaxHeader) fail(path, "found too many tensors for one header");

  AtomicFile file(path);
  RawFile out(file.temporary(), O_WRONLY | O_TRUNC);
  const uint64_t size = text.size();
  out.write(std::as_bytes(std::span(&size, 1)));
  out.write(text);
  for (const TensorBytes& tensor : tensors) out.write(tensor.data);
  out.close();
  file.commit();
}

struct SafetensorsFile::State {
  std::vector<Buffer> buffers;  // the file's data; copies of tensors that lie unaligned in it
  std::vector<TensorBytes> tensors;
  std::map<std::string, std::string> metadata;

  // Takes in the header's text, in a file of file_size bytes.
  std::vector<Entry> read_header(const std::string& path, uint64_t file_size, const std::string& text);
  void take_tensors(const std::string& path, std::vector<Entry> entries, const std::byte* data);
};

namespace {

void check_header_size(const std::string& path, uint64_t header_size, uint64_t file_size) {
  if (header_size <= kMaxHeader && header_size <= file_size - sizeof(header_size)) return;
  fail(path, "found a header of " + std::to_string(header_size) + " bytes in a file of " + std::to_string(file_size) +
                 " (cut, or no safetensors file)");
}

// The size of a file is a claim too, since a file may be mostly holes.
void check_memory(const std::string& path, uint64_t size) {
  const uint64_t memory =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (size <= memory) return;
  fail(path, "found " + std::to_string(size) + " bytes of data, expected at most the " + std::to_string(memory) +
                 " of this machine's memory");
}

void check_has_size(const std::string& path, uint64_t file_size) {
  if (file_size >= sizeof(uint64_t)) return;
  fail(path, "found " + std::to_string(file_size) + " bytes, expected a safetensors file");
}

}  // namespace

std::vector<Entry> SafetensorsFile::State::read_header(const std::string& path, uint64_t file_size,
                                                       const std::string& text) {
  Header header = parse_header(path, text);
  check_tiling(path, header.entries, file_size - sizeof(uint64_t) - text.size());
  for (const Entry& entry : header.entries) check_size(path, entry.tensor, entry.end - entry.begin);
  metadata = std::move(header.metadata);
  return std::move(header.entries);
}

void SafetensorsFile::State::take_tensors(const std::string& path, std::vector<Entry> entries, const std::byte* data) {
  for (Entry& entry : entries) {
    const size_t length = entry.end - entry.begin;
    const std::byte* begin = data + entry.begin;
    // The format packs tensors without gaps, so one that lies at an address its type does not allow is copied to
    // another.
    if (reinterpret_cast<uintptr_t>(begin) % dtype_size(path, entry.tensor.name, entry.tensor.dtype) != 0) {
      std::byte* const copy = buffers.emplace_back(length).data();
      std::copy_n(begin, length, copy);
      begin = copy;
    }
    entry.tensor.data = {begin, length};
    tensors.push_back(std::move(entry.tensor));
  }
  std::sort(tensors.begin(), tensors.end(), [](const TensorBytes& a, const TensorBytes& b) { return a.name < b.name; });
}

SafetensorsFile::SafetensorsFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

SafetensorsFile::SafetensorsFile(const std::string& path) : state_(std::make_unique<State>()) {
  RawFile file(path, O_RDONLY | O_NONBLOCK);
  file.require_regular();
  const off_t end = ::lseek(file.fd(), 0, SEEK_END);
  if (end < 0 || ::lseek(file.fd(), 0, SEEK_SET) != 0) fail_io(path, "read", errno);
  const auto file_size = static_cast<uint64_t>(end);
  check_has_size(path, file_size);
  uint64_t header_size = 0;
  read_exactly(file, path, &header_size, sizeof(header_size));
  check_header_size(path, header_size, file_size);
  std::string text(header_size, '\0');
  read_exactly(file, path, text.data(), text.size());
  std::vector<Entry> entries = state_->read_header(path, file_size, text);

  const uint64_t size = file_size - sizeof(header_size) - header_size;
  check_memory(path, size);
  std::byte* const data = state_->buffers.emplace_back(size).data();
  read_exactly(file, path, data, size);
  state_->take_tensors(path, std::move(entries), data);
}

SafetensorsFile SafetensorsFile::from_bytes(std::span<const std::byte> bytes, const std::string& name) {
  auto state = std::make_unique<State>();
  check_has_size(name, bytes.size());
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  check_header_size(name, header_size, bytes.size());
  const std::span<const std::byte> header = bytes.subspan(sizeof(header_size), header_size);
  const std::string text(reinterpret_cast<const char*>(header.data()), header.size());
  std::vector<Entry> entries = state->read_header(name, bytes.size(), text);
  state->take_tensors(name, std::move(entries), bytes.data() + sizeof(header_size) + header_size);
  return SafetensorsFile(std::move(state));
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const std::vector<TensorBytes>& SafetensorsFile::tensors() const { return state_->tensors; }

const TensorBytes* SafetensorsFile::find(const std::string& name) const {
  const auto& all = state_->tensors;
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const TensorBytes& a, const std::string& b) { return a.name < b; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const { return state_->metadata; }

}  // namespace genbid
