#pragma once

// LibTorch's ProcessGroupGloo.hpp includes Gloo's headers, which its wheel lacks. These declare of Gloo what that
// header names; LibTorch has the definitions.

#include <cstddef>
