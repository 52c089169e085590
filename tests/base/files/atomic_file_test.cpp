#include "base/files/atomic_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/paths.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using test::TemporaryFolder;
using Names = std::vector<std::string>;

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void put(const std::string& path, const std::string& content) { std::ofstream(path) << content; }

// Runs `act` in a child that kill -9 ends right behind it.
void run_and_kill(const std::function<void()>& act) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    act();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(AtomicFile, IsThereOnceCommitted) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder.path("a/b/store.h5"));
    put(file.temporary(), "new");
    EXPECT_FALSE(std::filesystem::exists(folder.path("a/b/store.h5")));
    file.commit();
  }
  EXPECT_EQ(read_file(folder.path("a/b/store.h5")), "new");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(AtomicFile, LeavesTheOldContentWithoutCommit) {
  const TemporaryFolder folder;
  write_file(folder.path("f"), "old");
  { put(AtomicFile(folder.path("f")).temporary(), "new"); }
  EXPECT_EQ(read_file(folder.path("f")), "old");
  EXPECT_EQ(folder.names(), Names{"f"});
}

TEST(AtomicFile, AKillLeavesTheOldContentAndTheNextWriterCleansUp) {
  const TemporaryFolder folder;
  const std::string path = folder.path("f");
  write_file(path, "old");
  run_and_kill([&] {
    static AtomicFile* file = new AtomicFile(path);
    put(file->temporary(), "half");
  });
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.names().size(), 2U);
  write_file(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(folder.names(), Names{"f"});
}

TEST(AtomicFile, CleansOnlyTemporariesOfItsNameAndOfDeadWriters) {
  const TemporaryFolder folder;
  const std::string own = std::to_string(::getpid());
  const std::string alive = "f.tmp-" + std::to_string(::getppid()) + "-0";
  const Names others = {alive, "f.tmp-x-1", "f.tmp-5", "g.tmp-999999999-0", "f.tmp-999999999-0.txt"};
  for (const std::string& name : others) put(folder.path(name), "");
  put(folder.path("f.tmp-999999999-0"), "");        // beyond the highest process id
  put(folder.path("f.tmp-" + own + "-99999"), "");  // an earlier process had our id
  const AtomicFile first(folder.path("f"));
  const AtomicFile second(folder.path("f"));  // leaves the first one's temporary
  Names expected = others;
  for (const AtomicFile* file : {&first, &second}) {
    expected.push_back(std::filesystem::path(file->temporary()).filename().string());
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(folder.names(), expected);
}

// A process that has ended keeps its number until somebody waits for it, which an orphan's new parent may do late.
TEST(AtomicFile, AWriterThatHasEndedIsDeadBeforeItIsWaitedFor) {
  const TemporaryFolder folder;
  const pid_t writer = ::fork();
  if (writer == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(writer), &ended, WEXITED | WNOWAIT), 0);  // it stays a zombie
  put(folder.path("f.tmp-" + std::to_string(writer) + "-0"), "");
  write_file(folder.path("f"), "new");
  EXPECT_EQ(folder.names(), Names{"f"});
  ::waitpid(writer, nullptr, 0);
}

TEST(AtomicFile, NamesThePathAndTheReason) {
  const TemporaryFolder folder;
  const std::string path = folder.path("f");
  put(path, "");
  EXPECT_EQ(error_of([&] { AtomicFile file(folder.path()); }), folder.path() + ": found a folder, expected a file");
  EXPECT_EQ(error_of([&] { AtomicFile file("/dev/null"); }), "/dev/null: found a device or pipe, expected a file");
  EXPECT_EQ(error_of([&] { AtomicFile file(""); }), "found an empty path, expected a file name");
  EXPECT_EQ(error_of([&] { AtomicFile file(path + "/x"); }), path + ": cannot create the folder: Not a directory");
  EXPECT_EQ(error_of([&] { read_file(path + "-no"); }), path + "-no: cannot open: No such file or directory");
}

