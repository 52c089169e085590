#pragma once

#include <stdexcept>
#include <string>

namespace genbid {

// What the user, the data or the machine did wrong. The message says where, what was found and what was expected. It is
// caught once, in main, and the program ends with exit status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A config file or a key=value override that cannot be used. The exit status is 2, as for any wrong use.
class ConfigError : public Error {
 public:
  using Error::Error;
};

}  // namespace genbid
