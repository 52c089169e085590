#pragma once

#include <string>

namespace genbid::runs {

// `genbid report`: one HTML file of what lies in `folder`, a training's run folder, an evaluation's output folder,
// both at once, or an experiment's folder. It replaces no file but a report; `output` empty: report.html in the folder.
// Returns where it is. Error, before anything is written, for a folder that is not there or holds neither, and for a
// file in it that cannot be read.
std::string write_report(const std::string& folder, const std::string& output);

// The page of what has just ended, and a line that says where it is. The work is done whatever becomes of its page: one
// that cannot be made is a warning.
void report_at_end(const std::string& folder);

}  // namespace genbid::runs
