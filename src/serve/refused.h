#pragma once

#include <genbid.h>

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

}  // namespace genbid::serve
