#include "runs/ablate_cells.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "base/config/config_paths.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/run_dir.h"
#include "base/shown.h"
#include "play/run_identity.h"
#include "runs/evaluate_candidates.h"
#include "serve/bundle_files.h"

namespace genbid::runs {
namespace {

constexpr std::array<std::string_view, 5> kTrainSections = {"run", "data", "tapes", "model", "train"};
const char* const kTrained = "trained";

// "model.width=256": to which of the two configs it belongs is said by its first word.
bool is_of_training(const std::string& change) {
  const std::string first = change.substr(0, change.find_first_of(".="));
  return std::find(kTrainSections.begin(), kTrainSections.end(), first) != kTrainSections.end();
}

// What an experiment decides for its cells.
void refuse_own(const std::string& change) {
  const std::string key = change.substr(0, change.find('='));
  for (const char* own : {"run", "train.seed", "policy", "reference", "threads", "output"}) {
    if (key != own && !key.starts_with(std::string(own) + ".")) continue;
    throw ConfigError("set: found '" + shown(change) + "', which the experiment decides for its cells itself");
  }
}

struct Change {
  std::string key;
  std::vector<std::string> values;
};

Change parse_grid(const std::string& text) {
  const size_t equals = text.find('=');
  const auto fail = [&] { throw ConfigError("grid: found '" + shown(text) + "', expected key=[value, value]"); };
  if (equals == std::string::npos || equals == 0) fail();
  Change change{text.substr(0, equals), {}};
  try {
    const YAML::Node list = YAML::Load(text.substr(equals + 1));
    if (!list.IsSequence() || list.size() == 0) fail();
    for (const YAML::Node& value : list) {
      YAML::Emitter out;
      out << YAML::Flow << value;
      change.values.emplace_back(out.c_str());
    }
  } catch (const YAML::Exception&) {
    fail();
  }
  return change;
}

// A variant without a grid: what it sets, and how it is called.
struct Plain {
  VariantConfig variant;
  std::string name;
};

std::string name_of(const VariantConfig& variant) {
  if (!variant.name.empty()) return variant.name;
  if (variant.policy.size() == 1 && variant.policy[0].policy != kTrained) {
    const CandidateConfig& one = variant.policy[0];
    if (!one.name.empty()) return one.name;
    if (one.is_rule()) return bidders::bidder_label(one.rule);
    if (one.policy == "hindsight") return "hindsight " + one.choice;
    return one.policy;
  }
  std::string name;
  for (const std::string& change : variant.set) name += (name.empty() ? "" : " ") + change;
  return name.empty() ? variant.train : name;
}

// The product of a variant's grid.
std::vector<Plain> without_grid(const VariantConfig& variant) {
  std::vector<Plain> plain = {{variant, name_of(variant)}};
  for (const std::string& text : variant.grid) {
    const Change change = parse_grid(text);
    std::vector<Plain> more;
    for (const Plain& one : plain) {
      for (const std::string& value : change.values) {
        Plain next = one;
        const std::string set = change.key + "=" + value;
        next.variant.set.push_back(set);
        next.name += (next.name.empty() ? "" : " ") + set;
        more.push_back(std::move(next));
      }
    }
    plain = std::move(more);
  }
  return plain;
}

template <typename Config>
Config read_config(const std::string& path, const std::string& kind, const std::vector<std::string>& changes) {
  const ConfigFile file = ConfigFile::load(path, changes);
  if (file.kind() != kind) {
    throw ConfigError(path + ": key 'kind': found '" + file.kind() + "', expected '" + kind + "'");
  }
  Config config;
  file.read(config);
  return config;
}

class Builder {
 public:
  explicit Builder(const AblateConfig& config) : config_(config) {}

  void add(const VariantConfig& variant, const std::string& name) {
    if (is_evaluation_name(folder_name(name))) {
      throw ConfigError("found a variant named '" + shown(name) +
                        "', which an evaluation calls something of its own; expected another name");
    }
    if (name.empty())
      throw ConfigError("found a variant that changes nothing, expected a name or something that it sets");
    if (!folders_.insert(folder_name(name)).second) {
      throw ConfigError("found two variants named '" + shown(name) + "', expected a `name` of its own for each");
    }
    try {
      add_cells(variant, name);
    } catch (const Error& error) {
      throw ConfigError("variant '" + shown(name) + "': " + error.what());
    }
  }
  std::vector<AblateCell> take() { return std::move(cells_); }

