#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "app/bench.h"
#include "app/command.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop_signal.h"

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

constexpr const char* kDescription =
    "genbid trains generative bidding policies on logged ad auctions and judges them in an auction market.\n"
    "  genbid VERB CONFIG.yaml [section.key=value ...]";

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
};

CLI::App* add_verb(CLI::App& app, const std::string& name, const std::string& summary, const std::string& help,
                   Arguments& arguments) {
  CLI::App* verb = app.add_subcommand(name, summary);
  verb->footer(help);
  verb->add_option("CONFIG", arguments.config, "config file (YAML)")->required();
  verb->add_option("OVERRIDES", arguments.overrides, "section.key=value, laid over the file");
  return verb;
}

int print_config(const std::array<genbid::Command, 4>& commands, const Arguments& arguments) {
  const auto file = genbid::ConfigFile::load(arguments.config, arguments.overrides);
  std::string kinds;
  for (const genbid::Command& command : commands) {
    if (file.kind() == command.name) {
      std::fputs(command.resolve(file).c_str(), stdout);
      return kDone;
    }
    kinds += (kinds.empty() ? "" : ", ") + std::string(command.name);
  }
  throw genbid::ConfigError(arguments.config + ": key 'kind': found '" + file.kind() + "', expected one of " + kinds);
}

int run_verb(const genbid::Command& command, const Arguments& arguments) {
  const auto file = genbid::ConfigFile::load(arguments.config, arguments.overrides);
  if (file.kind() != command.name) {
    throw genbid::ConfigError(arguments.config + ": key 'kind': found '" + file.kind() + "', expected '" +
                              std::string(command.name) + "'");
  }
  genbid::stop_signal::install();
  return command.run(file);
}

}  // namespace

int main(int argc, char** argv) {
  const std::array<genbid::Command, 4> commands = {genbid::ingest_command(), genbid::simulate_command(),
                                                   genbid::train_command(), genbid::evaluate_command()};
  CLI::App app(kDescription, "genbid");
  app.require_subcommand(1);
  app.set_version_flag("--version", "genbid " GENBID_VERSION);
  Arguments arguments;
  std::vector<CLI::App*> verbs;
  for (const genbid::Command& command : commands) {
    verbs.push_back(
        add_verb(app, std::string(command.name), std::string(command.summary), std::string(command.help), arguments));
  }
  const CLI::App* config_verb = add_verb(app, "config", "print a config as it is resolved, defaults included",
                                         "  genbid config configs/ingest.yaml", arguments);

  std::string bench_prefix;
  int bench_threads = 1;
  CLI::App* bench_verb = app.add_subcommand("bench", "time the parts of the program on this machine");
  bench_verb->footer(genbid::bench_help());
  bench_verb->add_option("PREFIX", bench_prefix, "which benchmarks")->required();
  bench_verb->add_option("--threads", bench_threads, "threads of LibTorch, default 1")->check(CLI::Range(1, 1024));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kWrongUse;
  }

  try {
    if (bench_verb->parsed()) return genbid::run_benchmarks(bench_prefix, bench_threads);
    if (config_verb->parsed()) return print_config(commands, arguments);
    for (size_t i = 0; i < commands.size(); ++i) {
      if (verbs[i]->parsed()) return run_verb(commands[i], arguments);
    }
  } catch (const genbid::ConfigError& e) {
    std::fprintf(stderr, "genbid: %s\n", e.what());
    return kWrongUse;
  } catch (const c10::Error& e) {
    std::fprintf(stderr, "genbid: %s\n", e.what_without_backtrace());
    return kFailed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "genbid: %s\n", e.what());
    return kFailed;
  }
  return kWrongUse;
}
