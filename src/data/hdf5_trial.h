#pragma once

#include <functional>
#include <string>

// The HDF5 library trusts the files it reads: on a damaged one it may go round for ever or crash. So what is to be read
// of a file's structure is read in a process of its own first.

namespace genbid::data {

// Runs `read`, which opens the file and reads of its structure what the caller will read, in a child process, and comes
// back once that has ended, with an Error of its own or without: the caller meets the same then. Error if it crashes
// or is still busy after some seconds of processor time (waiting for a slow disk does not count).
void try_hdf5(const std::string& path, const std::function<void()>& read);

// In a trial: the seconds begin anew. For loops over parts of which a file may have any number.
void trial_goes_on();

}  // namespace genbid::data
