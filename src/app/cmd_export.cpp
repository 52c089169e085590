#include <cstdio>

#include "app/command.h"
#include "runs/export_run.h"

namespace genbid::app {
namespace {

runs::ExportConfig read(const ConfigFile& file) {
  runs::ExportConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "export"); }

int run(const ConfigFile& file, Form form) {
  const runs::ExportSummary summary = runs::export_checkpoint(read(file));
  std::fputs((form == Form::kJson ? summary.json() : summary.text()).c_str(), stdout);
  return 0;
}

}  // namespace

Command export_command() {
  return {
      "export",
      "write a trained policy as a bundle that a bidding server loads",
      "Writes OUTPUT/VERSION/ (graph, weights, ONNX, PyTorch module and archive, examples, a README) and then\n"
      "OUTPUT/CURRENT, for libgenbid_serve.so, onnxruntime, Triton or PyTorch (docs/serving.md). It is compared with\n"
      "the policy before it is put in place, and no version is ever overwritten.\n"
      "\n"
      "  genbid export runs/market output=bundles/market\n"
      "  genbid export runs/market/checkpoints/step-00001500 output=models layout=triton\n"
      "\n"
      "checkpoint  a checkpoint or a run folder, as evaluate takes them; by itself in place of a config file\n"
      "output      the folder of bundles\n"
      "weights     ema (default) or raw\n"
      "version     the bundle's name; empty: a hash of what it holds. With layout=triton a number, by itself the next\n"
      "matching    of agents of campaigns (protocol: campaigns; docs/perbid.md): which agent each campaign gets\n"
      "constraint  what may stand over its bids in an evaluation: refused, since no bundle holds it\n"
      "layout      bundle (default), or triton: OUTPUT/MODEL/VERSION/model.onnx and OUTPUT/MODEL/config.pbtxt\n",
      run,
      resolve,
      "checkpoint"};
}

}  // namespace genbid::app
