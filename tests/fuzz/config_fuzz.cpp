#include <vector>

#include "base/config/config.h"
#include "data/ingest.h"
#include "fuzz.h"
#include "play/simulate.h"

// YAML with overrides: lines that begin with '>' are overrides, the others are the file. A config that is accepted is
// printed, and the print is read as the same config.

namespace {

template <typename Config>
void read(const std::string& yaml, const std::vector<std::string>& overrides) {
  using namespace genbid;
  Config config;
  if (!fuzz::accepted([&] { ConfigFile::parse(yaml, "fuzz.yaml", overrides).read(config); })) return;
  const std::string printed = print_config(config, "fuzz");
  Config again;
  ConfigFile::parse(printed, "printed.yaml").read(again);
  fuzz::require_equal(printed, print_config(again, "fuzz"), "a printed config is read as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string yaml;
  std::vector<std::string> overrides;
  std::string_view rest = genbid::fuzz::text_of(data, size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with('>')) {
      overrides.emplace_back(line.substr(1));
    } else {
      yaml += std::string(line) + "\n";
    }
  }
  read<genbid::play::SimulateConfig>(yaml, overrides);
  read<genbid::data::IngestConfig>(yaml, overrides);
  return 0;
}
