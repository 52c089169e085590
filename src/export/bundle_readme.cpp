#include "export/bundle_readme.h"

namespace genbid::exporting {
namespace {

std::string table_of(const std::vector<serve::BundleTensor>& tensors) {
  std::string text = "| name | type | shape |\n|---|---|---|\n";
  for (const serve::BundleTensor& tensor : tensors) {
    text += "| `" + tensor.name + "` | " + graph::type_name(tensor.type) + " | " + graph::shown_shape(tensor.shape) +
            " |\n";
  }
  return text;
}

std::string meaning_of_inputs(const serve::BundleInfo& info) {
  const std::string window = std::to_string(info.window);
  std::string text =
      "R is the number of campaigns of a call. A history has " + window + (info.window == 1 ? " tick" : " ticks") +
      ", the newest that there are, oldest first;\n"
      "behind them stand zeros. Raw numbers go in: what centres and scales them is part of the graph.\n\n"
      "- `states`: the state features of `bundle.json`, in its order.\n"
      "- `actions`: the alpha that a tick's bids came to, sum of bids / sum of p-values; 0 at the tick that is "
      "decided.\n"
      "- `before`: what of a day's outcomes (return, value, budget use, CPA, share of the optimum) has come before the "
      "tick; 0 for the last two.\n"
      "- `ticks`: the tick's number in the day, from 0. `mask`: 1 on the ticks that there are.\n"
      "- `constraint`: budget and CPA limit. `wishes`: what the whole day is asked for, an outcome a column.\n"
      "- `noise`: standard normal numbers. `carry.N`: zeros at a day's first tick, later what the tick before "
      "returned.\n"
      "- out: `coefficients`, bid = c0 x p-value" +
      std::string(info.num_coefficients > 1 ? " + c1 x p-value^2" : "") + "; `carry.N` for the next tick.\n";
  return text;
}

}  // namespace

std::string bundle_readme(const serve::BundleInfo& info) {
  const std::string ticks = std::to_string(info.ticks);
  const std::string coefficients = std::to_string(info.num_coefficients);
  return "# " + info.model + ", version " + info.version + "\n\nA bidding policy, exported by " + info.program +
         " from what `genbid train` made. Days have " + ticks +
         " ticks. The serving library computes\nthe features and keeps the histories; whoever calls the graph itself "
         "must "
         "do both.\n\n"
         "| file | what it is |\n|---|---|\n"
         "| `bundle.json` | features with names, units and ranges seen in training, shapes, wishes, training days, "
         "results, settings; size and hash of every file |\n"
         "| `graph.json`, `weights.safetensors` | what the policy computes, an operator a line, and its numbers |\n"
         "| `policy.onnx` | the same for onnxruntime, Triton, TensorRT: opset 17, any number of rows |\n"
         "| `policy.py` | the same as a plain `torch.nn.Module`, whose parameters have the names of the safetensors "
         "file "
         "|\n"
         "| `policy.pt2` | the same as an exported program, whose format is that of PyTorch 2.11 |\n"
         "| `examples.safetensors` | decisions with their inputs, to compare with |\n\n"
         "## With the serving library\n\n"
         "`libgenbid_serve.so` needs neither LibTorch nor Python; `genbid.h` says what each call does. C and C++:\n\n"
         "```c\n"
         "#include <genbid.h>\n\n"
         "genbid_bundle* bundle = NULL;\n"
         "genbid_session* session = NULL;\n"
         "uint64_t id = 0;\n"
         "double coefficients[" +
         coefficients +
         "];\n"
         "genbid_campaign campaign = GENBID_CAMPAIGN_INIT;\n"
         "genbid_tick_start start = GENBID_TICK_START_INIT;\n"
         "campaign.budget = 3000, campaign.cpa_limit = 100;\n"
         "start.num_impressions = 10000, start.mean_pvalue = 0.0005;\n"
         "if (genbid_bundle_load(\"this folder\", &bundle) || genbid_session_open(bundle, 1000, &session) ||\n"
         "    genbid_campaign_open(session, &campaign, &id) ||\n"
         "    genbid_act(session, 1, &id, &start, coefficients, " +
         coefficients +
         ")) {\n"
         "  fprintf(stderr, \"%s\\n\", genbid_last_error());\n"
         "  exit(1);\n"
         "}\n"
         "/* bid coefficients[0] * p-value" +
         (info.num_coefficients > 1 ? " + coefficients[1] * p-value * p-value" : "") +
         ", then tell genbid_push() what came of it */\n"
         "```\n\n"
         "    cc bidder.c $(pkg-config --cflags --libs genbid_serve)\n\n"
         "Python calls the same library by `ctypes`; `examples/serve/act.py` in genbid's sources has the structs and "
         "this\nas a class:\n\n"
         "```python\n"
         "from ctypes import byref, c_double, c_uint64, c_void_p\n"
         "\n"
         "from act import Campaign, Library, TickStart\n"
         "\n"
         "library, bundle, session, campaign = Library(\"libgenbid_serve.so.0\"), c_void_p(), c_void_p(), c_uint64()\n"
         "coefficients = (c_double * " +
         coefficients +
         ")()\n"
         "library.call(\"genbid_bundle_load\", b\"this folder\", byref(bundle))\n"
         "library.call(\"genbid_session_open\", bundle, 1000, byref(session))\n"
         "library.call(\"genbid_campaign_open\", session, byref(Campaign(budget=3000, cpa_limit=100)), "
         "byref(campaign))\n"
         "start = TickStart(tick=0, num_impressions=10000, mean_pvalue=0.0005)\n"
         "library.call(\"genbid_act\", session, 1, byref(campaign), byref(start), coefficients, len(coefficients))\n"
         "```\n\n"
         "In a shell:\n\n"
         "    echo '{\"campaign\": \"a\", \"open\": {\"budget\": 3000, \"cpa_limit\": 100}, \"start\": {\"tick\": 0, "
         "\"num_impressions\": 10000, \"mean_pvalue\": 0.0005}}' | genbid act THIS_FOLDER\n\n"
         "A session belongs to one thread at a time; give each thread one of its own. A call uses the thread that "
         "makes "
         "it and no other.\n\n"
         "## With onnxruntime\n\n"
         "```python\n"
         "import onnxruntime as ort\n\n"
         "options = ort.SessionOptions()\n"
         "options.intra_op_num_threads = options.inter_op_num_threads = 1\n"
         "options.add_session_config_entry(\"session.intra_op.allow_spinning\", \"0\")\n"
         "session = ort.InferenceSession(\"policy.onnx\", options, providers=[\"CPUExecutionProvider\"])\n"
         "outputs = session.run(None, inputs)  # inputs: a dict of arrays, by the names below; outputs: a list in "
         "their order\n"
         "```\n\n"
         "One session for all threads, with one thread inside an operator and no spinning: several sessions with "
         "threads "
         "of their own\nfight for the cores, which shows as spikes of latency. Batches of fixed sizes (8, 16, 32, 48) "
         "are "
         "planned once each.\nAn output that is called like an input has `_out` behind its name.\n\n"
         "## With Triton\n\n"
         "`genbid export CHECKPOINT layout=triton output=MODEL_REPOSITORY` writes `NAME/VERSION/model.onnx` and "
         "`NAME/config.pbtxt`.\nPin the version on the server, and keep the old one until the new one answers.\n\n"
         "## With PyTorch\n\n"
         "```python\n"
         "from policy import load\n\n"
         "policy = load(\".\")  # torch.nn.Module; torch.export.export takes it with a dynamic first dimension\n"
         "outputs = policy(*inputs)  # tensors in the order below; a dict by the names below\n"
         "```\n\n"
         "Or without the code of `policy.py`:\n\n"
         "```python\n"
         "import torch\n\n"
         "policy = torch.export.load(\"policy.pt2\").module()\n"
         "outputs = policy(*inputs)\n"
         "```\n\n"
         "The format of `policy.pt2` is PyTorch's and may change: the file is of 2.11 and was checked with that. Where "
         "another\nversion refuses it, `torch.export.export` makes a program of `policy.py` there.\n\n"
         "## Inputs\n\n" +
         table_of(info.inputs) + "\n" + meaning_of_inputs(info) + "\n## Outputs\n\n" + table_of(info.outputs);
}

}  // namespace genbid::exporting