TEST(AtomicFile, NamesAFolderItMayNotWriteTo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const std::string error = error_of([&] { AtomicFile file(folder.path("f")); });
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  EXPECT_TRUE(error.ends_with("cannot create: Permission denied")) << error;
}

TEST(AtomicFile, AWriteThatFailsIsAnErrorAndLeavesTheOldContent) {
  const TemporaryFolder folder;
  const std::string path = folder.path("f");
  write_file(path, "old");
  const pid_t child = ::fork();
  if (child == 0) {
    // Stands for a full disk.
    const rlimit limit = {1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const std::string error = error_of([&] { write_file(path, std::string(2000, 'x')); });
    ::_exit(error.ends_with(": cannot write: File too large") ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.names(), Names{"f"});
}

TEST(AtomicFile, FollowsLinksAndKeepsThem) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("big"));
  put(folder.path("big/s"), "old");
  std::filesystem::create_symlink("big/s", folder.path("near"));
  std::filesystem::create_symlink(folder.path("near"), folder.path("far"));
  std::filesystem::create_symlink("big/none", folder.path("dangling"));
  {
    AtomicFile file(folder.path("far"));
    EXPECT_TRUE(file.temporary().starts_with(folder.path("big/s.tmp-"))) << file.temporary();
    put(file.temporary(), "new");
    EXPECT_EQ(read_file(folder.path("big/s")), "old");
    file.commit();
  }
  EXPECT_EQ(read_file(folder.path("big/s")), "new");
  write_file(folder.path("dangling"), "first");
  EXPECT_EQ(read_file(folder.path("big/none")), "first");
  for (const char* name : {"near", "far", "dangling"}) {
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path(name))) << name;
  }
  EXPECT_FALSE(std::filesystem::is_symlink(folder.path("big/s")));
  EXPECT_EQ(folder.names(), (Names{"big", "dangling", "far", "near"}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("big")), {}), 2);  // no temporary
}

TEST(AtomicFile, WritesInFoldersThatAreLinks) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("big"));
  std::filesystem::create_directory_symlink("big", folder.path("runs"));
  write_file(folder.path("runs/deep/f"), "new");
  EXPECT_EQ(read_file(folder.path("big/deep/f")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("runs")));
}

TEST(AtomicFile, ALinkThatLeadsToNoFileIsAnErrorAndStays) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe", folder.path("to-pipe"));
  std::filesystem::create_symlink("/dev/null", folder.path("to-device"));
  std::filesystem::create_symlink("circle", folder.path("circle"));
  std::filesystem::create_symlink("away/s", folder.path("to-away"));
  const auto error_at = [&](const std::string& name) {
    const std::string path = folder.path(name);
    const std::string error = error_of([&] { AtomicFile file(path); });
    EXPECT_TRUE(std::filesystem::is_symlink(path)) << name;
    EXPECT_TRUE(error.starts_with(path)) << error;
    return error.substr(path.size());
  };
  EXPECT_EQ(error_at("to-pipe"), ": found a device or pipe, expected a file");
  EXPECT_EQ(error_at("to-device"), ": found a device or pipe, expected a file");
  EXPECT_EQ(error_at("circle"), ": found links that lead in a circle, expected a file or nothing");
  EXPECT_EQ(error_at("to-away"), ": found a link to " + folder.path("away/s") +
                                     ", whose folder is not there; expected a folder that is there");
}

