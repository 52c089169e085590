# Finds the Arrow and Parquet C++ libraries of pyarrow's wheel, which have version numbers behind their names and no
# CMake package. Input: ARROW_ROOT, the folder that holds include/ and the libraries (scripts/setup.sh --arrow). Output:
# target Arrow::parquet, which the plugin alone is linked to (src/arrow_plugin), and Arrow_SOVERSION.
find_path(Arrow_INCLUDE_DIR parquet/file_reader.h HINTS "${ARROW_ROOT}/include" NO_DEFAULT_PATH)
foreach(library arrow parquet)
  file(GLOB Arrow_${library}_LIBRARY "${ARROW_ROOT}/lib${library}.so.*")
endforeach()
if(Arrow_INCLUDE_DIR)
  file(STRINGS "${Arrow_INCLUDE_DIR}/arrow/util/config.h" line REGEX "#define ARROW_VERSION_STRING ")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" Arrow_VERSION "${line}")
  string(REGEX REPLACE ".*\\.so\\." "" Arrow_SOVERSION "${Arrow_arrow_LIBRARY}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Arrow
  REQUIRED_VARS Arrow_arrow_LIBRARY Arrow_parquet_LIBRARY Arrow_INCLUDE_DIR
  VERSION_VAR Arrow_VERSION
  REASON_FAILURE_MESSAGE "set ARROW_ROOT to pyarrow's folder, or leave it empty: there is no Parquet then")

if(Arrow_FOUND AND NOT TARGET Arrow::parquet)
  add_library(Arrow::arrow SHARED IMPORTED)
  set_target_properties(Arrow::arrow PROPERTIES
    IMPORTED_LOCATION "${Arrow_arrow_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Arrow_INCLUDE_DIR}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${Arrow_INCLUDE_DIR}")
  add_library(Arrow::parquet SHARED IMPORTED)
  set_target_properties(Arrow::parquet PROPERTIES
    IMPORTED_LOCATION "${Arrow_parquet_LIBRARY}"
    INTERFACE_LINK_LIBRARIES Arrow::arrow)
endif()
