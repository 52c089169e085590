# Finds the LibTorch of a PyPI wheel without torch's own CMake package, which refuses to configure a CUDA
# build on a machine without a CUDA toolkit. Input: LIBTORCH_ROOT (cache or environment), the folder that
# holds include/ and lib/. Output: targets LibTorch::c10 and LibTorch::cpu, and LibTorch::cuda where its libraries are.
# That one is for plugins alone: the program loads libtorch_cuda when a run asks for a GPU (src/train/device.h).
if(NOT LIBTORCH_ROOT AND DEFINED ENV{LIBTORCH_ROOT})
  set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}")
endif()
find_path(LibTorch_INCLUDE_DIR ATen/ATen.h HINTS "${LIBTORCH_ROOT}/include" NO_DEFAULT_PATH)
foreach(library c10 torch_cpu)
  find_library(LibTorch_${library}_LIBRARY ${library} HINTS "${LIBTORCH_ROOT}/lib" NO_DEFAULT_PATH)
endforeach()
foreach(file torch/headeronly/version.h torch/version.h torch/csrc/api/include/torch/version.h)
  if(EXISTS "${LibTorch_INCLUDE_DIR}/${file}" AND NOT LibTorch_VERSION)
    file(STRINGS "${LibTorch_INCLUDE_DIR}/${file}" lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    if(lines MATCHES "MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+)")
      set(LibTorch_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}")
    endif()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_c10_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "set LIBTORCH_ROOT to the folder that holds include/ and lib/ of LibTorch, or run scripts/setup.sh")

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  find_package(Threads REQUIRED)
  set(includes "${LibTorch_INCLUDE_DIR};${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES
    IMPORTED_LOCATION "${LibTorch_c10_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${includes}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${includes}")
  add_library(LibTorch::cpu SHARED IMPORTED)
  set_target_properties(LibTorch::cpu PROPERTIES
    IMPORTED_LOCATION "${LibTorch_torch_cpu_LIBRARY}"
    INTERFACE_LINK_LIBRARIES "LibTorch::c10;Threads::Threads")
  foreach(library c10_cuda torch_cuda)
    find_library(LibTorch_${library}_LIBRARY ${library} HINTS "${LIBTORCH_ROOT}/lib" NO_DEFAULT_PATH)
  endforeach()
  if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
    add_library(LibTorch::c10_cuda SHARED IMPORTED)
    set_target_properties(LibTorch::c10_cuda PROPERTIES
      IMPORTED_LOCATION "${LibTorch_c10_cuda_LIBRARY}"
      INTERFACE_LINK_LIBRARIES LibTorch::c10)
    add_library(LibTorch::cuda SHARED IMPORTED)
    set_target_properties(LibTorch::cuda PROPERTIES
      IMPORTED_LOCATION "${LibTorch_torch_cuda_LIBRARY}"
      INTERFACE_LINK_LIBRARIES "LibTorch::cpu;LibTorch::c10_cuda")
  endif()
endif()
