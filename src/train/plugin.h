#pragma once

#include <string>

namespace genbid::train {

// A plugin that stands beside the program, and what is said where it cannot be had.
struct Plugin {
  const char* file;
  const char* version_symbol;  // a function without arguments that returns the text with which it was built
  const char* version;         // that of the program
  const char* found;           // the setting that asks for it: "train.backend: found nccl"
  const char* built;           // where it is built
  const char* instead;         // what to set in its place
};

// Its function of that name. It stays loaded until the process ends. Error where it is not there, does not load, or was
// built with another program.
void* function_of(const Plugin& plugin, const char* symbol);

}  // namespace genbid::train