 private:
  void add_cells(const VariantConfig& variant, const std::string& name) {
    std::vector<std::string> for_training;
    std::vector<std::string> for_evaluation;
    for (const auto* changes : {&config_.set, &variant.set}) {
      for (const std::string& change : *changes) {
        refuse_own(change);
        (is_of_training(change) ? for_training : for_evaluation).push_back(change);
      }
    }
    const bool trains = variant.policy.empty() || variant.policy[0].policy == kTrained;
    const std::string train = variant.train.empty() ? config_.train : variant.train;
    if (trains && train.empty()) throw ConfigError("found nothing to train or judge, expected `train` or `policy`");
    const auto own_training = std::find_if(variant.set.begin(), variant.set.end(), is_of_training);
    if (!trains && own_training != variant.set.end()) {
      throw ConfigError("found '" + shown(*own_training) +
                        "', expected no key of a training: its policy is not trained");
    }
    for (const int64_t seed : config_.seeds.values) {
      AblateCell cell;
      cell.variant = name;
      cell.folder = config_.folder() + "/cells/" + folder_name(name);
      if (trains) {
        cell.seed = seed;
        cell.folder += "/seed-" + std::to_string(seed);
        cell.train = training(train, for_training, seed, cell.folder);
      }
      add_markets(variant, for_evaluation, cell);
      cells_.push_back(std::move(cell));
      if (!trains) return;
    }
  }

  static TrainRunConfig training(const std::string& path, const std::vector<std::string>& changes, int64_t seed,
                                 const std::string& folder) {
    auto config = read_config<TrainRunConfig>(path, "train", changes);
    config.run = folder;
    config.train.seed = seed;
    // How many threads there are may change the last bits of a training, so it is a part of what a cell is.
    if (config.train.threads == 0) config.train.threads = 1;
    if (!config.train.prometheus.empty()) config.train.prometheus = folder + "/train.prom";  // one a cell
    return config;
  }

  void add_markets(const VariantConfig& variant, const std::vector<std::string>& changes, AblateCell& cell) const {
    if (config_.markets.empty()) {
      cell.markets.push_back({"", evaluation(variant, changes, cell, "evaluation")});
    }
    std::set<std::string> folders;
    for (const JudgedMarketConfig& market : config_.markets) {
      std::vector<std::string> all = changes;
      for (const std::string& change : market.set) {
        refuse_own(change);
        if (is_of_training(change)) {
          throw ConfigError("markets: found '" + shown(change) + "', expected keys of the evaluation");
        }
        all.push_back(change);
      }
      const std::string folder = "evaluation-" + folder_name(market.name);
      if (!folders.insert(folder).second) {
        throw ConfigError("markets: found two named '" + shown(market.name) + "', expected a name of its own for each");
      }
      cell.markets.push_back({market.name, evaluation(variant, all, cell, folder)});
    }
  }

  EvaluateConfig evaluation(const VariantConfig& variant, const std::vector<std::string>& changes,
                            const AblateCell& cell, const std::string& folder) const {
    auto config = read_config<EvaluateConfig>(config_.evaluate, "evaluate", changes);
    CandidateConfig candidate = variant.policy.empty() ? CandidateConfig() : variant.policy[0];
    if (cell.train) candidate.policy = cell.folder;
    candidate.name = cell.variant;
    config.policy = {candidate};
    config.reference.clear();
    config.output.dir = cell.folder + "/" + folder;
    config.output.hindsight = config_.folder() + "/hindsight";
    config.output.shard.clear();
    config.threads = 1;
    // What is checked where settings meet is checked again with who is judged.
    EvaluateConfig checked;
    ConfigFile::parse(print_config(config, "evaluate"), config_.evaluate).read(checked);
    return checked;
  }

