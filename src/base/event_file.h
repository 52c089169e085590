#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace genbid {

// What TensorBoard reads: events.out.tfevents.SECONDS.HOST.PID in a run's folder. A file of TFRecord frames, each an
// `Event` message of Protocol Buffers (tensorflow/core/util/event.proto, framework/summary.proto), written by hand.
// A value has the name that it has in metrics.jsonl, its step, the wall time, and 24 bits: `simple_value` is a float.
//
// A run that goes on begins a file of its own once it has a value, whose second event says "a session starts at this
// step"; readers forget the later steps of files before it, which a kill had left. The names of a folder's files sort
// in the order in which they were begun, in which readers take them.
class EventWriter {
 public:
  // `last_step`: what the run goes on behind; -1 starts anew and removes the folder's event files.
  EventWriter(const std::string& folder, int64_t last_step);
  ~EventWriter();

  void write(int64_t step, const MetricValues& values);  // one frame in one piece, at once, or kept where that fails
  void retry();                                          // to write what is kept
  std::string trouble() const;                           // why something is kept; empty: nothing is

  const std::string& path() const { return path_; }  // empty before the first value

 private:
  struct State;
  void begin();

  std::string folder_;
  int64_t last_step_;
  std::string path_;
  std::unique_ptr<State> state_;
};

// CRC-32C (Castagnoli), as in RFC 3720.
uint32_t crc32c(std::string_view bytes);

}  // namespace genbid
