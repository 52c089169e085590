#pragma once

namespace genbid {

// After install(), the first SIGINT or SIGTERM only sets a flag that long work looks at between steps; the
// second ends the process at once.
namespace stop_signal {

void install();
bool requested();
// 128 + the signal's number, as shells report it; 0 if none came.
int exit_status();
// For tests.
void reset();

}  // namespace stop_signal
}  // namespace genbid
