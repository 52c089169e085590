#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "app/command.h"
#include "runs/program.h"
#include "base/error.h"
#include "base/files/file_message.h"
#include "base/log.h"
#include "base/config/config_json.h"
#include "base/config/home_path.h"
#include "base/shown.h"
#include "base/stop_signal.h"
#include "base/terminal.h"

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

constexpr const char* kDescription =
    "genbid trains generative bidding policies on logged ad auctions and judges them in an auction market.\n"
    "  genbid VERB CONFIG.yaml [section.key=value ...] [--quiet] [--json]";

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
  bool quiet = false;
  bool json = false;

  genbid::app::Form form() const { return json ? genbid::app::Form::kJson : genbid::app::Form::kText; }
};

// For the program and for each verb: they may stand in any place.
void add_flags(CLI::App& app, Arguments& arguments) {
  app.add_flag("-q,--quiet", arguments.quiet, "no progress, no information: only warnings, errors and the result");
  app.add_flag("--json", arguments.json, "the result as one JSON document, alone on standard output");
}

CLI::App* add_verb(CLI::App& app, const std::string& name, const std::string& summary, const std::string& help,
                   Arguments& arguments, std::string_view argument_key = {}) {
  CLI::App* verb = app.add_subcommand(name, summary);
  verb->footer(help);
  std::string label = argument_key.empty() ? "CONFIG" : std::string(argument_key);
  std::transform(label.begin(), label.end(), label.begin(), [](unsigned char c) { return std::toupper(c); });
  verb->add_option(label, arguments.config,
                   argument_key.empty() ? "config file (YAML)"
                                        : "what `" + std::string(argument_key) + "` would say, or a config file (YAML)")
      ->required();
  verb->add_option("OVERRIDES", arguments.overrides, "section.key=value, laid over the file");
  add_flags(*verb, arguments);
  return verb;
}

int print_config(std::span<const genbid::app::Command> commands, const Arguments& arguments) {
  const auto file = genbid::ConfigFile::load(arguments.config, arguments.overrides);
  std::string kinds;
  for (const genbid::app::Command& command : commands) {
    if (file.kind() == command.name) {
      const std::string yaml = command.resolve(file);
      std::fputs((arguments.json ? genbid::config_json(yaml) : yaml).c_str(), stdout);
      return kDone;
    }
    kinds += (kinds.empty() ? "" : ", ") + std::string(command.name);
  }
  throw genbid::ConfigError(arguments.config + ": key 'kind': found '" + genbid::shown(file.kind()) +
                            "', expected one of " + kinds);
}

// The config of a verb: a file, or what its first argument says by itself (Command::argument_key).
genbid::ConfigFile config_of(const genbid::app::Command& command, const Arguments& arguments) {
  if (command.argument_key.empty() || arguments.config.ends_with(".yaml") || arguments.config.ends_with(".yml")) {
    return genbid::ConfigFile::load(arguments.config, arguments.overrides);
  }
  std::vector<std::string> overrides = {std::string(command.argument_key) + "=" + arguments.config};
  overrides.insert(overrides.end(), arguments.overrides.begin(), arguments.overrides.end());
  return genbid::ConfigFile::parse("kind: " + std::string(command.name) + "\n", "genbid " + std::string(command.name),
                                   overrides);
}

int run_verb(const genbid::app::Command& command, const Arguments& arguments) {
  genbid::stop_signal::install();
  genbid::stop_signal::watch();
  const auto file = config_of(command, arguments);
  if (file.kind() != command.name) {
    throw genbid::ConfigError(arguments.config + ": key 'kind': found '" + genbid::shown(file.kind()) +
                              "', expected '" + std::string(command.name) + "'");
  }
  return command.run(file, arguments.form());
}

int failed(const std::string& why, int status = kFailed) {
  genbid::stop_signal::wait_if_ending();  // what it broke is no news
  const std::string name = genbid::terminal::coloured(genbid::terminal::Colour::kRed, "genbid:", STDERR_FILENO);
  std::fprintf(stderr, "%s %s\n", name.c_str(), genbid::printable(why).c_str());
  return status;
}

const std::string kOutOfMemory =
    "out of memory; expected more of it, or less to hold at once: fewer impressions, seats or threads, a smaller batch "
    "or model";

// The exit status of `run`. Every exception ends here, in one line.
int reported(const std::function<int()>& run) {
  try {
    const int status = run();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return failed(std::string("standard output: cannot write: ") + std::strerror(errno));
    }
    return status;
  } catch (const genbid::ConfigError& e) {
    return failed(e.what(), kWrongUse);
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    return failed(what.find("allocate memory") == std::string::npos ? what : kOutOfMemory + " (" + what + ")");
  } catch (const std::bad_alloc&) {
    return failed(kOutOfMemory);
  } catch (const std::length_error&) {  // of a container asked for more than there can be
    return failed(kOutOfMemory);
  } catch (const std::exception& e) {
    return failed(genbid::message_of(e));
  } catch (...) {
    return failed("found an error of an unknown kind");
  }
}

