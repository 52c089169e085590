# Finds the headers of CUDA's runtime, which CUDA graphs are compiled with: in the PyPI wheel beside LibTorch
# (scripts/setup.sh installs it everywhere), or in a CUDA toolkit. No CUDA compiler is asked for. Output:
# CudaRuntime_INCLUDE_DIR.
get_filename_component(_cuda_wheels "${LIBTORCH_ROOT}/../nvidia" ABSOLUTE)
find_path(CudaRuntime_INCLUDE_DIR cuda_runtime_api.h
  HINTS "${_cuda_wheels}/cu13/include" "${_cuda_wheels}/cuda_runtime/include" "$ENV{CUDA_HOME}/include" /usr/local/cuda/include)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CudaRuntime
  REQUIRED_VARS CudaRuntime_INCLUDE_DIR LibTorch_torch_cuda_LIBRARY LibTorch_c10_cuda_LIBRARY)
