#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "report/report_input.h"

// Made-up trainings and evaluations of any size, with everything that a page can show.

namespace genbid::test {

// A number in [0, 1) that looks drawn and is a function of its argument.
inline double scrambled(int64_t i) {
  const double x = std::sin(static_cast<double>(i) * 12.9898) * 43758.5453;
  return x - std::floor(x);
}

inline report::CandidateDays sample_days(int64_t num_cells, int64_t ticks, double level) {
  report::CandidateDays days;
  days.ticks = ticks;
  for (int64_t cell = 0; cell < num_cells; ++cell) {
    days.budget.push_back(2000.0 + 40.0 * static_cast<double>(cell % 48));
    days.cpa_limit.push_back(60.0 + static_cast<double>(cell % 48));
    double left = days.budget.back();
    for (int64_t tick = 0; tick < ticks; ++tick) {
      const double hour = static_cast<double>(tick) / static_cast<double>(ticks);
      const double alpha = days.cpa_limit.back() * level * (0.8 + 0.4 * scrambled(cell * ticks + tick)) *
                           (1.0 + 0.3 * std::sin(6.28 * hour));
      const double spend = std::min(left, 1.4 * level * days.budget.back() / static_cast<double>(ticks));
      left -= spend;
      const bool bids = spend > 0.0;
      days.alpha.push_back(bids ? alpha : std::nan(""));
      days.spend.push_back(spend);
      days.value.push_back(spend / 80.0);
      days.wins.push_back(bids ? std::floor(alpha * 3.0) : 0.0);
      days.price.push_back(bids ? 0.05 + 0.001 * alpha : std::nan(""));
    }
  }
  return days;
}

inline report::ReportCandidate sample_candidate(const std::string& name, int number, int64_t periods, int64_t seats) {
  report::ReportCandidate candidate;
  candidate.name = name;
  candidate.kind = number % 2 == 0 ? "policy" : "rule";
  for (int64_t period = 0; period < periods; ++period) {
    for (int64_t seat = 0; seat < seats; ++seat) {
      const int64_t id = (period * seats + seat) * 64 + number;
      report::CellOutcome cell;
      cell.period = 22 + period;
      cell.seat = seat;
      cell.budget = 2000.0 + 40.0 * static_cast<double>(seat);
      cell.cpa_limit = 60.0 + static_cast<double>(seat);
      cell.optimum = 20.0 + static_cast<double>(seat) + static_cast<double>(period % 5);
      cell.expected_conversions = cell.optimum * (0.5 + 0.4 * scrambled(id) - 0.02 * number);
      cell.expected_score = 0.95 * cell.expected_conversions;
      cell.conversions = std::floor(cell.expected_conversions * (0.7 + 0.6 * scrambled(id + 7)));
      cell.score = cell.conversions;
      cell.cost = cell.budget * (0.6 + 0.4 * scrambled(id + 3));
      candidate.cells.push_back(cell);
    }
  }
  candidate.days = sample_days(std::min<int64_t>(periods * seats, 96), 48, 0.6 + 0.06 * number);
  return candidate;
}

inline report::TableLine sample_line(const std::string& name, int number, bool compared) {
  const double score = 30.0 - 0.7 * number;
  report::TableLine line;
  line.name = name;
  line.kind = number % 2 == 0 ? "policy" : "rule";
  line.expected_score = {score, score - 2.1, score + 2.2};
  line.share_of_optimum = {score / 40.0, score / 40.0 - 0.02, score / 40.0 + 0.02};
  if (compared) {
    const double difference = 1.3 - 0.7 * number;
    line.difference = {difference, difference - 0.4 - scrambled(number), difference + 0.5 + scrambled(number)};
    line.p = number % 3 == 0 ? 0.0001 : scrambled(number);
    line.improvement = {0.5 + 0.04 * difference, 0.3, 0.7};
  }
  line.over_cpa = 0.3;
  line.budget_use = 0.8;
  line.score = line.conversions = score;
  return line;
}

inline report::Judgement sample_judgement(int candidates, int64_t periods = 6, int64_t seats = 48) {
  report::Judgement judgement;
  judgement.heading = "Judged: market, corrected, rules48";
  judgement.conditions = {{"rules", "corrected"}, {"population", "rules48"}, {"periods", "22..27"}};
  const std::string names[] = {"diffbid target_return 0.8",
                               "diffbid target_return 1.3",
                               "fixed_alpha 1 x CPA limit",
                               "<b>\"bold\" & 'quoted'</b>",
                               "a_policy_with_a_name_that_is_much_longer_than_any_chart_has_room_for_2",
                               "pid",
                               "Gebotsstrategie für Öl und Käse",
                               "模型 十二 的 名字 很 长 很 长 很 长",
                               "behavior_cloning",
                               "hindsight per_tick"};
  for (int i = 0; i < candidates; ++i) {
    std::string name = names[i % 10];
    if (i >= 10) name += " #" + std::to_string(i);
    judgement.candidates.push_back(sample_candidate(name, i % 12, periods, seats));
    judgement.table.lines.push_back(sample_line(name, i % 12, i != 2));
    if (i % 10 == 9) judgement.candidates.back().kind = "hindsight";
    if (i % 10 == 0) judgement.candidates.back().target_return = 0.8;
    if (i % 10 == 1) judgement.candidates.back().target_return = 1.3;
    if (i % 10 == 1) judgement.candidates.back().target_cpa = 0.9;
  }
  judgement.table.reference = names[2];
  judgement.table.axes = "6 periods";
  return judgement;
}

// An evaluation of campaigns' days: candidates from nearly even to very uneven.
inline report::CampaignJudgement sample_campaigns(int candidates) {
  const report::Judgement names = sample_judgement(candidates, 1, 1);
  report::CampaignJudgement judged;
  judged.conditions = {{"protocol", "campaigns"}, {"set", "test"}, {"samples", "483"}};
  judged.reference = names.candidates.back().name;
  for (int i = 0; i < candidates; ++i) {
    const double res = 0.96 - 0.03 * i;
    report::CampaignLine line;
    line.name = names.candidates[static_cast<size_t>(i)].name;
    line.trainings = i % 3;
    line.res = {res, res - 0.01, res + 0.01};
    if (i + 1 < candidates) {
      line.difference = {0.03 * (candidates - 1 - i), 0.02 * (candidates - 1 - i), 0.04 * (candidates - 1 - i)};
      line.p = i % 2 == 0 ? 0.0001 : 0.04;
    }
    line.gini = 0.02 + 0.015 * i;
    line.ggf = res * (1.0 - line.gini);
    line.worst_30 = res - 0.05 - 0.02 * i;
    line.worst_10 = res - 0.1 - 0.04 * i;
    line.violation_share = 0.1;
    line.excess = 0.02;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    line.types = {{res, 0.1, 0.01}, {res - 0.01, 0.2, 0.02}, {kNone, kNone, kNone}};
    if (i % 2 == 0) line.matching_accuracy = 0.7;
    report::CampaignSpread spread{line.name, {}, {}};
    for (const double x : report::kLorenzShares) spread.missing.push_back(4.0 * line.gini * x * (1.0 - x));
    for (const double x : report::kTailShares) spread.worst.push_back(res + 0.05 * (1.0 + i) * std::log(x));
    judged.lines.push_back(line);
    judged.spreads.push_back(spread);
  }
  return judged;
}

inline report::MetricCurve sample_metric(const std::string& name, int64_t lines, double scale) {
  const auto shift = static_cast<int64_t>(name.size());
  report::MetricCurve curve{name, {}, {}};
  for (int64_t i = 1; i <= lines; ++i) {
    curve.steps.push_back(static_cast<double>(50 * i));
    curve.values.push_back(scale *
                           (0.02 + 1.0 / (1.0 + 0.1 * static_cast<double>(i + shift)) + 0.05 * scrambled(i * shift)));
  }
  return curve;
}

inline report::ReportInput sample_input(int candidates, int64_t metric_lines) {
  report::ReportInput input;
  input.title = "Training <mine> & others";
  input.summary = {{"folder", "runs/a folder with a rather long name/and/several/parts/in/it/that/go/on"},
                   {"command", "genbid train runs/mine/config.yaml"},
                   {"program", "genbid 0.1.0, revision 1a2b3c4d5e6f"}};
  for (const char* name : {"train/loss", "train/loss/denoiser", "train/loss/inverse_dynamics", "train/learning_rate",
                           "train/steps_per_second", "train/gradient_norm", "held_out/loss/period_8",
                           "held_out/loss/period_9", "held_out/action_error/period_8"}) {
    input.metrics.push_back(sample_metric(name, metric_lines, std::string(name) == "train/learning_rate" ? 1e-4 : 1.0));
  }
  input.judgements = {sample_judgement(candidates)};
  input.config_yaml = "kind: train\nrun: runs/mine\nmodel:\n  name: \"<diffbid>\"\n";
  input.versions = {{"program", "genbid 0.1.0"}, {"LibTorch", "2.11"}};
  return input;
}

// An experiment of two scenarios, every second variant trained with three seeds.
inline report::ReportInput sample_experiment(int variants, int64_t metric_lines) {
  const report::Judgement names = sample_judgement(variants, 1, 2);
  report::Experiment experiment;
  experiment.missing = "1 of 9 cells are not done: pid (failed: evaluate: no <policy>).";
  for (const char* market : {"", "tight & <dear>"}) {
    report::TableBlock block;
    block.name = market;
    block.conditions = {{"protocol", "market"}, {"rules", "corrected"}, {"scenario", "0123456789abcdef"}};
    block.reference = names.table.reference;
    block.axes = "6 periods x 3 training seeds";
    block.lines = names.table.lines;
    for (size_t i = 0; i < block.lines.size(); i += 2) block.lines[i].trainings = 3;
    for (size_t i = 0; i < block.lines.size(); ++i) {
      statistics::CandidateCells& cells = block.cells.emplace_back();
      cells.name = block.lines[i].name;
      for (int64_t cell = 0; cell < 144; ++cell) {
        const std::optional<int64_t> seed = i % 2 == 0 ? std::optional(cell / 48) : std::nullopt;
        if (!seed && cell >= 48) break;
        const double share = 0.3 + 0.05 * static_cast<double>(i % 5) + 0.011 * static_cast<double>(cell % 48);
        cells.cells.push_back({{1, cell % 48 / 8, cell % 8}, seed, 1, 20.0 * share, 20.0});
      }
    }
    experiment.blocks.push_back(block);
  }
  for (int i = 0; i < variants; ++i) {
    const std::string& name = names.candidates[static_cast<size_t>(i)].name;
    if (i % 2 == 1) {
      experiment.cells.push_back({name, "", i == 5 ? "failed: evaluate: no <policy>" : "", {}});
      experiment.cells.back().links = {{"evaluation", "cells/a rule?/evaluation/report.html"}};
      continue;
    }
    report::VariantTrainings trainings{name, {}};
    for (int seed = 1; seed <= 3; ++seed) {
      trainings.runs.push_back({sample_metric("train/loss", metric_lines, 1.0 + 0.1 * i + 0.03 * seed),
                                sample_metric("held_out/action_error/period_8", metric_lines, 1.0 + 0.1 * i),
                                sample_metric("held_out/action_error/period_9", metric_lines, 1.1 + 0.1 * i)});
      experiment.cells.push_back({name, "seed " + std::to_string(seed), "", {}});
      experiment.cells.back().links = {{"training", "cells/a/report.html"}, {"evaluation", "cells/b/report.html"}};
    }
    experiment.trainings.push_back(std::move(trainings));
  }
  report::ReportInput input;
  input.title = "Experiment <mine>";
  input.summary = {{"folder", "runs/experiments/mine"}};
  input.experiment = std::move(experiment);
  input.config_yaml = "kind: ablate\nname: mine\n";
  input.versions = {{"program", "genbid 0.1.0"}};
  return input;
}

}  // namespace genbid::test
