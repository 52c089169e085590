#pragma once

#include <exception>
#include <filesystem>
#include <string>

#include "base/shown.h"

namespace genbid {

// What an exception says, for a message. Those of std::filesystem have a form of their own, with the path behind the
// reason; here it is that of all messages: "PATH: Not a directory".
inline std::string message_of(const std::exception& error) {
  const auto* of_file = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  if (of_file == nullptr) return error.what();
  const std::string reason = of_file->code().message();
  const std::string path = path_text(of_file->path1().string());
  if (path.empty()) return "files: " + reason;
  if (of_file->path2().empty()) return path + ": " + reason;
  return path + ", " + path_text(of_file->path2().string()) + ": " + reason;
}

}  // namespace genbid
