#include "base/files/table_text.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/convert.h"
#include "base/error.h"

namespace genbid {

void copy_behind_header(const std::string& path, const std::string& header,
                        const std::function<void(const std::string& block)>& write) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path + ": cannot read: " + std::strerror(errno));
  std::string first(header.size(), '\0');
  in.read(first.data(), std::ssize(first));
  if (!in || first != header) {
    throw Error(path + ": found another table than this program writes, expected the header " +
                header.substr(0, header.find('\n')));
  }
  std::string block(size_t{1} << 20, '\0');
  while (in.read(block.data(), std::ssize(block)) || in.gcount() > 0) {
    write(block.substr(0, to_size(in.gcount())));
  }
  if (in.bad()) throw Error(path + ": cannot read: " + std::strerror(errno));
}

}  // namespace genbid