TEST(SamePlace, HoweverItIsWritten) {
  const TemporaryFolder folder;
  put(folder.path("f"), "");
  std::filesystem::create_hard_link(folder.path("f"), folder.path("hard"));
  std::filesystem::create_symlink("f", folder.path("link"));
  std::filesystem::create_symlink("none", folder.path("dangling"));
  std::filesystem::create_directory_symlink(folder.path(), folder.path("here"));
  EXPECT_TRUE(is_same_place(folder.path("f"), folder.path("hard")));
  EXPECT_TRUE(is_same_place(folder.path("f"), folder.path("link")));
  EXPECT_TRUE(is_same_place(folder.path("none"), folder.path("dangling")));
  EXPECT_TRUE(is_same_place(folder.path("none"), folder.path("here/./none")));
  EXPECT_FALSE(is_same_place(folder.path("none"), folder.path("f")));
  // Nothing is there yet, and one of them has no part that is.
  EXPECT_TRUE(is_same_place("genbid-no-such-file", "./genbid-no-such-file"));
  EXPECT_TRUE(is_same_place("genbid-no-such-file", std::filesystem::absolute("genbid-no-such-file").string()));
  EXPECT_FALSE(is_same_place("genbid-no-such-file", "genbid-no-other-file"));
}

TEST(AtomicFolder, FollowsALinkAndKeepsIt) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("big"));
  for (const char* name : {"a", "none"}) {
    if (name == std::string("a")) std::filesystem::create_directory(folder.path("big/a"));
    const std::string link = folder.path(std::string("link-") + name);
    std::filesystem::create_directory_symlink(std::string("big/") + name, link);
    AtomicFolder out(link);
    put(out.temporary() + "/f", "new");
    out.commit();
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(read_file(folder.path("big/") + name + "/f"), "new");
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("big")), {}), 2);
}

TEST(AtomicFolder, ReplacesTheOldFolderAsAWhole) {
  const TemporaryFolder folder;
  const std::string path = folder.path("step-1");
  for (const char* name : {"old", "new"}) {
    AtomicFolder checkpoint(path + "/");
    std::filesystem::create_directories(checkpoint.temporary() + "/deep");
    put(checkpoint.temporary() + "/deep/" + name, name);
    checkpoint.commit();
  }
  EXPECT_EQ(folder.names(), Names{"step-1"});
  EXPECT_EQ(read_file(path + "/deep/new"), "new");
  EXPECT_FALSE(std::filesystem::exists(path + "/deep/old"));
}

TEST(AtomicFolder, AKillLeavesTheOldFolderAndTheNextWriterCleansUp) {
  const TemporaryFolder folder;
  const std::string path = folder.path("step-1");
  std::filesystem::create_directories(path);
  put(path + "/model", "old");
  run_and_kill([&] {
    static AtomicFolder* checkpoint = new AtomicFolder(path);
    put(checkpoint->temporary() + "/model", "half");
  });
  EXPECT_EQ(read_file(path + "/model"), "old");
  EXPECT_EQ(folder.names().size(), 2U);
  { const AtomicFolder next(path); }
  EXPECT_EQ(folder.names(), Names{"step-1"});
}

// As on file systems that cannot exchange two entries.
TEST(AtomicFolder, AKillBetweenOldAndNewLosesNeither) {
  for (const bool by_its_name : {true, false}) {
    const TemporaryFolder folder;
    const std::string path = folder.path("step-1");
    std::filesystem::create_directories(path);
    put(path + "/model", "old");
    run_and_kill([&] {
      static AtomicFolder* checkpoint = new AtomicFolder(path);
      put(checkpoint->temporary() + "/model", "new");
      move_aside(path);
    });
    EXPECT_FALSE(std::filesystem::exists(path));
    if (by_its_name) {
      const AtomicFolder next(path);
    } else {
      remove_leftovers(folder.path());
    }
    EXPECT_EQ(read_file(path + "/model"), "old");
    EXPECT_EQ(folder.names(), Names{"step-1"});
  }
}

TEST(AtomicFolder, AKillBehindOldAndNewLeavesTheNew) {
  const TemporaryFolder folder;
  const std::string path = folder.path("step-1");
  std::filesystem::create_directories(path);
  put(path + "/model", "old");
  run_and_kill([&] {
    static AtomicFolder* checkpoint = new AtomicFolder(path);
    put(checkpoint->temporary() + "/model", "new");
    move_aside(path);
    checkpoint->commit();
  });
  EXPECT_EQ(folder.names().size(), 2U);
  remove_leftovers(folder.path());
  EXPECT_EQ(read_file(path + "/model"), "new");
  EXPECT_EQ(folder.names(), Names{"step-1"});
}

