#pragma once

#include <span>
#include <vector>

#include "base/aligned.h"
#include "graph/program.h"

// The moving carries of all rows of a workspace, for callers whose rows go through their days together.

namespace genbid::graph {

// Puts the numbers of the window that begins at `window` behind `to`, in the order of a copied carry.
void append_window(const MovingCarry& carry, const float* window, std::vector<float>& to);

class CarryBuffers {
 public:
  // Carries begin as zeros, as on a day's first tick. The workspace must stay where it is.
  explicit CarryBuffers(Workspace& workspace);

  // From here on the next call reads what the last one left.
  void move_on();
  // The window that the next call reads, as a copied carry would have it.
  std::vector<float> window(size_t carry, int64_t row) const;

 private:
  void set_windows();

  Workspace& workspace_;
  const std::vector<MovingCarry>& carries_;
  std::vector<AlignedVector<float>> buffers_;  // by carry: of all rows
  std::vector<int64_t> moves_;                 // by carry, since its windows were at the beginning
};

}  // namespace genbid::graph
