#include "export/click_bundle_readme.h"

namespace genbid::exporting {
namespace {

std::string what_they_read(const serve::ClickBundleInfo& info) {
  switch (info.read) {
    case serve::ClickRead::kNothing:
      return "They read what the campaign has spent and bought, and nothing else.";
    case serve::ClickRead::kConditions:
      return "Beside what the campaign has spent and bought they read how tight its limits are by yesterday's slots.";
    case serve::ClickRead::kProfile:
      return "Beside what the campaign has spent and bought they read a profile of yesterday's slots and today's so "
             "far.";
  }
  return "";
}

}  // namespace

std::string click_bundle_readme(const serve::ClickBundleInfo& info) {
  const bool profile = info.read == serve::ClickRead::kProfile;
  const std::string slots = std::to_string(info.slots);
  return "# Agents of campaigns, version " + info.version + "\n\n" +
         (info.num_agents == 1 ? "An agent" : std::to_string(info.num_agents) + " agents") +
         " for campaigns that pay by the click, exported by " + info.program +
         " from what `genbid train` made.\nA day has " + slots + " slots. " + what_they_read(info) +
         "\n\n"
         "| file | what it is |\n|---|---|\n"
         "| `bundle.json` | what agents read, how a day begins, how campaigns were matched, settings; size and hash of "
         "every file |\n"
         "| `matching.csv` | each campaign's agent, and what each agent brought on the days before; campaigns that it "
         "does not name get agent " +
         std::to_string(info.default_agent) +
         " |\n"
         "| `agent.K.graph.json`, `agent.K.safetensors` | what agent K computes, an operator a line, and its numbers "
         "|\n"
         "| `agent.K.onnx` | the same for onnxruntime: opset 17, any number of rows |\n" +
         (profile ? "| `profile.*` | the network of profiles, in the same three forms |\n" : "") +
         "\n## With the serving library\n\n"
         "`libgenbid_serve.so` needs neither LibTorch nor Python; `genbid_click.h` says what each call does.\n\n"
         "```c\n"
         "#include <genbid_click.h>\n\n"
         "genbid_click_bundle* bundle = NULL;\n"
         "genbid_click_session* session = NULL;\n"
         "uint64_t id = 0;\n"
         "genbid_click_bid bid;\n"
         "genbid_click_campaign campaign = GENBID_CLICK_CAMPAIGN_INIT;\n"
         "campaign.budget = 500, campaign.ppc = 2, campaign.campaign = 17;\n"
         "if (genbid_click_bundle_load(\"this folder\", &bundle) || genbid_click_session_open(bundle, 1000, &session) "
         "||\n"
         "    genbid_click_campaign_open(session, &campaign, &id) || genbid_click_ask(session, 1, &id, &bid, 1)) {\n"
         "  fprintf(stderr, \"%s\\n\", genbid_last_error());\n"
         "  exit(1);\n"
         "}\n"
         "/* bid bid.alpha * value + bid.beta * ppc * ctr, then tell genbid_click_push() what came of the slot */\n"
         "```\n\n"
         "    cc bidder.c $(pkg-config --cflags --libs genbid_serve)\n\n"
         "A session belongs to one thread at a time; give each thread one of its own.\n\n"
         "## With onnxruntime\n\n"
         "Whoever runs the ONNX files computes what they read: `status` is time left, budget left, speed of spending, "
         "cost of a\nclick in the slot before and so far (over the limit), alpha and beta of the slot before; `start` "
         "the alpha that the day\nbegan with" +
         (info.read_size > 0
              ? "; `read` " + std::string(profile ? "what `profile.onnx` carries after the slots so far"
                                                  : "two logarithms, budget and limit over yesterday's costs")
              : "") +
         (info.noise_size > 0 ? "; `noise` standard normal numbers" : "") +
         ". `carry.N` are zeros at a day's first slot, later what the\nslot before returned.\n" +
         (profile
              ? "\n`profile.onnx` takes in a slot: `slot`, eight numbers (`genbid_click.h`), `limits`, budget and "
                "price "
                "of a click, and `known`,\n1. Its `carry.0` is zeros before *yesterday's* first slot; it goes "
                "through yesterday's slots and then through today's as\nthey end. Of a campaign that begins it goes "
                "through as many slots of zeros with `known` 0 in place of yesterday's.\n"
              : "");
}

}  // namespace genbid::exporting
