#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/threads.h"
#include "numpy/python_float.h"
#include "data/raw_log_reader.h"
#include "data/raw_log_trajectories.h"
#include "data/raw_log_writer.h"
#include "files.h"

// Small raw logs for the tests of this folder.
namespace genbid::test {

inline const std::vector<std::string> kRawHeader = {"deliveryPeriodIndex",
                                                    "advertiserNumber",
                                                    "advertiserCategoryIndex",
                                                    "budget",
                                                    "CPAConstraint",
                                                    "timeStepIndex",
                                                    "remainingBudget",
                                                    "pvIndex",
                                                    "pValue",
                                                    "pValueSigma",
                                                    "bid",
                                                    "xi",
                                                    "adSlot",
                                                    "cost",
                                                    "isExposed",
                                                    "conversionAction",
                                                    "leastWinningCost",
                                                    "isEnd"};

// A log of made-up numbers, in AuctionNet's order: every value is a fraction with few digits.
inline Table raw_table(int num_ticks = 3, int num_pv = 4, int num_seats = 5, int period = 7) {
  Table table;
  table.header = kRawHeader;
  for (int tick = 0; tick < num_ticks; ++tick) {
    for (int pv = 0; pv < num_pv; ++pv) {
      for (int seat = 0; seat < num_seats; ++seat) {
        const int mix = (tick * 131 + pv * 37 + seat * 101 + period * 17) % 97;
        const bool won = mix % 5 == 0;
        const bool exposed = won && mix % 2 == 0;
        const auto number = [](double value) {
          char text[numpy::kMaxPythonFloat];
          return std::string(text, numpy::print_python_float(text, value));
        };
        table.rows.push_back({number(period), number(seat), number(seat / 2), number(100 + seat), number(10 + seat),
                              number(tick), number(100 + seat - tick * 0.5), number(pv), number(mix / 1024.0),
                              number(mix / 8192.0), number(mix / 128.0), number(won ? 1 : 0),
                              number(won ? 1 + mix % 3 : 0), number(won ? mix / 256.0 : 0), number(exposed ? 1 : 0),
                              number(exposed && mix % 4 == 0 ? 1 : 0), number((tick + pv + 1) / 64.0),
                              number(tick == num_ticks - 1 ? 1 : 0)});
      }
    }
  }
  return table;
}

struct RawLogs {
  data::RawReadResult result;
  std::vector<data::RawTick> ticks;
  data::RawTrajectories trajectories;
};

inline RawLogs read_logs(const std::vector<std::string>& files, data::RawReadOptions options = {}, int threads = 2) {
  RawLogs logs;
  Threads workers(threads);
  logs.result = data::read_raw_logs(
      files, options, workers,
      [&](data::RawTick& tick) {
        logs.ticks.push_back(tick);
        logs.trajectories.add(tick);
      },
      [&] {
        logs.ticks.clear();
        logs.trajectories.clear();
      });
  return logs;
}

}  // namespace genbid::test
