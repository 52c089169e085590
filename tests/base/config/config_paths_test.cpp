#include "base/config/config_paths.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/config/any_config.h"

namespace genbid {
namespace {

struct Item {
  std::string name = "no path";
  std::string file;

  void fields(ConfigVisitor& v) {
    v.field("name", name);
    v.path("file", file);
  }
};

struct Whole {
  std::vector<std::string> inputs = {"a.csv", "b.csv"};
  Item item{"one", "c.csv"};
  std::vector<Item> items = {{"two", "d.csv"}, {"three", "e.csv"}};

  void fields(ConfigVisitor& v) {
    v.path("inputs", inputs);
    v.section("item", item);
    v.list("items", items, "name");
  }
};

TEST(ConfigPaths, AreFoundByTheirKeysAndMayBeChanged) {
  Whole config;
  std::string found;
  for_each_path(config, [&](const std::string& key, std::string& path) {
    found += key + "=" + path + "\n";
    path = "new/" + path;
  });
  EXPECT_EQ(found, "inputs[0]=a.csv\ninputs[1]=b.csv\nitem.file=c.csv\nitems[0].file=d.csv\nitems[1].file=e.csv\n");
  EXPECT_EQ(config.items[1].file, "new/e.csv");
  EXPECT_EQ(config.items[1].name, "three");
  EXPECT_EQ(config.inputs[0], "new/a.csv");
}

TEST(AnyConfig, IsAValueThatReadsAndPrintsAsItsStructDoes) {
  const AnyConfig first(Item{"one", "a.csv"});
  AnyConfig second = first;
  ConfigFile::parse("file: b.csv", "c.yaml").read(second);
  EXPECT_EQ(print_config(first, ""), "name: one\nfile: a.csv\n");
  EXPECT_EQ(print_config(second, ""), "name: one\nfile: b.csv\n");
  ASSERT_NE(second.get_if<Item>(), nullptr);
  EXPECT_EQ(second.get_if<Item>()->file, "b.csv");
  EXPECT_EQ(second.get_if<Whole>(), nullptr);
}

}  // namespace
}  // namespace genbid
