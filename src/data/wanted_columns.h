#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace genbid::data {

// The columns of a file, and what messages call it.
struct Header {
  std::string path;
  std::string place;  // of the names: "FILE:1", or "FILE" for a table
  std::vector<std::string> names;
  // Where one is missing: what else there is to say of them, and what is wrong with them all, if that is known.
  std::string note;
  std::string misread;
};

// Where the wanted columns lie in a file. Names of the others do not matter; they may be empty or come twice.
class WantedColumns {
 public:
  // An empty name asks for nothing: that column's fields are empty. Throws Error that names all wanted columns that the
  // header lacks and those it has (`hint` ends the message), or one that it has twice.
  WantedColumns(const Header& header, std::vector<std::string> wanted, std::string_view hint = {});

  const std::string& path() const { return path_; }
  const std::string& name(size_t column) const { return wanted_[column]; }
  size_t num_wanted() const { return wanted_.size(); }
  size_t num_in_file() const { return wanted_at_.size(); }
  // Which wanted column lies at this place of the file; -1 for none.
  int wanted_at(size_t place) const { return wanted_at_[place]; }

 private:
  std::string path_;
  std::vector<std::string> wanted_;
  std::vector<int> wanted_at_;
};

}  // namespace genbid::data
