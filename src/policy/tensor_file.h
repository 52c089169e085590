#pragma once

#include <functional>
#include <string>

#include "policy/policy.h"

namespace genbid::policy {

// Named tensors as a safetensors file. Error for a type that files do not hold (all but F32, F64, I64, I32 and BOOL).
void write_tensors(const std::string& path, const NamedTensors& tensors);
// Copies the file's tensors into `targets`: Error where names, types or shapes differ, or a number is not finite. Names
// for which `skip` holds are left alone.
void read_tensors(const std::string& path, const NamedTensors& targets,
                  const std::function<bool(const std::string& name)>& skip);

// The policy's parameters and buffers, by the names that files have for them: "policy.NAME".
NamedTensors saved_weights(const Policy& policy);
// Those that are trained, and what their averages are called: "ema.NAME".
NamedTensors trained_weights(const Policy& policy);

}  // namespace genbid::policy
