# Third-party libraries, all from Debian packages but LibTorch. Why each is there: docs/why.md.
find_package(Threads REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(TBB REQUIRED)
find_package(CLI11 REQUIRED)

# Header-only packages, HDF5 (serial, C interface), Highway and zlib by hand: their finders do not follow a prefix.
function(genbid_headers target header)
  string(MAKE_C_IDENTIFIER "GENBID_${header}_DIR" variable)
  find_path(${variable} ${header} REQUIRED PATH_SUFFIXES ${ARGN})
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE "${${variable}}")
endfunction()
genbid_headers(genbid_fast_float fast_float/fast_float.h)
genbid_headers(genbid_random123 Random123/philox.h)
genbid_headers(genbid_xxhash xxhash.h)
genbid_headers(genbid_eigen Eigen/Core eigen3 include/eigen3)

genbid_headers(genbid_hdf5 hdf5.h hdf5/serial include/hdf5/serial)
find_library(GENBID_HDF5_LIBRARY NAMES hdf5_serial hdf5 REQUIRED)
target_link_libraries(genbid_hdf5 INTERFACE "${GENBID_HDF5_LIBRARY}")

genbid_headers(genbid_highway hwy/highway.h)
find_library(GENBID_HIGHWAY_LIBRARY NAMES hwy REQUIRED)
target_link_libraries(genbid_highway INTERFACE "${GENBID_HIGHWAY_LIBRARY}")

genbid_headers(genbid_zlib zlib.h)
find_library(GENBID_ZLIB_LIBRARY NAMES z REQUIRED)
target_link_libraries(genbid_zlib INTERFACE "${GENBID_ZLIB_LIBRARY}")

if(GENBID_TORCH)
  find_package(LibTorch 2.9 REQUIRED)
endif()
if(GENBID_TESTS AND NOT GENBID_FUZZ)
  find_package(GTest REQUIRED)
endif()
