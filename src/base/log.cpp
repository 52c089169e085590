#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "base/error.h"

namespace genbid {
namespace {

// The two places lines go to: the one thing in the program that is there once by its nature.
struct Logs {
  std::mutex mutex;
  spdlog::logger terminal{"terminal", std::make_shared<spdlog::sinks::stderr_sink_st>()};
  std::unique_ptr<spdlog::logger> file;

  // A progress line may stand on the terminal: draw over it.
  Logs() { terminal.set_pattern(::isatty(STDERR_FILENO) != 0 ? "\r\033[K%v" : "%v"); }
};

Logs& logs() {
  static Logs instance;
  return instance;
}

void write(spdlog::level::level_enum level, std::string_view prefix, std::string_view line) {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  all.terminal.log(level, "{}{}", prefix, line);
  if (all.file) all.file->log(level, "{}", line);
}

}  // namespace

void log_info(std::string_view line) { write(spdlog::level::info, "", line); }

void log_warning(std::string_view line) { write(spdlog::level::warn, "warning: ", line); }

void log_to_file(const std::string& path) {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
    all.file = std::make_unique<spdlog::logger>("file", std::move(sink));
  } catch (const spdlog::spdlog_ex& error) {
    throw Error(error.what());
  }
  all.file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  all.file->flush_on(spdlog::level::info);
}

void close_log_file() {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  all.file.reset();
}

}  // namespace genbid
