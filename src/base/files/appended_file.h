#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/files/raw_file.h"

namespace genbid {

// A file that grows for days. What cannot be written now (a full disk, a shared folder that is away) is kept and
// written with what comes next, in its place: work does not end for it. The file must be there at first: Error.
class AppendedFile {
 public:
  // Goes on behind what the file has; makes it if it is not there, or, where it must be `fresh`, is an Error if it is.
  explicit AppendedFile(std::string path, bool fresh = false);

  void write(std::string_view bytes);
  // Tries again to write what is kept.
  void retry();
  // Whether its name is gone from a folder that is there, or another or a shorter file has it: somebody rotates it.
  bool was_moved() const;
  // Why not everything is in the file; empty if it is.
  const std::string& trouble() const { return trouble_; }

 private:
  std::string path_;
  std::optional<RawFile> file_;  // none: it is opened anew, as an old handle may never work again
  int64_t size_ = 0;             // of what is in the file for good
  std::string kept_;
  std::string trouble_;
};

}  // namespace genbid
