#pragma once

#include <functional>
#include <string>

// The HDF5 library trusts the files it reads: on a damaged one it may go round for ever or crash. So what is to be read
// of a file's structure is read in a process of its own first.

namespace genbid::data {

// Runs `read` in a child process. It must open the file and read those parts of its structure that the caller will
// read. This returns once the child has ended, even by an Error, because the caller will then meet the same Error. It
// throws only if the child crashes, or is still busy after some seconds of processor time; waiting for a slow disk does
// not count.
void try_hdf5(const std::string& path, const std::function<void()>& read);

// To be called within a trial: gives the child its seconds again. Loops over parts of which a file may have any number
// need this.
void trial_goes_on();

}  // namespace genbid::data
