#pragma once

#include "base/memory.h"

// Finds out before LibTorch asks for memory that the machine does not have. The system would hand out more than there
// is, and end the process later.

namespace genbid::train {

// From here on it is an Error to make a tensor on the CPU that is larger than the memory that is `available`, or small
// ones when hardly any is left; the message says how much was asked for and how much there is. Trainings call it.
// `available`: asked for how much there is; tests have another.
void check_tensor_memory(double (*available)() = available_memory);

// To be alive while a model is made of which `copies` will be held: for training these are weights, gradients, averages
// and two moments of each weight, and for judging the weights alone. Making the model throws an Error as soon as all
// copies together would need more than what is available.
class ModelMemory {
 public:
  explicit ModelMemory(double copies);
  ~ModelMemory();
  ModelMemory(const ModelMemory&) = delete;
  ModelMemory& operator=(const ModelMemory&) = delete;
};

inline constexpr double kTrainingCopies = 5.0;

}  // namespace genbid::train
