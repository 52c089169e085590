#pragma once

#include <genbid.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/error.h"

namespace genbid::serve {

// What a call of the serving library is refused for, with its status.
class Refused : public Error {
 public:
  Refused(genbid_status status, const std::string& message) : Error(message), status_(status) {}
  genbid_status status() const { return status_; }

 private:
  genbid_status status_;
};

[[noreturn]] inline void refuse(genbid_status status, const std::string& where, const std::string& found,
                                const std::string& expected) {
  throw Refused(status, where + ": found " + found + ", expected " + expected);
}

// As messages show them.
inline std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}
inline std::string campaign_text(uint64_t id) { return "campaign " + std::to_string(id); }

}  // namespace genbid::serve
