#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hdf5.h>

#include "data/hdf5_file.h"

// What hdf5_file.cpp says to the library and hears from it: its identifiers, types, settings and complaints.

namespace genbid::data::hdf5 {

// An identifier of the library, closed on the way out.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): stands for the id
  bool good() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// Call this before anything else of the library. By default the library prints its error stack, and each thread has its
// own setting. When the process exits, it tries again to close what could not be closed before (on a full disk) and
// crashes. Everything here is closed by its owner, so that attempt is switched off.
void silence();
// The innermost entry of the error stack: "truncated file: eof = 96, ...", or the system's own words where it
// quotes them among many others: "No space left on device".
std::string reason();

// Files are replaced by rename, never changed in place, so the library's locks (which some network file
// systems refuse) protect nothing.
Handle file_access();
Handle utf8_text();

hid_t memory_type(Hdf5Type type);
hid_t file_type(Hdf5Type type);
bool is_unsigned_64(hid_t type);
Hdf5Kind kind_of(hid_t type);
std::string type_text(hid_t type);  // "32-bit real numbers"

// The first of a dataset's filters that this library lacks; empty if it has all.
std::string missing_filter(hid_t settings);
// How many pieces a dataset of that extent has when all of it is written.
uint64_t all_pieces(hid_t settings, const std::vector<int64_t>& extent);

}  // namespace genbid::data::hdf5
