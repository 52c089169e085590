#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>

#include "ingested.h"
#include "parquet_files.h"
#include "raw_logs.h"

// Files of pandas and pyarrow, and an S3 server, by parquet_peer.py.

namespace genbid::data {
namespace {

using test::expect_same_columns;
using test::ingest_files;
using test::Ingested;
using test::TempFolder;

constexpr int kNoPython = 77;

int run_script(const std::string& mode, const std::string& folder) {
  const std::string command = "bash tests/peer_python.sh tests/data/parquet_peer.py " + mode + " '" + folder + "'";
  const int status = std::system(command.c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return code == kNoPython && std::getenv("GENBID_PEERS") != nullptr ? -1 : code;
}

std::string error_of_file(const TempFolder& folder, const std::string& name) {
  std::string message = test::error_of([&] { ingest_files({folder.file(name)}); });
  return message.substr(folder.file("").size());
}

TEST(ParquetPeer, FilesOfPandasAndPyarrowAreRead) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const int wrote = run_script("write", folder.path());
  if (wrote == kNoPython) GTEST_SKIP() << "no Python with pandas and pyarrow, and none could be installed";
  ASSERT_EQ(wrote, 0);
  const std::string csv = "data/sample/trajectory_data_periods_7_8.csv";
  const Ingested trajectories = ingest_files({csv});
  const Ingested raw = ingest_files({"tests/golden/run_pid_small/log-0-agents-0-17.csv"});
  int num_files = 0;
  for (const std::string& name : folder.names()) {
    if (name[0] == 'x') continue;
    SCOPED_TRACE(name);
    const Ingested got = ingest_files({folder.file(name)}, {}, 3, 50'000);
    const Ingested& expected = name[0] == 't' ? trajectories : raw;
    expect_same_columns(got.columns, expected.columns);
    EXPECT_EQ(got.summary.next_states_checked, expected.summary.next_states_checked);
    EXPECT_EQ(got.summary.next_states_different, 0);
    ++num_files;
  }
  EXPECT_EQ(num_files, 14);
  EXPECT_EQ(error_of_file(folder, "x_dates.parquet").substr(0, 72),
            "x_dates.parquet: column 'deliveryPeriodIndex': found Timestamp(isAdjuste");
  EXPECT_EQ(error_of_file(folder, "x_decimals.parquet"),
            "x_decimals.parquet: column 'budget': found Decimal(precision=21, scale=2), expected numbers");
}

// The library crashes when it writes some of these anew.
TEST(ParquetPeer, DamagedFootersOfPyarrowEndInAnErrorOrInColumns) {
  GENBID_NEEDS_PLUGIN();
  const TempFolder folder;
  const int wrote = run_script("write", folder.path());
  if (wrote == kNoPython) GTEST_SKIP() << "no Python with pandas and pyarrow, and none could be installed";
  ASSERT_EQ(wrote, 0);
  test::open_with_damaged_footers(folder, "x_footer.parquet");
}

TEST(ParquetPeer, ObjectsOfAnS3ServerAreRead) {
  GENBID_NEEDS_PLUGIN();
  GENBID_NEEDS_PROGRAM();
  const TempFolder folder;
  const int wrote = run_script("write", folder.path());
  if (wrote == kNoPython) GTEST_SKIP() << "no Python with pandas, pyarrow and moto, and none could be installed";
  ASSERT_EQ(wrote, 0);
  EXPECT_EQ(run_script("s3", folder.path()), 0);
}

TEST(ParquetPeer, PandasAndPyarrowReadWhatIsWritten) {
  GENBID_NEEDS_PLUGIN();
  GENBID_NEEDS_PROGRAM();
  const TempFolder folder;
  const int read = run_script("read_back", folder.path());
  if (read == kNoPython) GTEST_SKIP() << "no Python with pandas and pyarrow, and none could be installed";
  EXPECT_EQ(read, 0);
}

TEST(ParquetPeer, AnIcebergTableIsReadAsThePageSays) {
  GENBID_NEEDS_PLUGIN();
  GENBID_NEEDS_PROGRAM();
  const TempFolder folder;
  const int read = run_script("iceberg", folder.path());
  if (read == kNoPython) GTEST_SKIP() << "no Python with pyiceberg, and none could be installed";
  EXPECT_EQ(read, 0);
}

// Another file of the plugin's name is found first, as if it was not built.
TEST(ParquetPeer, WithoutThePluginTheErrorSaysHowToGetIt) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "here the run path goes before LD_LIBRARY_PATH (cmake/GenbidOptions.cmake)";
#endif
  GENBID_NEEDS_PROGRAM();
  const std::string program = std::getenv("GENBID_PROGRAM");
  const TempFolder folder;
  folder.write("libgenbid_arrow.so", "");
  const std::string input = folder.write("a.parquet", "PAR1 and so on");
  const std::string command = "LD_LIBRARY_PATH=" + folder.path() + " " + program +
                              " ingest configs/ingest.yaml input=" + input + " output=" + folder.file("s.h5") + " 2>" +
                              folder.file("error.txt");
  const int status = std::system(command.c_str());
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1);
  EXPECT_EQ(
      test::content_of(folder.file("error.txt")),
      "genbid: " + input + ": is for the Arrow plugin, which does not load (" + folder.file("libgenbid_arrow.so") +
          ": file too short); expected it beside the program (scripts/setup.sh --arrow builds it), or CSV files\n");
}

// One that another program left in the place.
TEST(ParquetPeer, APluginOfAnotherVersionIsNotCalled) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "here the run path goes before LD_LIBRARY_PATH (cmake/GenbidOptions.cmake)";
#endif
  GENBID_NEEDS_PROGRAM();
  const std::string program = std::getenv("GENBID_PROGRAM");
  const TempFolder folder;
  const std::string source = folder.write("other.c",
                                          "void* genbid_table_plugin(void) { return (void*)0; }\n"
                                          "const char* genbid_table_plugin_version(void) { return \"0.0.1-abc\"; }\n");
  const std::string library = folder.file("libgenbid_arrow.so");
  ASSERT_EQ(std::system(("cc -shared -fPIC -o '" + library + "' '" + source + "'").c_str()), 0);
  const std::string input = folder.write("a.parquet", "PAR1 and so on");
  const std::string command = "LD_LIBRARY_PATH=" + folder.path() + " " + program +
                              " ingest configs/ingest.yaml input=" + input + " output=" + folder.file("s.h5") + " 2>" +
                              folder.file("error.txt");
  const int status = std::system(command.c_str());
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1);
  const std::string error = test::content_of(folder.file("error.txt"));
  EXPECT_TRUE(error.starts_with("genbid: " + input + ": is for the Arrow plugin: found " + library +
                                " of version 0.0.1-abc, expected "))
      << error;
}

}  // namespace
}  // namespace genbid::data