TEST(AtomicFolder, MovesIntoAFolderAndLeavesTheRestOfIt) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("run/logs"));
  for (const char* name : {"run/table", "run/notes", "run/logs/old"}) put(folder.path(name), "old");
  AtomicFolder outputs(folder.path("run/outputs"));
  std::filesystem::create_directories(outputs.temporary() + "/logs");
  for (const char* name : {"/table", "/more", "/logs/new"}) put(outputs.temporary() + name, "new");
  outputs.commit_into(folder.path("run"));
  EXPECT_EQ(read_file(folder.path("run/table")), "new");
  EXPECT_EQ(read_file(folder.path("run/more")), "new");
  EXPECT_EQ(read_file(folder.path("run/notes")), "old");
  EXPECT_EQ(read_file(folder.path("run/logs/new")), "new");
  EXPECT_FALSE(std::filesystem::exists(folder.path("run/logs/old")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("run")), {}), 4);  // no temporary
}

TEST(AtomicFolder, MovedIntoAnotherEveryEntryIsOldOrNewAtEveryMoment) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("run"));
  for (const char* name : {"a", "b", "c", "d"}) put(folder.path("run/") + name, "0");
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 1;; ++i) {
        AtomicFolder outputs(folder.path("run"));
        for (const char* name : {"a", "b", "c", "d"}) put(outputs.temporary() + "/" + name, std::to_string(i));
        outputs.commit_into(folder.path("run"));
      }
    }
    // While it commits again and again nothing is ever missing; and so it is when it is killed.
    for (int i = 0; i < 2000; ++i) {
      for (const char* name : {"a", "b", "c", "d"}) EXPECT_FALSE(read_file(folder.path("run/") + name).empty());
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (const char* name : {"a", "b", "c", "d"}) EXPECT_FALSE(read_file(folder.path("run/") + name).empty());
  }
}

TEST(RequireRegularFile, NamesWhatElseItFound) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0644), 0);
  put(folder.path("file"), "");
  require_regular_file(folder.path("file"));
  require_regular_file(folder.path("not there"));  // for whoever opens it
  const std::string expected = ", expected a file (which can be read more than once)";
  EXPECT_EQ(error_of([&] { require_regular_file(folder.path("pipe")); }),
            folder.path("pipe") + ": found a pipe" + expected);
  EXPECT_EQ(error_of([&] { file_content_hash(folder.path("pipe")); }),
            folder.path("pipe") + ": found a pipe" + expected);
  EXPECT_EQ(error_of([&] { require_regular_file(folder.path()); }), folder.path() + ": found a folder" + expected);
  EXPECT_EQ(error_of([&] { require_regular_file("/dev/null"); }), "/dev/null: found a device" + expected);
}

TEST(AtomicFolder, DoesNotReplaceAFile) {
  const TemporaryFolder folder;
  put(folder.path("f"), "");
  EXPECT_EQ(error_of([&] { AtomicFolder checkpoint(folder.path("f")); }),
            folder.path("f") + ": found a file, expected a folder");
}

TEST(AbandonTemporaries, LeavesNoFolderThatThreadsStillWriteInto) {
  const TemporaryFolder folder;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      const AtomicFolder out(folder.path("out"));
      std::atomic<int> made = 0;
      for (int writer = 0; writer < 4; ++writer) {
        std::thread([&, writer] {
          for (int i = 0;; ++i) {
            std::ofstream(out.temporary() + "/" + std::to_string(writer) + "-" + std::to_string(i)) << "x";
            ++made;
          }
        }).detach();
      }
      while (made < 100) std::this_thread::yield();
      abandon_temporaries();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    ASSERT_EQ(folder.names(), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace genbid
