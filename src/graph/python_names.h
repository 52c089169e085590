#pragma once

#include <set>
#include <string>

#include "graph/graph.h"

// Names as Python and its torch.nn.Module allow them.

namespace genbid::graph {

// Names of the variables of a function.
class PythonNames {
 public:
  PythonNames();
  // A name that neither Python nor anything else has: `wished`, with underscores for characters that no name has, and
  // with some behind it if it is taken.
  std::string unused(const std::string& wished);

 private:
  std::set<std::string> used_;
};

// Error unless the constants can be parameters and buffers of modules: dots part a name into names of modules within
// modules and, at last, the tensor's own, and every module has a type() and more. `where` begins the message.
void check_module_names(const Graph& graph, const std::string& where);

}  // namespace genbid::graph