  const AblateConfig& config_;
  std::set<std::string> folders_;
  std::vector<AblateCell> cells_;
};

// An identity as this program writes it, or as earlier ones did.
enum class Wording { kNow, kEarlier };

// The hash of a file, read once for all cells.
std::string known_hash(const std::string& path) {
  static std::map<std::string, std::string> hashes;
  const auto [known, added] = hashes.try_emplace(path);
  if (added) known->second = file_content_hash(path);
  return known->second;
}

// The hash of the weights that a checkpoint, a run or a bundle has now; where there are none, the path stands for them.
std::string weights_of(const std::string& path, Wording wording) {
  std::string folder = path;
  if (std::filesystem::is_directory(path + "/checkpoints")) {
    const std::vector<std::string> checkpoints = RunDir::open(path).checkpoints();
    if (!checkpoints.empty()) folder = checkpoints.back();
  }
  const std::string file = folder + "/model.safetensors";
  if (std::filesystem::is_regular_file(file)) return known_hash(file);
  // Of a bundle the file that has the hashes of all others.
  if (wording == Wording::kNow && serve::is_bundle(path)) {
    return known_hash(serve::bundle_folder(path) + "/" + serve::kBundleFile);
  }
  return path;
}

void take_weights(CandidateConfig& candidate, Wording wording) {
  if (candidate.is_policy()) candidate.policy = "weights " + weights_of(candidate.policy, wording);
}

// Files of settings that are named by path stand there by what they hold, a population's with the tables that it names.
template <typename Config>
void take_contents(Config& config, int num_seats, Wording wording) {
  for_each_path(config, [&](const std::string& key, std::string& path) {
    if (!std::filesystem::is_regular_file(path)) return;
    const bool names_files = wording == Wording::kNow && key.ends_with("population");
    path = "content " + (names_files ? play::population_content(path, num_seats) : known_hash(path));
  });
}

std::string market_of(EvaluateConfig config) {
  config.policy.clear();
  config.output = {};
  config.cache_megabytes = 0;
  return print_config(config, "evaluate");
}

std::string identity_of(const AblateCell& cell, Wording wording, PrintFor purpose = PrintFor::kReading) {
  std::string text;
  if (cell.train) {
    TrainRunConfig config = *cell.train;
    config.run.clear();
    config.data.memory_megabytes = 0;
    config.data.scratch.clear();
    for (StoreConfig& store : config.data.store) store.path = "content " + known_hash(store.path);
    for (TapeFileConfig& store : config.tapes.store) store.path = "content " + known_hash(store.path);
    config.train.prometheus.clear();
    config.train.log_every = config.train.checkpoint_every = config.train.keep = 1;
    config.train.save_patience = 0;
    config.train.rank_timeout = 1;
    if (wording == Wording::kNow) {
      std::string& initial = config.train.initial;
      if (!initial.empty()) initial = "weights " + weights_of(initial, wording);
      if (config.select.every > 0) take_contents(config.select.market, config.select.market.shape().seats, wording);
      if (config.rounds.on()) take_contents(config.rounds.market, config.rounds.market.shape().seats, wording);
    }
    text += print_config(config, "train", purpose) + "---\n";
  }
  for (const JudgedMarket& market : cell.markets) {
    EvaluateConfig config = market.evaluate;
    config.output = {};
    config.cache_megabytes = 0;
    if (cell.train) {
      config.policy[0].policy = kTrained;
    } else {
      take_weights(config.policy[0], wording);
    }
    if (wording == Wording::kNow) {
      for (CandidateConfig& opponent : config.platform.opponent) take_weights(opponent, wording);
    }
    take_contents(config, config.in_market() ? config.market.shape().seats : kNumSeats, wording);
    text += (&market == cell.markets.data() ? "" : "---\n") + print_config(config, "evaluate", purpose);
  }
  return text;
}

}  // namespace

std::string AblateCell::label() const { return seed ? variant + ", seed " + std::to_string(*seed) : variant; }

std::vector<AblateCell> ablate_cells(const AblateConfig& config) {
  Builder builder(config);
  if (!config.train.empty()) builder.add(VariantConfig(), config.base);
  for (const VariantConfig& variant : config.variants) {
    for (const Plain& plain : without_grid(variant)) builder.add(plain.variant, plain.name);
  }
  std::vector<AblateCell> cells = builder.take();
  reference_of(config, cells);
  for (AblateCell& cell : cells) {
    for (JudgedMarket& market : cell.markets) market.market = market_of(market.evaluate);
    cell.identity = identity_of(cell, Wording::kNow);
    cell.lean_identity = identity_of(cell, Wording::kNow, PrintFor::kComparing);
    cell.earlier_identity = identity_of(cell, Wording::kEarlier);
  }
  return cells;
}

std::vector<std::string> variant_names(const std::vector<AblateCell>& cells) {
  std::vector<std::string> names;
  for (const AblateCell& cell : cells) {
    if (names.empty() || names.back() != cell.variant) names.push_back(cell.variant);
  }
  return names;
}

std::string reference_of(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const std::vector<std::string> names = variant_names(cells);
  if (config.reference.empty()) return names.front();
  if (std::find(names.begin(), names.end(), config.reference) == names.end()) {
    throw ConfigError("reference: found '" + shown(config.reference) + "', expected one of " + listed(names));
  }
  return config.reference;
}

}  // namespace genbid::runs
