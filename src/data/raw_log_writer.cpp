#include "data/raw_log_writer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "numpy/python_float.h"

namespace genbid::data {
namespace {

constexpr std::string_view kHeader =
    "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,CPAConstraint,timeStepIndex,remainingBudget,"
    "pvIndex,pValue,pValueSigma,bid,xi,adSlot,cost,isExposed,conversionAction,leastWinningCost,isEnd\n";
constexpr std::string_view kLost = "0.0,0.0,0.0,0.0,0.0,";  // xi to conversionAction
constexpr int64_t kRowsPerBlock = 1 << 14;
constexpr int64_t kBytesPerFlush = 32 << 20;

char* copy(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* field(char* to, double value) {
  to = numpy::print_python_float(to, value);
  *to = ',';
  return to + 1;
}

std::string text_of(double value) {
  char text[numpy::kMaxPythonFloat];
  return {text, numpy::print_python_float(text, value)};
}

// Text of whole lines.
struct Block {
  std::unique_ptr<char[]> text;
  size_t room = 0;
  size_t size = 0;

  char* reserve(size_t bytes) {
    if (room < bytes) {
      text = std::make_unique_for_overwrite<char[]>(bytes);
      room = bytes;
    }
    return text.get();
  }
};

// What is the same in all rows of a seat.
struct SeatText {
  std::string before;  // period to remainingBudget
  std::string end;     // isEnd
};

void print_block(const RawLogTick& tick, const std::vector<SeatText>& seats, size_t longest, int64_t first,
                 int64_t last, Block& block) {
  const size_t n = seats.size();
  constexpr size_t kVariable = 12 * numpy::kMaxPythonFloat;  // the other columns
  char* to = block.reserve(to_size(last - first) * n * (longest + kVariable));
  char number[numpy::kMaxPythonFloat + 1];
  char price[numpy::kMaxPythonFloat + 1];
  for (int64_t pv = first; pv < last; ++pv) {
    const std::string_view pv_text(number, field(number, as_double(tick.first_pv + pv)));
    const std::string_view price_text(price, field(price, at(tick.least_winning_cost, pv)));
    for (size_t seat = 0; seat < n; ++seat) {
      const size_t row = to_size(pv) * n + seat;
      to = copy(to, seats[seat].before);
      to = copy(to, pv_text);
      to = field(to, tick.pvalue[row]);
      to = field(to, tick.sigma[row]);
      to = field(to, tick.bid[row]);
      const bool lost = tick.slot[row] == 0 && tick.exposed[row] == 0 && tick.conversion[row] == 0 &&
                        std::bit_cast<uint64_t>(tick.cost[row]) == 0;
      if (lost) {
        to = copy(to, kLost);
      } else {
        to = field(to, tick.slot[row] > 0 ? 1.0 : 0.0);
        to = field(to, tick.slot[row]);
        to = field(to, tick.cost[row]);
        to = field(to, tick.exposed[row]);
        to = field(to, tick.conversion[row]);
      }
      to = copy(to, price_text);
      to = copy(to, seats[seat].end);
    }
  }
  block.size = to_size(to - block.text.get());
}

}  // namespace

struct RawLogWriter::State {
  std::string path;
  AtomicFile atomic;
  int file = -1;
  int64_t bytes = 0;
  int64_t handed_over = 0;  // to the disk, of these
  std::vector<Block> printing, writing;

  explicit State(const std::string& name) : path(name), atomic(path) {
    file = ::open(atomic.temporary().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0) fail();
    write(kHeader);
  }
  ~State() {
    if (file >= 0) ::close(file);
  }

  [[noreturn]] void fail() const { throw Error(path + ": cannot write: " + std::strerror(errno)); }

  void write(std::string_view text) {
    bytes += std::ssize(text);
    while (!text.empty()) {
      const ssize_t count = ::write(file, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      text.remove_prefix(to_size(count));
    }
    // The disk works while the next rows are printed, so that little is left to flush in the end. This is only a hint
    // to the system, so what it returns does not matter.
    if (bytes - handed_over >= kBytesPerFlush) {
      ::sync_file_range(file, handed_over, bytes - handed_over, SYNC_FILE_RANGE_WRITE);
      handed_over = bytes;
    }
  }
};

RawLogWriter::RawLogWriter(const std::string& path) : state_(std::make_unique<State>(path)) {}
RawLogWriter::~RawLogWriter() = default;

int64_t RawLogWriter::bytes() const { return state_->bytes; }

void RawLogWriter::write_tick(const RawLogTick& tick, Threads& threads) {
  State& s = *state_;
  const size_t n = tick.seats.size();
  const size_t rows = n * to_size(tick.num_pv);
  assert(tick.pvalue.size() == rows && tick.sigma.size() == rows && tick.bid.size() == rows &&
         tick.cost.size() == rows && tick.slot.size() == rows && tick.exposed.size() == rows &&
         tick.conversion.size() == rows && tick.least_winning_cost.size() == to_size(tick.num_pv));
  if (rows == 0) return;
  std::vector<SeatText> seats;
  size_t longest = 0;
  for (const RawLogSeat& seat : tick.seats) {
    SeatText text;
    for (const double value : {as_double(tick.period), as_double(seat.advertiser), as_double(seat.category),
                               seat.budget, seat.cpa, as_double(tick.tick), seat.remaining_budget}) {
      text.before += text_of(value) + ",";
    }
    text.end = seat.is_end ? "1.0\n" : "0.0\n";
    longest = std::max(longest, text.before.size());
    seats.push_back(std::move(text));
  }

  // While one round of blocks is printed, the round before is written.
  const int64_t pvs_per_block = std::max<int64_t>(1, kRowsPerBlock / to_signed(n));
  const auto blocks_per_round = to_size(std::min(2 * threads.count(), 16));
  s.printing.resize(blocks_per_round);
  s.writing.resize(blocks_per_round);
  size_t num_writing = 0;
  for (int64_t pv = 0; pv < tick.num_pv || num_writing > 0;) {
    const int64_t left = std::max<int64_t>(tick.num_pv - pv, 0);
    const auto num_printing = std::min(blocks_per_round, to_size((left + pvs_per_block - 1) / pvs_per_block));
    threads.parallel_for(to_signed(num_printing) + 1, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          for (size_t k = 0; k < num_writing; ++k) s.write({s.writing[k].text.get(), s.writing[k].size});
        } else {
          const int64_t first = pv + (i - 1) * pvs_per_block;
          print_block(tick, seats, longest, first, std::min(tick.num_pv, first + pvs_per_block), at(s.printing, i - 1));
        }
      }
    });
    pv += to_signed(num_printing) * pvs_per_block;
    num_writing = num_printing;
    std::swap(s.printing, s.writing);
  }
}

void RawLogWriter::finish() {
  State& s = *state_;
  const int file = std::exchange(s.file, -1);
  if (::close(file) != 0 && errno != EINTR) s.fail();
  s.atomic.commit();
}

}  // namespace genbid::data
