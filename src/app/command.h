#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/config/config.h"

namespace genbid::app {

// How a verb says what came of it, on standard output: lines and tables for people, or one JSON document.
enum class Form { kText, kJson };

// One verb of the program: genbid VERB CONFIG.yaml [section.key=value ...]
struct Command {
  std::string_view name;
  std::string_view summary;                   // one line for `genbid --help`
  std::string_view help;                      // what it reads and writes, an example
  int (*run)(const ConfigFile& file, Form);   // exit status; throws Error
  std::string (*resolve)(const ConfigFile&);  // the resolved config, for `genbid config`
  // A key that the first argument may stand for in place of a config file: `genbid export RUN` is one that says
  // `checkpoint: RUN`. Empty: it may not.
  std::string_view argument_key = {};
};

Command ingest_command();
Command simulate_command();
Command train_command();
Command evaluate_command();
Command ablate_command();
Command relabel_command();
Command export_command();

// genbid act BUNDLE: campaigns bid by lines of JSON, from standard input to standard output. Exit status; throws Error.
int act(const std::string& bundle, int64_t max_campaigns);
const char* act_help();

// genbid inspect PATH: what a file or folder of this program is, on one screen; of a bundle its operators too if asked.
int inspect(const std::string& path, bool operators, Form form);
const char* inspect_help();

// genbid report PATH [--output FILE]: no config, so no Command. Exit status; throws Error.
int report(const std::string& path, const std::string& output);
const char* report_help();

}  // namespace genbid::app
