#pragma once

namespace genbid {

// Signals that ask the program to stop: SIGINT, SIGTERM, SIGHUP (a closed terminal), SIGUSR1 and SIGUSR2 (what
// schedulers send some time before the end), SIGXCPU (processor time is used up; the kernel kills only at the hard
// limit). One that is ignored when the program starts stays ignored (nohup).
//
// After install() the first of them only sets a flag that long work looks at between steps. A second SIGINT or SIGTERM
// ends the process at once; a second of the others is part of the first (a closed terminal sends SIGHUP twice).
namespace stop_signal {

void install();
// After install(), before other threads exist: also starts a thread that ends the process when a signal came, for
// whatever the program is in the middle of: a library's endless loop, a pipe that nobody writes to, a long tick. It
// waits only for a Cooperative scope; elsewhere it ends the process at once. Either way temporaries are removed
// (atomic_file.h), one line on standard error says so, and the exit status is exit_status().
//
// From here on that thread alone takes the signals. A handler must never run on a thread that computes: the code that
// oneDNN generates for LibTorch's convolutions keeps numbers below the stack pointer, where a handler's frame lies,
// and writes to wrong addresses when it goes on.
void watch();
// Whether a signal came. Who asks inside a Cooperative scope and hears `true` thereby promises to save what is worth
// saving, and to end.
bool requested();
// 128 + the signal's number, as shells report it; 0 if none came.
int exit_status();
// Does not return if the watching thread is about to end the process: an error that its clearing away causes elsewhere
// must not be reported.
void wait_if_ending();
// For tests.
void reset();

// Work that asks requested() again and again, and has something to save. Once it has seen the signal it takes the
// time it needs; if it does not look within kPatienceSeconds, the watching thread ends the process.
class Cooperative {
 public:
  Cooperative();
  ~Cooperative();
  Cooperative(const Cooperative&) = delete;
  Cooperative& operator=(const Cooperative&) = delete;
};

// Inside such work: a part that cannot look but must not be cut off, such as saving.
class Unhurried {
 public:
  Unhurried();
  ~Unhurried();
  Unhurried(const Unhurried&) = delete;
  Unhurried& operator=(const Unhurried&) = delete;
};

inline constexpr int kPatienceSeconds = 6;

}  // namespace stop_signal
}  // namespace genbid
