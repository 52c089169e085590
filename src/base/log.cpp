#include "base/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files/appended_file.h"
#include "base/shown.h"
#include "base/terminal.h"

namespace genbid {
namespace {

// Puts lines at the end of a file, or of a new one of its name where somebody has moved or cut it (logrotate). What
// cannot be written is kept for later; why, is thrown as an Error, whose text the logger hands to its error handler.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)), file_(std::make_unique<AppendedFile>(path_)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (file_->was_moved()) file_ = std::make_unique<AppendedFile>(path_);
    file_->write(std::string_view(line.data(), line.size()));
    if (!file_->trouble().empty()) throw Error(file_->trouble());
  }
  void flush_() override {}  // nothing is held back that can be written

  std::string path_;
  std::unique_ptr<AppendedFile> file_;
};

// The two places lines go to: the one thing in the program that is there once by its nature.
struct Logs {
  std::mutex mutex;
  spdlog::logger screen{"terminal", std::make_shared<spdlog::sinks::stderr_sink_st>()};
  std::unique_ptr<spdlog::logger> file;
  std::string file_fault;   // why a line could not be written
  bool fault_told = false;  // once for each such time

  // A progress line may stand on the terminal: draw over it.
  Logs() { screen.set_pattern(terminal::draws_over(STDERR_FILENO) ? "\r\033[K%v" : "%v"); }
};

Logs& logs() {
  static Logs instance;
  return instance;
}

std::string warning_prefix() { return terminal::coloured(terminal::Colour::kYellow, "warning:", STDERR_FILENO) + " "; }

void write(spdlog::level::level_enum level, std::string_view line) {
  const std::string text = printable(line);
  Logs& all = logs();
  const std::lock_guard lock(all.mutex);
  const bool warns = level == spdlog::level::warn;
  if (warns || !terminal::quiet()) all.screen.log(level, "{}{}", warns ? warning_prefix() : "", text);
  if (!all.file) return;
  all.file_fault.clear();
  all.file->log(level, "{}", text);
  if (!all.file_fault.empty() && !all.fault_told) {
    all.screen.warn("{}{}; its lines are kept, and written when they can be", warning_prefix(), all.file_fault);
  }
  all.fault_told = !all.file_fault.empty();
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
