#pragma once

#include <string>

namespace genbid::runs {

// `genbid report`: one HTML file of what lies in `folder`, a training's run folder, an evaluation's output folder, or
// both at once. It replaces no file but a report; `output` empty: report.html in the folder. Returns where it is.
// Error, before anything is written, for a folder that is not there or holds neither, and for a file in it that cannot
// be read.
std::string write_report(const std::string& folder, const std::string& output);

}  // namespace genbid::runs
