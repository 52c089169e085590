#pragma once

// Memory that LibTorch would take and the machine does not have, found out before it is asked for: the system hands out
// more than there is and ends the process later.

namespace genbid::train {

// From here on LibTorch's tensors on the CPU that are larger than what is available (base/memory.h) are an Error that
// says how much was asked for and how much there is. Small ones are not looked at. Once a process.
void check_tensor_memory();

// While it lives, a model is made, of which `copies` will be held (training: weights, gradients, averages and two
// moments of each weight; judging: weights). Error as soon as that passes what is available.
class ModelMemory {
 public:
  explicit ModelMemory(double copies);
  ~ModelMemory();
  ModelMemory(const ModelMemory&) = delete;
  ModelMemory& operator=(const ModelMemory&) = delete;
};

inline constexpr double kTrainingCopies = 5.0;

}  // namespace genbid::train
