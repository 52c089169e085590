#include <gtest/gtest.h>

#include <filesystem>

#include "app/command.h"

namespace genbid {
namespace {

// Every file in configs/ loads as what its `kind` says, and its resolved form reads back to itself.
TEST(Configs, EveryFileLoadsAndItsResolvedFormReadsBack) {
  const Command commands[] = {ingest_command(), simulate_command(), train_command(), evaluate_command()};
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().string());
    const ConfigFile file = ConfigFile::load(entry.path().string());
    bool known = false;
    for (const Command& command : commands) {
      if (file.kind() != command.name) continue;
      known = true;
      const std::string resolved = command.resolve(file);
      EXPECT_EQ(command.resolve(ConfigFile::parse(resolved, "resolved")), resolved);
    }
    EXPECT_TRUE(known) << file.kind();
    ++count;
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace genbid
