#include "report/read_metrics.h"

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/shown.h"

namespace genbid::report {

std::vector<MetricCurve> read_metrics(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<MetricCurve> curves;
  std::map<std::string, size_t> places;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    ++number;
    if (end == std::string::npos) break;
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto values = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!values.is_object() || !values.contains("step") || !values["step"].is_number()) {
      throw Error(path + ":" + std::to_string(number) + ": found '" + shown(line) +
                  "', expected a JSON object with a step");
    }
    const double step = values["step"].get<double>();
    for (const auto& [name, value] : values.items()) {
      if (name == "step" || (!value.is_number() && !value.is_null())) continue;
      const auto [place, is_new] = places.try_emplace(name, curves.size());
      if (is_new) curves.push_back({name, {}, {}});
      curves[place->second].steps.push_back(step);
      curves[place->second].values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                             : value.get<double>());
    }
  }
  return curves;
}

}  // namespace genbid::report
