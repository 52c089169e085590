#include "base/columns.h"

#include "base/config/config.h"

namespace genbid {

void append_csv(std::string& text, const ColumnValue& value) {
  if (const auto* count = std::get_if<int64_t>(&value)) text += std::to_string(*count);
  if (const auto* number = std::get_if<double>(&value)) text += shortest(*number);
  const auto* const words = std::get_if<std::string>(&value);
  if (words == nullptr) return;
  if (words->find_first_of(",\"\r\n") == std::string::npos) {
    text += *words;
    return;
  }
  text += '"';
  for (const char c : *words) text.append(c == '"' ? 2 : 1, c);
  text += '"';
}

}  // namespace genbid
