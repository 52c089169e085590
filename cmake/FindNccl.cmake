# Finds the headers that LibTorch's NCCL group is compiled with, those of CUDA's libraries and of NCCL: in the PyPI wheels
# beside LibTorch (scripts/setup.sh --cuda), or in a CUDA toolkit. No CUDA compiler is asked for. Output:
# Nccl_INCLUDE_DIRS.
get_filename_component(_nccl_wheels "${LIBTORCH_ROOT}/../nvidia" ABSOLUTE)
set(_nccl_missing "")
set(Nccl_INCLUDE_DIRS "")
foreach(header nccl.h cuda_runtime_api.h cublas_v2.h cusparse.h cusolverDn.h)
  find_path(Nccl_${header}_DIR ${header}
    HINTS "${_nccl_wheels}/cu13/include" "${_nccl_wheels}/nccl/include" "$ENV{CUDA_HOME}/include" /usr/local/cuda/include)
  list(APPEND Nccl_INCLUDE_DIRS "${Nccl_${header}_DIR}")
  list(APPEND _nccl_missing Nccl_${header}_DIR)
endforeach()
list(REMOVE_DUPLICATES Nccl_INCLUDE_DIRS)
if(NOT LibTorch_torch_cuda_LIBRARY OR NOT LibTorch_c10_cuda_LIBRARY)
  list(APPEND _nccl_missing LibTorch_torch_cuda_LIBRARY)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nccl REQUIRED_VARS ${_nccl_missing})
