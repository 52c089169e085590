#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "policy/saved_policy.h"
#include "runs/train_run.h"
#include "softmarket/tapes.h"
#include "train/tape_days.h"

namespace genbid::runs {

struct TapeData {
  softmarket::Tapes tapes;
  std::vector<train::TapeDay> days;       // of the tapes
  std::vector<int64_t> training;          // which of these
  std::vector<int64_t> held_out;          // likewise
  std::vector<policy::SeenStore> stores;  // as a checkpoint names them, in the config's order
};

// What section `tapes` asks for; periods that are not asked for are not kept. Error for periods or seats that a file
// lacks, for held-out periods that none holds or that are days of another file's training, for files that differ in
// ticks or knots, and where the tapes take more memory than the `available` bytes, with those of a teacher beside them
// (softmarket/teacher.h) where they are `taught`.
TapeData load_tape_data(const TapesConfig& config, double available, c10::Device device, bool taught = false);

// How the section plays them.
train::TapeDaysOptions tape_options(const TapesConfig& config, const std::string& reward);

}  // namespace genbid::runs
