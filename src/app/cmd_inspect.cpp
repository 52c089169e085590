#include <cstdio>

#include "app/command.h"
#include "runs/inspect_run.h"

namespace genbid::app {

int inspect(const std::string& path, bool operators, Form form) {
  const runs::Inspection inspection = runs::inspect(path, operators);
  std::fputs((form == Form::kJson ? inspection.json() : inspection.text()).c_str(), stdout);
  return 0;
}

const char* inspect_help() {
  return "Says what a bundle, a checkpoint, the folder of a training, a trajectory store, a tape, a market log or a\n"
         "store of campaigns' days is: shapes, sizes, history, hashes. Everything that it says was read and checked.\n"
         "\n"
         "  genbid inspect bundles/market\n"
         "  genbid inspect bundles/market --operators\n"
         "  genbid inspect runs/market\n"
         "  genbid inspect runs/quickstart/trajectories.h5\n";
}

}  // namespace genbid::app
