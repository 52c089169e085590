#include "data/table_plugin.h"

#include <dlfcn.h>

#include "base/error.h"

namespace genbid::data {
namespace {

constexpr const char* kLibrary = "libgenbid_arrow.so";

}  // namespace

TablePlugin& table_plugin(const std::string& wanted_by) {
  // Found along the program's own run path. It stays loaded until the process ends.
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library == nullptr ? nullptr : dlsym(library, kTablePluginSymbol);
  if (symbol == nullptr) {
    throw Error(wanted_by + ": is for the Arrow plugin, which does not load (" + std::string(dlerror()) +
                "); expected it beside the program (scripts/setup.sh --arrow builds it), or CSV files");
  }
  return *reinterpret_cast<TablePluginFunction>(symbol)();
}

}  // namespace genbid::data
