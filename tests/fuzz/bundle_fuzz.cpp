#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/files/content_hash.h"
#include "fuzz.h"
#include "serve/bundle.h"

// The text of bundle.json. It is read as it is, and with the hash that it ought to have, without which nothing would be
// accepted. What is accepted is written and read as the same.

namespace {

// The hash is over the text of the JSON, which is written by recursion.
bool is_flat(std::string_view text) {
  return std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') < 500;
}

std::optional<std::string> with_hash(std::string_view text) {
  if (!is_flat(text)) return {};
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  json.erase("hash");
  json["hash"] = genbid::content_hash(json.dump());
  return json.dump();
}

void read(std::string_view text) {
  using namespace genbid;
  serve::BundleInfo info;
  if (!fuzz::accepted([&] { info = serve::read_bundle_info(text, "fuzz.json"); })) return;
  const std::string written = serve::bundle_json(info);
  fuzz::require_equal(written, serve::bundle_json(serve::read_bundle_info(written, "written.json")),
                      "a bundle's description is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = genbid::fuzz::text_of(data, size);
  read(text);
  if (const auto hashed = with_hash(text)) read(*hashed);
  return 0;
}
