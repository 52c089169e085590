#include "runs/report_run.h"

#include <cmath>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/paths.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "data/replaceable.h"
#include "report/markup.h"
#include "report/page.h"
#include "report/read_metrics.h"
#include "report/read_results.h"
#include "report/read_table.h"
#include "runs/program.h"
#include "runs/report_campaigns.h"
#include "runs/report_days.h"
#include "runs/report_experiment.h"
#include "runs/report_tables.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;

void require_folder(const std::string& folder) {
  std::error_code ignored;
  if (!is_there(folder)) {
    throw Error(folder +
                ": found nothing there, expected the folder of a training, of an evaluation or of an experiment");
  }
  if (!fs::is_directory(folder, ignored)) {
    throw Error(folder + ": found a file, expected the folder of a training, of an evaluation or of an experiment");
  }
}

// runs/mine/ and ./runs/mine as runs/mine.
std::string plain(const std::string& folder) {
  fs::path path = fs::path(folder).lexically_normal();
  if (path.has_relative_path() && path.filename().empty()) path = path.parent_path();
  return path.string();
}

std::string name_of(const std::string& folder) {
  const fs::path whole = fs::path(folder) == "." ? fs::current_path() : fs::path(folder);
  return whole.filename().empty() ? folder : whole.filename().string();
}

// The verb that a resolved config is for: its first line says `kind: train`.
std::string verb_of(const std::string& config_yaml) {
  const std::string key = "kind: ";
  if (!config_yaml.starts_with(key)) return {};
  return config_yaml.substr(key.size(), config_yaml.find('\n') - key.size());
}

// The last value of a metric and its step, in words; empty without one.
std::string last_of(const std::vector<report::MetricCurve>& metrics, const std::string& name) {
  for (const report::MetricCurve& metric : metrics) {
    if (metric.name != name || metric.values.empty()) continue;
    return report::number_text(metric.values.back()) + " at step " + report::number_text(metric.steps.back());
  }
  return {};
}

void describe_training(const std::string& folder, report::ReportInput& input) {
  input.metrics = report::read_metrics(folder + "/metrics.jsonl");
  const std::string loss = last_of(input.metrics, "train/loss");
  if (!loss.empty()) input.summary.push_back({"training loss", loss});
  constexpr int kMostPeriods = 4;
  int periods = 0;
  for (const report::MetricCurve& metric : input.metrics) {
    if (!metric.name.starts_with("held_out/loss/") || ++periods > kMostPeriods) continue;
    const std::string period = metric.name.substr(metric.name.rfind('_') + 1);
    input.summary.push_back({"held-out loss, period " + period, last_of(input.metrics, metric.name)});
  }
  const std::vector<std::string> checkpoints = RunDir::open(folder).checkpoints();
  if (!checkpoints.empty()) input.versions.push_back({"last checkpoint", checkpoints.back()});
}

// Says what the folder lacks, which has no page.
[[noreturn]] void refuse(const std::string& folder) {
  const std::string table = folder + "/table.json";
  if (is_there(table)) {
    report::read_table(read_file(table), table);  // says what is wrong with it
    throw Error(folder +
                ": found a table.json, but not the result.json of those whom it judges, there or in a subfolder; "
                "expected the folder of an evaluation");
  }
  throw Error(folder +
              ": found neither metrics.jsonl and config.yaml nor a result.json, there or in a subfolder, nor a "
              "table.json of campaigns, nor an experiment.json; expected the folder of a training, of an evaluation or "
              "of an experiment");
}

// A training, an evaluation, or a training that was judged in its folder.
report::ReportInput run_input(const std::string& folder, bool trained, const std::vector<std::string>& results,
                              std::optional<report::CampaignJudgement> campaigns) {
  report::ReportInput input;
  input.title = (trained ? "Training " : "Evaluation ") + name_of(folder);
  input.summary.push_back({"folder", folder});
  if (is_there(folder + "/config.yaml")) {
    input.config_yaml = read_file(folder + "/config.yaml");
    const std::string verb = verb_of(input.config_yaml);
    if (!verb.empty()) input.summary.push_back({"command", "genbid " + verb + " " + folder + "/config.yaml"});
  }
  if (trained) describe_training(folder, input);
  report::Results read = report::read_results(results);
  read_days(folder, read.judgements);
  add_tables(folder, read.judgements);
  input.judgements = std::move(read.judgements);
  input.campaigns = std::move(campaigns);
  for (report::Fact& fact : read.versions) input.versions.push_back(std::move(fact));
  return input;
}

}  // namespace

std::string write_report(const std::string& folder_as_given, const std::string& output) {
  const std::string folder = plain(folder_as_given);
  require_folder(folder);
  const bool experiment = is_experiment(folder);
  const bool trained = is_there(folder + "/metrics.jsonl") && is_there(folder + "/config.yaml");
  const std::vector<std::string> results = experiment ? std::vector<std::string>() : report::result_files(folder);
  std::optional<report::CampaignJudgement> campaigns = experiment ? std::nullopt : read_campaign_judgement(folder);
  if (!experiment && !trained && results.empty() && !campaigns) refuse(folder);
  const std::string place = output.empty() ? folder + "/report.html" : output;
  data::check_replaceable_output(place, "a report",
                                 [](const std::string& path) { return data::begins_with(path, report::kPageBegins); });

  report::ReportInput input =
      experiment ? experiment_input(folder, place) : run_input(folder, trained, results, std::move(campaigns));
  input.versions.push_back({"report by", program_name()});
  input.summary.push_back({"this page", "genbid report " + folder});
  write_file(place, report::page_html(input));
  if (input.experiment && !input.experiment->missing.empty()) log_warning(folder + ": " + input.experiment->missing);
  return place;
}

void report_at_end(const std::string& folder) {
  try {
    log_info("report: " + write_report(folder, {}));
  } catch (const Error& e) {
    log_warning(std::string("no report: ") + e.what());
  }
}

}  // namespace genbid::runs
