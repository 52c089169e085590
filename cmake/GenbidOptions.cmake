# Language, warnings and build type: what every target of the project shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Paths relative to the clone: another clone of the same sources finds everything in the cache. The sloppiness is what
# ccache wants to be told before it keeps what was compiled with a precompiled header.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
endif()

# No fused multiply-add anywhere: market results must not depend on the processor.
# -Wrestrict: g++ 12 warns of "text" + std::string (GCC bug 105651).
add_compile_options(-Wno-restrict -Wall -Wextra -Wpedantic -Wshadow -Wconversion -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  add_compile_options(-Wno-unknown-warning-option)
endif()
if(GENBID_WERROR)
  add_compile_options(-Werror)
endif()
if(GENBID_SANITIZE)
  add_compile_options("-fsanitize=${GENBID_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options("-fsanitize=${GENBID_SANITIZE}")
endif()

# The program and its libraries lie where people expect them: build/<preset>/genbid.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
if(ARROW_ROOT)
  # Where programs and tests look for the plugin.
  list(APPEND CMAKE_BUILD_RPATH "$ORIGIN" "$ORIGIN/..")
  if(GENBID_SANITIZE)
    # Sanitizers call dlopen in the program's place: only a DT_RPATH, unlike a RUNPATH, serves them, too.
    add_link_options("-Wl,--disable-new-dtags")
  endif()
endif()
if(GENBID_PREFIX)
  list(APPEND CMAKE_PREFIX_PATH "${GENBID_PREFIX}/usr" "${GENBID_PREFIX}/usr/lib/x86_64-linux-gnu")
  set(_genbid_lib "${GENBID_PREFIX}/usr/lib/x86_64-linux-gnu")
  list(APPEND CMAKE_BUILD_RPATH "${_genbid_lib}")
  # DT_RPATH, not RUNPATH: it also serves the libraries that HDF5 itself needs.
  add_link_options("-Wl,--disable-new-dtags" "-Wl,-rpath-link,${_genbid_lib}" "-L${_genbid_lib}")
endif()
