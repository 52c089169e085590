#include "train/plugin.h"

#include <dlfcn.h>

#include "base/error.h"

namespace genbid::train {

void* function_of(const Plugin& plugin, const char* symbol) {
  // Found along the program's own run path.
  void* const library = dlopen(plugin.file, RTLD_NOW | RTLD_LOCAL);
  void* const function = library == nullptr ? nullptr : dlsym(library, symbol);
  if (function == nullptr) {
    throw Error(std::string(plugin.found) + ", and its plugin does not load (" + dlerror() +
                "); expected it beside the program (it is built where " + plugin.built + "), or " + plugin.instead);
  }
  void* const version = dlsym(library, plugin.version_symbol);
  const std::string found = version == nullptr ? "none" : reinterpret_cast<const char* (*)()>(version)();
  if (found == plugin.version) return function;
  throw Error(std::string(plugin.found) + ", and its plugin is of version " + found + "; expected " + plugin.version +
              ", which is built with this program");
}

}  // namespace genbid::train
