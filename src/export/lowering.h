#pragma once

#include "export/trace.h"
#include "graph/graph.h"

namespace genbid::exporting {

// Translates what LibTorch recorded into a graph of the operators of graph/operators.h, by three tables
// (lowering_tables.h). What depends on no input is computed here; what is said twice is computed once; inputs that
// are not read are left out. Constants have the names of parameters and buffers, or are numbered. Error for an operator
// outside the tables, which it names, and for anything that holds a number of rows.
graph::Graph lowered(const Trace& trace);

}  // namespace genbid::exporting
