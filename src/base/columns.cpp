#include "base/columns.h"

#include "base/config/config.h"

namespace genbid {

void append_csv(std::string& text, const ColumnValue& value) {
  if (const auto* count = std::get_if<int64_t>(&value)) text += std::to_string(*count);
  if (const auto* number = std::get_if<double>(&value)) text += shortest(*number);
  if (const auto* words = std::get_if<std::string>(&value)) text += *words;
}

}  // namespace genbid
