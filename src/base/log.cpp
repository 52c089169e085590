#include "base/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/files/raw_file.h"
#include "base/terminal.h"

namespace genbid {
namespace {

// Whole lines at the end of a file. What goes wrong is an Error, of which the logger gives the text to its handler.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(const std::string& path) : file_(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK) {
    file_.require_regular();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    file_.write(std::string_view(line.data(), line.size()));
  }
  void flush_() override {}  // nothing is held back

  RawFile file_;
};

// The two places lines go to: the one thing in the program that is there once by its nature.
struct Logs {
  std::mutex mutex;
  spdlog::logger screen{"terminal", std::make_shared<spdlog::sinks::stderr_sink_st>()};
  std::unique_ptr<spdlog::logger> file;
  std::string file_fault;  // why a line could not be written

  // A progress line may stand on the terminal: draw over it.
  Logs() { screen.set_pattern(terminal::draws_over(STDERR_FILENO) ? "\r\033[K%v" : "%v"); }
};

Logs& logs() {
  static Logs instance;
  return instance;
}

std::string warning_prefix() { return terminal::coloured(terminal::Colour::kYellow, "warning:", STDERR_FILENO) + " "; }

void write(spdlog::level::level_enum level, std::string_view line) {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  const bool warns = level == spdlog::level::warn;
  if (warns || !terminal::quiet()) all.screen.log(level, "{}{}", warns ? warning_prefix() : "", line);
  if (!all.file) return;
  all.file->log(level, "{}", line);
  if (all.file_fault.empty()) return;
  all.screen.warn("{}{}; further lines are not in it", warning_prefix(), all.file_fault);
  all.file_fault.clear();
  all.file.reset();
}

}  // namespace

void log_info(std::string_view line) { write(spdlog::level::info, line); }

void log_warning(std::string_view line) { write(spdlog::level::warn, line); }

void log_to_file(const std::string& path) {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  all.file = std::make_unique<spdlog::logger>("file", std::make_shared<FileSink>(path));
  all.file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  all.file->set_error_handler([&all](const std::string& fault) { all.file_fault = fault; });
}

void close_log_file() {
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  all.file.reset();
}

}  // namespace genbid
