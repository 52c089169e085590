#include <memory>
#include <string>
#include <vector>

#include "arrow_plugin/parquet_input.h"
#include "arrow_plugin/parquet_output.h"
#include "arrow_plugin/places.h"
#include "data/table_plugin.h"

// What the library exports: data/table_plugin.h, made of this folder.

namespace genbid::arrow_plugin {
namespace {

class Plugin : public data::TablePlugin {
 public:
  std::unique_ptr<data::TableFile> open(const std::string& place) override { return open_parquet(place); }
  std::vector<data::TableObject> list(const std::string& uri) override { return list_objects(uri); }
  std::string stamp(const std::string& uri) override { return object_stamp(uri); }
  std::unique_ptr<data::TableWriter> create(const std::string& path,
                                            const std::vector<data::TableColumn>& columns) override {
    return create_parquet(path, columns);
  }
};

}  // namespace
}  // namespace genbid::arrow_plugin

extern "C" __attribute__((visibility("default"))) genbid::data::TablePlugin* genbid_table_plugin() {
  static genbid::arrow_plugin::Plugin plugin;
  return &plugin;
}

extern "C" __attribute__((visibility("default"))) const char* genbid_table_plugin_version() {
  return GENBID_TABLE_PLUGIN_VERSION;
}
