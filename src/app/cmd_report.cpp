#include <cstdio>

#include "app/command.h"
#include "runs/report_run.h"

namespace genbid::app {

const char* report_help() {
  return "  genbid report runs/NAME\n"
         "  genbid report runs/NAME/eval --output eval.html\n"
         "  genbid report runs/experiments/NAME\n"
         "\n"
         "PATH      the run folder of a training, the output folder of an evaluation (result.json, or a folder with\n"
         "          one for each candidate; of campaigns table.json and outcomes.csv), or an experiment's folder\n"
         "--output  where the page is written (PATH/report.html); it replaces a report and nothing else\n"
         "\n"
         "One HTML file that needs no other, and no network: charts of what there is, and the numbers behind them.";
}

int report(const std::string& path, const std::string& output) {
  std::printf("%s\n", runs::write_report(path, output).c_str());
  return 0;
}

}  // namespace genbid::app
