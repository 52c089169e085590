#include <dlfcn.h>
#include <genbid.h>
#include <genbid_click.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "base/temporary_folder.h"
#include "counted_allocations.h"
#include "serve/click_small_bundle.h"
#include "serve/made_up_day.h"
#include "serve/small_bundle.h"

// The shared library as a bidding server finds it, by what readelf and nm say of it.

namespace genbid::test {
namespace {

std::string library() {
  const char* const path = std::getenv("GENBID_SERVE_LIBRARY");
  return path != nullptr ? path : "";
}

std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string text;
  char block[4096];
  while (const size_t count = std::fread(block, 1, sizeof block, pipe)) text.append(block, count);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

// The first group of all matches.
std::set<std::string> found(const std::string& text, const std::string& pattern) {
  std::set<std::string> all;
  const std::regex expression(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match) {
    all.insert((*match)[1]);
  }
  return all;
}

TEST(Library, NeedsTheLibrariesOfCAndCppAlone) {
  const std::string dynamic = output_of("readelf -dW '" + library() + "'");
  const std::set<std::string> allowed = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1"};
  for (const std::string& needed : found(dynamic, R"(\(NEEDED\).*\[(.*)\])")) {
    EXPECT_TRUE(allowed.contains(needed)) << needed;
  }
  EXPECT_EQ(found(dynamic, R"(\(SONAME\).*\[(.*)\])"),
            std::set<std::string>{"libgenbid_serve.so." + std::to_string(GENBID_ABI_VERSION)});
  EXPECT_EQ(found(dynamic, R"(\((RPATH|RUNPATH)\))"), std::set<std::string>{});
}

TEST(Library, ExportsWhatTheHeadersDeclare) {
  const std::string symbols = output_of("nm -D --defined-only '" + library() + "'");
  EXPECT_EQ(found(symbols, R"(\S+ \S (\S+))"),
            found(read_file("include/genbid.h") + read_file("include/genbid_click.h"),
                  R"(GENBID_API [^;(]*?(genbid_\w+)\()"));
}

TEST(Library, IsSmall) {
  const TemporaryFolder folder;
  output_of("strip -o '" + folder.path("stripped") + "' '" + library() + "'");
  EXPECT_LE(std::filesystem::file_size(folder.path("stripped")), 5U << 20U);
}

#ifdef GENBID_COUNTS_ALLOCATIONS
// From the first call of the process on, for a policy without a past, one whose carry is copied and one whose carry
// moves.
TEST(Library, AsksForNoMemoryInActAndPush) {
  void* const handle = ::dlopen(library().c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << ::dlerror();
  const auto function = [&](auto* declared, const char* name) {
    return reinterpret_cast<decltype(declared)>(::dlsym(handle, name));
  };
  const auto act = function(&genbid_act, "genbid_act");
  const auto push = function(&genbid_push, "genbid_push");
  for (const graph::Graph& graph : {small_recurrent(), small_window(), small_perceptron()}) {
    const TemporaryFolder folder;
    write_bundle(graph, folder.path("bundle"));
    genbid_bundle* bundle = nullptr;
    genbid_session* session = nullptr;
    uint64_t id = 0;
    genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
    campaign.budget = 3000.0;
    campaign.cpa_limit = 100.0;
    ASSERT_EQ(function(&genbid_bundle_load, "genbid_bundle_load")(folder.path("bundle").c_str(), &bundle), GENBID_OK);
    ASSERT_EQ(function(&genbid_session_open, "genbid_session_open")(bundle, 3, &session), GENBID_OK);
    ASSERT_EQ(function(&genbid_campaign_open, "genbid_campaign_open")(session, &campaign, &id), GENBID_OK);
    const MadeUpDay day(1);
    std::vector<double> said(2);
    const int64_t before = num_allocations;
    for (int tick = 0; tick < 6; ++tick) {
      const genbid_tick_start start = day.start(tick);
      const genbid_tick_outcome outcome = day.outcome(tick);
      const genbid_status asked = act(session, 1, &id, &start, said.data(), said.size());
      const genbid_status told = push(session, 1, &id, &outcome);
      if (asked != GENBID_OK || told != GENBID_OK) ADD_FAILURE() << tick;
    }
    EXPECT_EQ(num_allocations, before);
    function(&genbid_session_close, "genbid_session_close")(session);
    function(&genbid_bundle_free, "genbid_bundle_free")(bundle);
  }
  const TemporaryFolder folder;
  write_click_bundle(folder.path("bundle"));
  genbid_click_bundle* agents = nullptr;
  genbid_click_session* clicks = nullptr;
  std::vector<uint64_t> ids(60);  // more than a block
  ASSERT_EQ(function(&genbid_click_bundle_load, "genbid_click_bundle_load")(folder.path("bundle").c_str(), &agents),
            GENBID_OK);
  ASSERT_EQ(function(&genbid_click_session_open, "genbid_click_session_open")(agents, 60, &clicks), GENBID_OK);
  for (uint64_t& id : ids) {
    genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;
    campaign.budget = campaign.ppc = 1.0;
    campaign.campaign = 7 + (&id - ids.data()) % 2;
    ASSERT_EQ(function(&genbid_click_campaign_open, "genbid_click_campaign_open")(clicks, &campaign, &id), GENBID_OK);
  }
  const auto ask = function(&genbid_click_ask, "genbid_click_ask");
  const auto tell = function(&genbid_click_push, "genbid_click_push");
  std::vector<genbid_click_bid> bids(ids.size());
  std::vector<genbid_click_outcome> outcomes(ids.size(), genbid_click_outcome GENBID_CLICK_OUTCOME_INIT);
  const int64_t before_clicks = num_allocations;
  for (int32_t slot = 0; slot < kClickSlots; ++slot) {
    for (genbid_click_outcome& one : outcomes) one.slot = slot;
    const genbid_status asked = ask(clicks, ids.size(), ids.data(), bids.data(), bids.size());
    const genbid_status told = tell(clicks, ids.size(), ids.data(), outcomes.data());
    if (asked != GENBID_OK || told != GENBID_OK) ADD_FAILURE() << slot;
  }
  EXPECT_EQ(num_allocations, before_clicks);
  function(&genbid_click_session_close, "genbid_click_session_close")(clicks);
  function(&genbid_click_bundle_free, "genbid_click_bundle_free")(agents);

  ::dlclose(handle);
  const int64_t before = num_allocations;
  std::free(std::malloc(1));  // NOLINT: it counts
  EXPECT_GT(num_allocations, before);
}
#endif

// From nothing to a session. The best of some, because the machine has other work.
TEST(Library, IsLoadedWithABundleInFiftyMilliseconds) {
  const TemporaryFolder folder;
  write_bundle(small_perceptron(256), folder.path("bundle"));
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    void* const handle = ::dlopen(library().c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(handle, nullptr) << ::dlerror();
    const auto function = [&](auto* declared, const char* name) {
      return reinterpret_cast<decltype(declared)>(::dlsym(handle, name));
    };
    genbid_bundle* bundle = nullptr;
    genbid_session* session = nullptr;
    ASSERT_EQ(function(&genbid_bundle_load, "genbid_bundle_load")(folder.path("bundle").c_str(), &bundle), GENBID_OK);
    ASSERT_EQ(function(&genbid_session_open, "genbid_session_open")(bundle, 1, &session), GENBID_OK);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    function(&genbid_session_close, "genbid_session_close")(session);
    function(&genbid_bundle_free, "genbid_bundle_free")(bundle);
    ::dlclose(handle);
  }
  RecordProperty("milliseconds", std::to_string(1e3 * best));
  std::printf("loaded in %.1f ms\n", 1e3 * best);
  EXPECT_LE(best, 0.05);
}

}  // namespace
}  // namespace genbid::test
