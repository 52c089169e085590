#include "data/wanted_columns.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "data/csv_reader.h"

namespace genbid::data {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

}  // namespace

WantedColumns::WantedColumns(const Header& header, std::vector<std::string> wanted, std::string_view hint)
    : path_(header.path), wanted_(std::move(wanted)), wanted_at_(header.names.size(), -1) {
  const std::vector<std::string>& names = header.names;
  std::vector<std::string> missing;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (wanted_[i].empty()) continue;
    const auto found = std::find(names.begin(), names.end(), wanted_[i]);
    if (found == names.end()) {
      missing.push_back(wanted_[i]);
      continue;
    }
    if (std::find(found + 1, names.end(), wanted_[i]) != names.end()) {
      throw Error(header.place + ": column '" + excerpt(wanted_[i]) + "' appears twice");
    }
    int& place = at(wanted_at_, found - names.begin());
    if (place >= 0) {
      throw Error(header.place + ": column '" + excerpt(wanted_[i]) +
                  "' is asked for twice, expected a column for each name");
    }
    place = to_int(i);
  }
  if (missing.empty()) return;
  if (!header.misread.empty()) throw Error(header.place + ": " + header.misread);
  std::vector<std::string> found;
  for (const std::string& name : names) found.push_back(excerpt(name));
  if (found.size() > 40) {
    found.resize(40);
    found.emplace_back("...");
  }
  throw Error(header.place + ": missing " + (missing.size() == 1 ? "column " : "columns ") + joined(missing) +
              "; found " + joined(found) + header.note + std::string(hint));
}

}  // namespace genbid::data
