#include "graph/python_names.h"

#include <algorithm>

#include "base/error.h"
#include "base/shown.h"

namespace genbid::graph {
namespace {

// What a function that is written cannot call a value: words of Python, and what functions of policy.py and those that
// torch.fx makes of an archive use themselves.
const std::set<std::string>& taken_words() {
  static const std::set<std::string> words = {
      "False",  "None",     "True",      "and",    "as",        "assert", "async",       "await",    "break",
      "class",  "continue", "def",       "del",    "elif",      "else",   "except",      "finally",  "for",
      "from",   "global",   "if",        "import", "in",        "is",     "lambda",      "nonlocal", "not",
      "or",     "pass",     "raise",     "return", "try",       "while",  "with",        "yield",    "F",
      "self",   "torch",    "float",     "w",      "rows",      "os",     "safetensors", "TENSORS",  "Policy",
      "load",   "dict",     "device",    "dtype",  "fx_pytree", "inf",    "math",        "nan",      "NoneType",
      "pytree", "operator", "_operator", "getattr"};
  return words;
}

// Names that any torch.nn.Module (2.11) has already, without those that begin with an underscore.
const std::set<std::string>& module_words() {
  static const std::set<std::string> words = {"T_destination",
                                              "add_module",
                                              "apply",
                                              "bfloat16",
                                              "buffers",
                                              "call_super_init",
                                              "children",
                                              "compile",
                                              "cpu",
                                              "cuda",
                                              "double",
                                              "dump_patches",
                                              "eval",
                                              "extra_repr",
                                              "float",
                                              "forward",
                                              "get_buffer",
                                              "get_extra_state",
                                              "get_parameter",
                                              "get_submodule",
                                              "half",
                                              "ipu",
                                              "load_state_dict",
                                              "modules",
                                              "mtia",
                                              "named_buffers",
                                              "named_children",
                                              "named_modules",
                                              "named_parameters",
                                              "parameters",
                                              "register_backward_hook",
                                              "register_buffer",
                                              "register_forward_hook",
                                              "register_forward_pre_hook",
                                              "register_full_backward_hook",
                                              "register_full_backward_pre_hook",
                                              "register_load_state_dict_post_hook",
                                              "register_load_state_dict_pre_hook",
                                              "register_module",
                                              "register_parameter",
                                              "register_state_dict_post_hook",
                                              "register_state_dict_pre_hook",
                                              "requires_grad_",
                                              "set_extra_state",
                                              "set_submodule",
                                              "share_memory",
                                              "state_dict",
                                              "to",
                                              "to_empty",
                                              "train",
                                              "training",
                                              "type",
                                              "xpu",
                                              "zero_grad"};
  return words;
}

}  // namespace

PythonNames::PythonNames() : used_(taken_words()) {}

std::string PythonNames::unused(const std::string& wished) {
  std::string plain;
  for (const char c : wished) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    plain += fits ? c : '_';
  }
  if (plain[0] >= '0' && plain[0] <= '9') plain = "_" + plain;
  while (!used_.insert(plain).second) plain += "_";
  return plain;
}

void check_module_names(const Graph& graph, const std::string& where) {
  std::set<std::string> tensors, modules;
  for (const Constant& constant : graph.constants()) {
    tensors.insert(constant.name);
    for (size_t from = 0; from <= constant.name.size();) {
      const size_t end = std::min(constant.name.find('.', from), constant.name.size());
      const std::string part = constant.name.substr(from, end - from);
      if (part.empty() || part[0] == '_' || module_words().contains(part)) {
        throw Error(where + ": found the tensor '" + shown(constant.name) + "', expected no part called '" +
                    shown(part) + "', which torch.nn.Module has itself");
      }
      if (end < constant.name.size()) modules.insert(constant.name.substr(0, end));
      from = end + 1;
    }
  }
  for (const std::string& name : tensors) {
    if (!modules.contains(name)) continue;
    throw Error(where + ": found the tensor '" + shown(name) + "' and others within it, expected either");
  }
}

}  // namespace genbid::graph
