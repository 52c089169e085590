#include "base/metrics.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/config.h"
#include "base/error.h"
#include "base/raw_file.h"

namespace genbid {
namespace {

// The lines of `text` up to `last_step`, without a cut last line.
std::string kept_lines(const std::string& path, const std::string& text, int64_t last_step) {
  std::string kept;
  size_t begin = 0;
  for (int64_t number = 1;; ++number) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) return kept;
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const nlohmann::json values = nlohmann::json::parse(line, nullptr, false);
    const bool good = values.is_object() && values.contains("step") && values["step"].is_number_integer();
    if (!good) {
      throw Error(path + ":" + std::to_string(number) + ": found '" + line.substr(0, 100) +
                  "', expected a JSON object with a step");
    }
    if (values["step"].get<int64_t>() <= last_step) kept += line + "\n";
  }
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

struct MetricsWriter::State {
  explicit State(const std::string& path) : file(path, O_WRONLY | O_CREAT | O_APPEND) {}
  RawFile file;
};

MetricsWriter::MetricsWriter(const std::string& path, int64_t last_step) {
  if (std::filesystem::exists(path)) {
    const std::string text = last_step < 0 ? std::string() : read_file(path);
    const std::string kept = kept_lines(path, text, last_step);
    if (last_step < 0 || kept.size() != text.size()) write_file(path, kept);
  }
  state_ = std::make_unique<State>(path);
}

MetricsWriter::~MetricsWriter() = default;

void MetricsWriter::write(int64_t step, const MetricValues& values) {
  std::string line = "{\"step\": " + std::to_string(step);
  for (const auto& [name, value] : values) {
    line += ", " + quoted(name) + ": " + (std::isfinite(value) ? shortest(value) : "null");
  }
  state_->file.write(line + "}\n");
}

}  // namespace genbid
