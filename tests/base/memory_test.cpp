#include "base/memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class ControlGroups : public ::testing::Test {
 protected:
  // Version 2.
  void group(const std::string& path, const std::string& limit, const std::string& used, const std::string& of_files) {
    const std::string memory = root_.path() + path + "/memory.";
    write_file(memory + "max", limit + "\n");
    write_file(memory + "current", used + "\n");
    write_file(memory + "stat", "anon 5\ninactive_file " + of_files + "\nactive_file 0\nfile 7\n");
  }
  double left(const std::string& groups) const { return left_of_control_groups(groups, root_.path()); }

  test::TemporaryFolder root_;
};

TEST_F(ControlGroups, TheTightestOfAGroupAndThoseAboveItCounts) {
  EXPECT_EQ(left("0::/\n"), kInfinity);  // the machine's own top has no limit
  group("/slurm/job_7", "1000", "600", "100");
  group("/slurm", "max", "900", "0");
  EXPECT_EQ(left("0::/slurm/job_7/step_0\n"), 500.0);  // a step without a limit of its own
  EXPECT_EQ(left("0::/slurm\n"), kInfinity);
  group("/slurm", "1100", "900", "50");
  EXPECT_EQ(left("0::/slurm/job_7/step_0\n"), 250.0);
  write_file(root_.path() + "/slurm/memory.high", "1000\n");  // from where the kernel takes memory away
  EXPECT_EQ(left("0::/slurm/job_7/step_0\n"), 150.0);
  // In a container the path may be one that only the machine outside can see.
  group("", "300", "290", "0");
  EXPECT_EQ(left("0::/outside/pod_1\n"), 10.0);
  group("", "300", "400", "0");
  EXPECT_EQ(left("0::/\n"), 0.0);
}

TEST_F(ControlGroups, Version1HasAHierarchyForMemory) {
  const std::string memory = root_.path() + "/memory/slurm/memory.";
  write_file(memory + "limit_in_bytes", "2000\n");
  write_file(memory + "usage_in_bytes", "1500\n");
  write_file(memory + "stat", "cache 9\ninactive_file 1\ntotal_inactive_file 150\ntotal_active_file 50\n");
  EXPECT_EQ(left("12:cpu,cpuacct:/slurm\n7:memory:/slurm/job\n1:name=systemd:/slurm\n0::/\n"), 700.0);
  EXPECT_EQ(left("12:cpu,cpuacct:/slurm\nnonsense\n"), kInfinity);
}

TEST(Memory, OfThisMachineIsKnown) {
  EXPECT_GT(available_memory(), 1e7);
  EXPECT_LT(available_memory(), 1e15);
}

}  // namespace
}  // namespace genbid
