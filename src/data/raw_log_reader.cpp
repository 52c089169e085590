#include "data/raw_log_reader.h"

#include <algorithm>
#include <exception>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "data/raw_log_ticks.h"

namespace genbid::data {
namespace {

enum class Walk { kDone, kStopped, kBroken };

struct Slot {
  LogBlock block;
  RawRows rows;
};

// Reads one file in rounds of blocks: while one round is parsed, the next one is read and the one before is handed
// to `take`, in file order. `take` returns false to end the walk.
Walk walk_file(RawLogFile& file, Threads& threads, const std::function<bool(const RawRows&)>& take,
               const std::function<void(int64_t)>& progress) {
  const auto blocks_per_round = to_size(std::min(2 * threads.count(), 16));
  struct Round {
    std::vector<Slot> slots;
    size_t count = 0;
  };
  Round read{std::vector<Slot>(blocks_per_round), 0};
  Round parsed = read;
  Round taken = read;
  std::exception_ptr read_error;
  bool broken = false;
  const auto read_round = [&] {
    read.count = 0;
    try {
      while (read.count < blocks_per_round && file.file().next(read.slots[read.count].block, threads)) ++read.count;
    } catch (...) {
      read_error = std::current_exception();  // after what was read before it
    }
  };
  const auto take_round = [&] {
    for (size_t i = 0; i < taken.count && !broken; ++i) {
      const RawRows& rows = taken.slots[i].rows;
      if (!take(rows)) broken = true;
      if (rows.error && !broken) throw Error(*rows.error);
    }
    taken.count = 0;
  };

  read_round();
  while (true) {
    if (stop_signal::requested()) return Walk::kStopped;
    std::swap(taken, parsed);
    std::swap(parsed, read);
    read.count = 0;
    if (parsed.count == 0 && taken.count == 0) break;
    const bool read_more = read_error == nullptr;
    threads.parallel_for(to_signed(parsed.count) + 2, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          take_round();
        } else if (i == 1) {
          if (read_more) read_round();
        } else {
          Slot& slot = at(parsed.slots, i - 2);
          file.parse(slot.block, slot.rows);
        }
      }
    });
    if (broken) return Walk::kBroken;
    if (progress) progress(file.file().bytes_read());
  }
  if (read_error != nullptr) std::rethrow_exception(read_error);
  return Walk::kDone;
}

// Sorts the files by the period of their first rows, because their names would put period-10 before period-9.
std::vector<std::string> by_period(std::vector<std::string> files, const RawReadOptions& options, Threads& threads,
                                   int64_t& bytes) {
  std::vector<std::pair<int64_t, std::string>> keyed;
  for (std::string& path : files) {
    RawLogFile file(path, options.columns, options.num_ticks, 1 << 16);
    bytes += file.file().size();
    LogBlock block;
    RawRows rows;
    if (file.file().next(block, threads)) file.parse(block, rows);
    keyed.emplace_back(rows.heads.empty() ? 0 : rows.heads.front().period, std::move(path));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  files.clear();
  for (auto& [period, path] : keyed) files.push_back(std::move(path));
  return files;
}

// One pass over all files. Fills bytes and sources.
Walk walk_files(const std::vector<std::string>& files, const RawReadOptions& options, Threads& threads,
                int64_t total_bytes, RawReadResult& result, const std::function<bool(size_t, const RawRows&)>& take) {
  result.bytes_read = 0;
  result.sources.clear();
  for (size_t i = 0; i < files.size(); ++i) {
    RawLogFile file(files[i], options.columns, options.num_ticks, options.block_bytes);
    const Walk walk = walk_file(
        file, threads, [&](const RawRows& rows) { return take(i, rows); },
        [&](int64_t bytes) {
          if (options.progress) options.progress(result.bytes_read + bytes, total_bytes);
        });
    if (walk != Walk::kDone) return walk;
    result.bytes_read += file.file().bytes_read();
    result.sources.push_back(file.file().source());
  }
  return Walk::kDone;
}

}  // namespace

RawReadResult read_raw_logs(const std::vector<std::string>& paths, const RawReadOptions& options, Threads& threads,
                            const std::function<void(RawTick&)>& sink, const std::function<void()>& restart) {
  RawReadResult result;
  int64_t total_bytes = 0;
  const std::vector<std::string> files = by_period(paths, options, threads, total_bytes);

  OrderedRows ordered(files, sink);
  Walk walk = walk_files(files, options, threads, total_bytes, result,
                         [&](size_t file, const RawRows& rows) { return ordered.add(file, rows); });
  if (walk == Walk::kDone && ordered.finish(options.num_ticks, result)) return result;

  if (walk != Walk::kStopped) {
    restart();
    result.in_order = false;
    SortedRows sorted(files, options.columns, options.scratch_folder);
    walk = walk_files(files, options, threads, total_bytes, result, [&](size_t file, const RawRows& rows) {
      sorted.add(file, rows);
      return true;
    });
    if (walk == Walk::kDone) sorted.finish(options.num_ticks, result, sink);
  }
  if (walk == Walk::kStopped) result.stopped = true;
  return result;
}

}  // namespace genbid::data
