#pragma once

#include <genbid.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <new>
#include <span>
#include <string>

#include "base/error.h"
#include "graph/program.h"
#include "serve/refused.h"

// What the functions of the C interface have in common: errors, and one caller at a time.

namespace genbid::serve {

// Keeps a message for genbid_last_error() of this thread.
genbid_status failed(genbid_status status, const char* message);
const char* last_error_text();

// Runs the body of a call; no exception leaves it.
template <typename Body>
genbid_status guarded(const Body& body) noexcept {
  try {
    body();
    return GENBID_OK;
  } catch (const Refused& refused) {
    return failed(refused.status(), refused.what());
  } catch (const std::bad_alloc&) {
    return failed(GENBID_MEMORY, "found no memory, expected what the call needs");
  } catch (const std::exception& error) {
    return failed(GENBID_INTERNAL, error.what());
  } catch (...) {
    return failed(GENBID_INTERNAL, "found an exception of another kind, expected none");
  }
}

void require(const void* pointer, const char* name);

// Writes them where there is a buffer, whose room `bytes` says; then `bytes` is how many they are.
void give_bytes(std::span<const std::byte> saved, void* buffer, size_t* bytes);

// A bundle, or why there is none: what is asked of the processor's kernels is no fault of the bundle.
template <typename Load>
auto loaded_or_refused(const Load& load) {
  try {
    graph::best_target();
  } catch (const Error& error) {
    throw Refused(GENBID_INVALID, error.what());
  }
  try {
    return load();
  } catch (const Error& error) {
    throw Refused(GENBID_BUNDLE, error.what());
  }
}

// One caller at a time.
class Turn {
 public:
  explicit Turn(std::atomic_flag& is_busy) : is_busy_(is_busy) {
    if (is_busy_.test_and_set(std::memory_order_acquire)) {
      throw Refused(GENBID_BUSY, "session: found another thread in a call on it, expected one at a time");
    }
  }
  ~Turn() { is_busy_.clear(std::memory_order_release); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic_flag& is_busy_;
};

template <typename Session, typename Body>
genbid_status with_session(Session* session, const Body& body) noexcept {
  return guarded([&] {
    require(session, "session");
    const Turn turn(session->is_busy);
    body(session->campaigns);
  });
}

}  // namespace genbid::serve
