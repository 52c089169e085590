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
  void* const version = dlsym(library, kTablePluginVersionSymbol);
  const std::string found = version == nullptr ? "" : reinterpret_cast<TablePluginVersion>(version)();
  if (found != GENBID_TABLE_PLUGIN_VERSION) {
    Dl_info about{};
    const bool known = dladdr(symbol, &about) != 0 && about.dli_fname != nullptr;
    throw Error(wanted_by + ": is for the Arrow plugin: found " + (known ? about.dli_fname : kLibrary) +
                " of version " + (found.empty() ? "unknown" : found) + ", expected " + GENBID_TABLE_PLUGIN_VERSION +
                ", which is built with this program");
  }
  return *reinterpret_cast<TablePluginFunction>(symbol)();
}

}  // namespace genbid::data
