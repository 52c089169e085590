#include "data/unpacked_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "data/zip_member.h"

namespace genbid::data {
namespace {

constexpr size_t kInputBytes = size_t{1} << 18;
constexpr size_t kMostAtOnce = size_t{1} << 30;  // zlib counts in 32 bits
constexpr int kGzipWindow = 15 + 16;             // inflateInit2: the largest window, with gzip's header and check
constexpr int kRawWindow = -15;                  // without any

}  // namespace

struct UnpackedFile::State {
  enum class Kind { kPlain, kGzip, kZip };

  std::string path;
  Kind kind = Kind::kPlain;
  int file = -1;
  int64_t size = 0;
  int64_t bytes_read = 0;
  ContentHash hash;

  bool at_end = false;  // nothing more can be unpacked
  std::vector<char> input;
  z_stream stream = {};
  bool has_stream = false;
  ZipMember member;
  int64_t packed_left = 0;  // of the member, not yet read
  int64_t unpacked = 0;
  uLong crc = 0;

  ~State() {
    if (has_stream) inflateEnd(&stream);
    if (file >= 0) ::close(file);
  }

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }
  [[noreturn]] void fail_damaged(const std::string& how) const {
    fail(std::string(kind == Kind::kZip ? "zip" : "gzip") + " data is damaged before byte " +
         std::to_string(bytes_read - to_signed(stream.avail_in)) + " (" + how + ")");
  }
  [[noreturn]] void fail_cut() const {
    fail(std::string("ends in the middle of its ") + (kind == Kind::kZip ? "zip" : "gzip") + " data: was it cut off?");
  }

  void open() {
    // O_NONBLOCK, because opening a pipe would otherwise wait for its writer.
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
    struct stat status {};
    if (::fstat(file, &status) != 0) fail(std::string("cannot be read: ") + std::strerror(errno));
    if (S_ISDIR(status.st_mode)) fail("is a folder, expected a file");
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
      fail("is a pipe, expected a file (it is read more than once; write it to a file first)");
    }
    size = to_signed(status.st_size);

    std::array<char, 4> magic{};
    const ssize_t got = ::pread(file, magic.data(), magic.size(), 0);
    const std::string_view head(magic.data(), got > 0 ? to_size(got) : 0);
    if (head.starts_with("\x1F\x8B")) {
      kind = Kind::kGzip;
      begin_inflate(kGzipWindow);
    } else if (head == std::string_view("PK\x03\x04")) {
      kind = Kind::kZip;
      begin_zip();
    }
  }

  void begin_inflate(int window) {
    input.resize(kInputBytes);
    if (inflateInit2(&stream, window) != Z_OK) throw std::bad_alloc();
    has_stream = true;
  }

  void begin_zip() {
    member = find_zip_member(file, size, path);
    packed_left = member.packed_size;
    crc = crc32(0, nullptr, 0);
    begin_inflate(kRawWindow);
    // All of the file is read, for its hash.
    for (int64_t left = member.offset; left > 0;) {
      const size_t got = read_file(input.data(), to_size(std::min<int64_t>(left, kInputBytes)));
      if (got == 0) fail_cut();
      left -= to_signed(got);
    }
  }

  // Bytes as they lie on the disk; fewer only at the end.
  size_t read_file(char* to, size_t count) {
    size_t filled = 0;
    while (filled < count) {
      const ssize_t got = ::read(file, to + filled, count - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
      if (got == 0) break;
      filled += to_size(got);
    }
    hash.add(std::as_bytes(std::span(to, filled)));
    bytes_read += to_signed(filled);
    return filled;
  }

  // More packed bytes, if there are none; false at their end.
  bool fill_input() {
    if (stream.avail_in > 0) return true;
    const size_t most = kind == Kind::kZip ? to_size(std::min<int64_t>(packed_left, kInputBytes)) : kInputBytes;
    const size_t got = read_file(input.data(), most);
    if (kind == Kind::kZip) packed_left -= to_signed(got);
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(got);
    return got > 0;
  }

  // Unpacks into `to`; Z_STREAM_END is left to the caller, any fault is an Error.
  size_t inflate_some(char* to, size_t count, bool& ended) {
    if (!fill_input()) fail_cut();
    stream.next_out = reinterpret_cast<Bytef*>(to);
    stream.avail_out = static_cast<uInt>(std::min(count, kMostAtOnce));
    const uInt before = stream.avail_out;
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_NEED_DICT) fail_damaged("it needs a dictionary");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      fail_damaged(stream.msg != nullptr ? stream.msg : "not readable");
    }
    ended = result == Z_STREAM_END;
    return before - stream.avail_out;
  }

  size_t read_gzip(char* to, size_t count) {
    bool ended = false;
    const size_t got = inflate_some(to, count, ended);
    if (ended) next_gzip_member();
    return got;
  }

  // Several gzip members may follow each other, and what came from a tape may end in zeros.
  void next_gzip_member() {
    while (fill_input() && *stream.next_in == 0) {
      ++stream.next_in;
      --stream.avail_in;
    }
    if (stream.avail_in == 0) {
      at_end = true;
    } else if (*stream.next_in == 0x1F) {
      inflateReset(&stream);
    } else {
      fail("holds more than gzip data: other bytes from " + std::to_string(bytes_read - to_signed(stream.avail_in)) +
           " on");
    }
  }

  size_t read_zip(char* to, size_t count) {
    size_t got = 0;
    bool ended = false;
    if (member.deflated) {
      got = inflate_some(to, count, ended);
    } else {
      got = read_file(to, to_size(std::min<int64_t>(packed_left, to_signed(count))));
      packed_left -= to_signed(got);
      ended = packed_left == 0;
      if (got == 0 && !ended) fail_cut();
    }
    for (size_t done = 0; done < got; done += kMostAtOnce) {
      crc = crc32(crc, reinterpret_cast<const Bytef*>(to + done), static_cast<uInt>(std::min(got - done, kMostAtOnce)));
    }
    unpacked += to_signed(got);
    if (!ended) return got;
    if (unpacked != member.size) {
      fail_damaged("found " + std::to_string(unpacked) + " bytes of text, expected " + std::to_string(member.size));
    }
    if (crc != member.crc) fail_damaged("incorrect data check");
    while (read_file(input.data(), kInputBytes) > 0) {
    }
    at_end = true;
    return got;
  }
};

UnpackedFile::UnpackedFile(std::string path) : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  state_->open();
}
UnpackedFile::~UnpackedFile() = default;

int64_t UnpackedFile::size() const { return state_->size; }
int64_t UnpackedFile::bytes_read() const { return state_->bytes_read; }

size_t UnpackedFile::read(char* to, size_t count) {
  State& s = *state_;
  if (s.kind == State::Kind::kPlain) return s.read_file(to, count);
  size_t filled = 0;
  while (filled < count && !s.at_end) {
    filled += s.kind == State::Kind::kGzip ? s.read_gzip(to + filled, count - filled)
                                           : s.read_zip(to + filled, count - filled);
  }
  return filled;
}

std::string UnpackedFile::hash() const { return state_->hash.digits(); }

}  // namespace genbid::data
