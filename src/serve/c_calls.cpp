#include "serve/c_calls.h"

#include <cstring>

namespace genbid::serve {
namespace {

struct LastError {
  std::string text;
  bool no_memory = false;  // for the text
};

thread_local LastError last_error;

}  // namespace

genbid_status failed(genbid_status status, const char* message) {
  last_error.no_memory = false;
  try {
    last_error.text = message;
  } catch (const std::bad_alloc&) {
    last_error.no_memory = true;
  }
  return status;
}

const char* last_error_text() {
  return last_error.no_memory ? "found no memory for a message" : last_error.text.c_str();
}

void require(const void* pointer, const char* name) {
  if (pointer == nullptr) throw Refused(GENBID_INVALID, std::string(name) + ": found NULL, expected a pointer");
}

void give_bytes(std::span<const std::byte> saved, void* buffer, size_t* bytes) {
  if (buffer != nullptr) {
    if (*bytes < saved.size()) {
      refuse(GENBID_INVALID, "bytes", "room for " + std::to_string(*bytes), "at least " + std::to_string(saved.size()));
    }
    std::memcpy(buffer, saved.data(), saved.size());
  }
  *bytes = saved.size();
}

}  // namespace genbid::serve