// Who starts the program may have closed them (`>&-`); the next file that is opened would be standard output. Their
// numbers are taken so that their use fails as before.
void open_standard_files() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest number that is free is this one, as those below it are open.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) ::_exit(kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_files();
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of who writes it
  const std::array commands = {genbid::app::ingest_command(), genbid::app::simulate_command(),
                               genbid::app::train_command(),  genbid::app::evaluate_command(),
                               genbid::app::ablate_command(), genbid::app::relabel_command(),
                               genbid::app::export_command()};
  CLI::App app(kDescription, "genbid");
  app.require_subcommand(1);
  app.set_version_flag("--version", genbid::runs::program_name());
  Arguments arguments;
  add_flags(app, arguments);
  std::vector<CLI::App*> verbs;
  for (const genbid::app::Command& command : commands) {
    verbs.push_back(add_verb(app, std::string(command.name), std::string(command.summary), std::string(command.help),
                             arguments, command.argument_key));
  }
  const CLI::App* config_verb = add_verb(app, "config", "print a config as it is resolved, defaults included",
                                         "  genbid config configs/ingest.yaml", arguments);

  std::string report_path;
  std::string report_output;
  CLI::App* report_verb =
      app.add_subcommand("report", "show a training, an evaluation or an experiment as a page (HTML)");
  report_verb->footer(genbid::app::report_help());
  report_verb->add_option("PATH", report_path, "folder of a training, an evaluation or an experiment")->required();
  report_verb->add_option("--output", report_output, "the page, default PATH/report.html");

  std::string act_bundle;
  int64_t act_campaigns = 1000;
  CLI::App* act_verb = app.add_subcommand("act", "let campaigns bid by a bundle, by lines of JSON");
  act_verb->footer(genbid::app::act_help());
  act_verb->add_option("BUNDLE", act_bundle, "folder of a bundle (genbid export)")->required();
  add_flags(*act_verb, arguments);
  act_verb->add_option("--campaigns", act_campaigns, "how many may be open at once, default 1000")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}));

  std::string inspect_path;
  bool inspect_operators = false;
  CLI::App* inspect_verb = app.add_subcommand("inspect", "say what a bundle, checkpoint, run or store is");
  inspect_verb->footer(genbid::app::inspect_help());
  inspect_verb->add_option("PATH", inspect_path, "a bundle, a checkpoint, a run folder, or a store (HDF5)")->required();
  inspect_verb->add_flag("--operators", inspect_operators, "list a bundle's operators, one a line");
  add_flags(*inspect_verb, arguments);

  std::string bench_prefix;
  genbid::bench::Setting bench_setting;
  CLI::App* bench_verb = app.add_subcommand("bench", "time the parts of the program on this machine");
  bench_verb->footer(genbid::bench::bench_help());
  bench_verb->add_option("PREFIX", bench_prefix, "which benchmarks")->required();
  bench_verb->add_option("--threads", bench_setting.threads, "threads of LibTorch, default 1")
      ->check(CLI::Range(1, 1024));
  bench_verb->add_option("--device", bench_setting.device, "cpu, cuda or cuda:N: where step.MODEL run, default cpu");
  bench_verb->add_flag("--small", bench_setting.small, "step.MODEL on few and small steps: to see that it works");
  add_flags(*bench_verb, arguments);

  // Libraries look for their parts from there, and end the process where they cannot.
  std::error_code no_folder;
  (void)std::filesystem::current_path(no_folder);
  if (no_folder) return failed("the working folder: found none (it was removed), expected one that is there");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kWrongUse;
  }

  genbid::terminal::set_quiet(arguments.quiet);
  const int status = reported([&] {
    for (std::string* path : {&arguments.config, &report_path, &report_output, &act_bundle, &inspect_path}) {
      *path = genbid::expand_home(*path, "the command line");
    }
    if (bench_verb->parsed()) return genbid::bench::run_benchmarks(bench_prefix, bench_setting, arguments.json);
    if (report_verb->parsed()) {
      genbid::stop_signal::install();
      genbid::stop_signal::watch();
      return genbid::app::report(report_path, report_output);
    }
    if (act_verb->parsed()) return genbid::app::act(act_bundle, act_campaigns);
    if (inspect_verb->parsed()) return genbid::app::inspect(inspect_path, inspect_operators, arguments.form());
    if (config_verb->parsed()) return print_config(commands, arguments);
    for (size_t i = 0; i < commands.size(); ++i) {
      if (verbs[i]->parsed()) return run_verb(commands[i], arguments);
    }
    return kWrongUse;
  });
  genbid::stop_signal::wait_if_ending();
  return status;
}
