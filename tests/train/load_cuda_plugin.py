"""Loads the plugin of CUDA graphs behind LibTorch's CUDA half, as a machine with a GPU does: every function that the
plugin calls is found. load_cuda_plugin.py LIBRARY"""

import ctypes
import os
import sys

import torch  # brings LibTorch's CUDA half into the process

library = ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW)
library.genbid_cuda_version.restype = ctypes.c_char_p
version = library.genbid_cuda_version().decode()
if not version.endswith("-torch-" + torch.__version__.split("+")[0]):
    sys.exit(f"found a plugin of version {version}, expected one of torch {torch.__version__}")
if not library.genbid_cuda_recorder:
    sys.exit("found no function genbid_cuda_recorder")
