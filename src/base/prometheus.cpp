#include "base/prometheus.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/config/config.h"
#include "base/files/atomic_file.h"

namespace genbid {
namespace {

using Json = nlohmann::json;

std::string valid_utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return shortest(value);
}

// Of a metric's name only these may be in Prometheus' names.
std::string name_of(std::string_view text) {
  std::string name(text);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'); },
      '_');
  return name;
}

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "held_out/loss/period_8" -> genbid_held_out_loss and its labels.
std::pair<std::string, std::string> family_of(const std::string& metric, std::string labels) {
  constexpr std::string_view kPeriod = "period_";
  std::vector<std::string> parts = parts_of(metric);
  std::string period;
  if (parts.size() > 2 && parts.back().starts_with(kPeriod)) {
    period = "," + prometheus_label("period", parts.back().substr(kPeriod.size()));
    parts.pop_back();
  }
  std::string family = "genbid";
  std::string rest;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i < 2) {
      family += "_" + name_of(parts[i]);
    } else {
      rest += (rest.empty() ? "" : "/") + parts[i];
    }
  }
  if (!rest.empty()) {
    family += "_part";
    labels += "," + prometheus_label("part", rest);
  }
  return {family, labels + period};
}

}  // namespace

std::string prometheus_label(const std::string& name, const std::string& value) {
  std::string text = name + "=\"";
  for (const char c : valid_utf8(value)) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string prometheus_text(const std::map<std::string, PrometheusSamples>& families) {
  std::string text;
  for (const auto& [family, samples] : families) {
    text += "# TYPE " + family + " gauge\n";
    for (const auto& [labels, value] : samples) text += family + "{" + labels + "} " + number(value) + "\n";
  }
  return text;
}

PrometheusFile::PrometheusFile(std::string path, std::string run) : path_(std::move(path)), run_(std::move(run)) {
  const AtomicFile place(path_);
}

std::string PrometheusFile::text(int64_t step, bool running) const {
  const std::string run = prometheus_label("run", run_);
  std::map<std::string, PrometheusSamples> families;
  families["genbid_train_step"] = {{run, static_cast<double>(step)}};
  families["genbid_train_running"] = {{run, running ? 1.0 : 0.0}};
  for (const auto& [metric, value] : latest_) {
    const auto [family, labels] = family_of(metric, run);
    families[family].emplace_back(labels, value);
  }
  return prometheus_text(families);
}

void PrometheusFile::write(int64_t step, const MetricValues& values, bool running) {
  for (const auto& [name, value] : values) latest_[name] = value;
  write_file(path_, text(step, running));
}

}  // namespace genbid
