#include "base/metrics.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/files/appended_file.h"
#include "base/files/atomic_file.h"
#include "base/config/config.h"
#include "base/error.h"
#include "base/files/raw_file.h"
#include "base/shown.h"

namespace genbid {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_step(const nlohmann::json& value) {
  // Larger ones would turn negative.
  return value.is_number_unsigned() && value.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
}

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
    if (!values.is_object() || !values.contains("step") || !is_step(values["step"])) {
      throw Error(path + ":" + std::to_string(number) + ": found '" + shown(line) +
                  "', expected a JSON object with a step");
    }
    if (values["step"].get<int64_t>() <= last_step) kept += line + "\n";
  }
}

}  // namespace

struct MetricsWriter::State {
  explicit State(const std::string& path) : file(path) {}
  AppendedFile file;
};

MetricsWriter::MetricsWriter(const std::string& path, int64_t last_step) {
  std::error_code ignored;  // what cannot be looked at cannot be opened either
  if (std::filesystem::status(path, ignored).type() != std::filesystem::file_type::not_found) {
    RawFile(path, O_RDONLY | O_NONBLOCK).require_regular();
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

void MetricsWriter::retry() { state_->file.retry(); }
const std::string& MetricsWriter::trouble() const { return state_->file.trouble(); }

}  // namespace genbid
