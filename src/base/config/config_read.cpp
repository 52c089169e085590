#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/config/config.h"
#include "base/config/config_tree.h"
#include "base/config/config_value.h"
#include "base/config/home_path.h"
#include "base/error.h"
#include "base/config/config_given.h"
#include "base/shown.h"

namespace genbid {
namespace {

// Edit distance that counts a swap of neighbours as one edit.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

// The key of `known` that `key` is most likely a slip of; nothing if none is close.
std::optional<std::string> nearest(const std::string& key, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, key.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = edit_distance(key, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string dotted(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::vector<std::string> keys_of(const ConfigNode* node) {
  std::vector<std::string> keys;
  if (node != nullptr) {
    for (const ConfigNode& child : node->children) keys.push_back(child.key);
  }
  return keys;
}

std::string default_text(bool value) { return value ? "true" : "false"; }
std::string default_text(int64_t value) { return std::to_string(value); }
std::string default_text(double value) { return real_text(value); }
std::string default_text(const std::string& value) { return value; }
std::string default_text(const std::vector<std::string>& value) {
  return std::string("[").append(join(value, ", ")).append("]");
}
std::string default_text(const std::vector<double>& value) {
  std::vector<std::string> texts;
  for (const double one : value) texts.push_back(real_text(one));
  return default_text(texts);
}
std::string default_text(const PeriodList& value) { return period_text(value); }
std::string default_text(const RealInterval& value) { return interval_text(value); }

class ConfigReader : public ConfigVisitor {
 public:
  ConfigReader(const ConfigNode& root, std::string name) : name_(std::move(name)) {
    enter("", &root);
    scopes_[""].known.emplace_back("kind");
  }

  void field(std::string_view key, bool& value) override {
    read(key, value, [&](const ConfigNode& node) {
      const bool plain = node.type == ConfigNode::Type::kScalar && !node.quoted;
      if (!plain || (node.text != "true" && node.text != "false")) fail(node, key, "true or false");
      value = node.text == "true";
    });
  }

  void field(std::string_view key, int64_t& value, IntRange range) override {
    read(key, value, [&](const ConfigNode& node) {
      const auto parsed = is_plain(node) ? parse_integer(node.text) : std::nullopt;
      if (!parsed || *parsed < range.low || *parsed > range.high) fail(node, key, describe(range));
      value = *parsed;
    });
  }

  void field(std::string_view key, double& value, RealRange range) override {
    read(key, value, [&](const ConfigNode& node) {
      const auto parsed = is_plain(node) ? parse_real(node.text) : std::nullopt;
      if (!parsed || *parsed < range.low || *parsed > range.high) fail(node, key, describe(range));
      value = *parsed;
    });
  }

  void field(std::string_view key, std::optional<double>& value, RealRange range) override {
    const ConfigNode* node = find(key);
    if (node != nullptr && node->type != ConfigNode::Type::kNull) {
      double given = 0.0;
      field(key, given, range);
      value = given;
    } else {
      note(key);
      if (node != nullptr) value.reset();
      defaults_[dotted(stack_.back(), key)] = value ? real_text(*value) : "";
    }
  }

  void path(std::string_view key, std::string& value, bool may_be_empty) override {
    read(key, value, [&](const ConfigNode& node) {
      if (!is_text(node) || (node.text.empty() && !may_be_empty)) fail(node, key, "a path");
      value = expand_home(node.text, place(node, key));
    });
  }

  void path(std::string_view key, std::vector<std::string>& value) override {
    read(key, value, [&](const ConfigNode& node) {
      std::vector<std::string> paths;
      const auto append = [&](const ConfigNode& item) {
        if (!is_text(item) || item.text.empty()) fail(item, key, "a path or a list of paths");
        paths.push_back(expand_home(item.text, place(item, key)));
      };
      if (node.type == ConfigNode::Type::kList) {
        for (const ConfigNode& item : node.children) append(item);
      } else {
        append(node);
      }
      value = std::move(paths);
    });
  }

  void field(std::string_view key, std::string& value) override {
    read(key, value, [&](const ConfigNode& node) {
      if (!is_text(node)) fail(node, key, "a string");
      value = node.text;
    });
  }

  void field(std::string_view key, std::string& value, const std::vector<std::string>& choices) override {
    read(key, value, [&](const ConfigNode& node) {
      const bool known = is_text(node) && std::find(choices.begin(), choices.end(), node.text) != choices.end();
      if (!known) fail(node, key, "one of " + join(choices, ", "));
      value = node.text;
    });
  }

  void field(std::string_view key, std::vector<std::string>& value) override {
    read(key, value, [&](const ConfigNode& node) {
      const std::string expected = "a string or a list of strings";
      if (node.type == ConfigNode::Type::kScalar) {
        value = {node.text};
        return;
      }
      if (node.type != ConfigNode::Type::kList) fail(node, key, expected);
      std::vector<std::string> texts;
      for (const ConfigNode& item : node.children) {
        if (!is_text(item)) fail(item, key, expected);
        texts.push_back(item.text);
      }
      value = std::move(texts);
    });
  }

  void field(std::string_view key, std::vector<double>& value, RealRange range) override {
    read(key, value, [&](const ConfigNode& node) {
      std::vector<double> numbers;
      const auto append = [&](const ConfigNode& item) {
        const auto parsed = is_plain(item) ? parse_real(item.text) : std::nullopt;
        if (!parsed || !(*parsed >= range.low && *parsed <= range.high)) fail(item, key, describe(range));
        numbers.push_back(*parsed);
      };
      if (node.type == ConfigNode::Type::kList) {
        for (const ConfigNode& item : node.children) append(item);
      } else {
        append(node);
      }
      value = std::move(numbers);
    });
  }

  void field(std::string_view key, PeriodList& value, std::string_view one) override {
    read(key, value, [&](const ConfigNode& node) {
      const std::string expected = std::string(one) + "s such as 21, 7..20 or [7..9, 12]";
      PeriodReader periods;
      const auto append = [&](const ConfigNode& item) {
        if (item.type != ConfigNode::Type::kScalar) fail(item, key, expected);
        periods.append(item.text, place(item, key), one);
      };
      if (node.type == ConfigNode::Type::kList) {
        for (const ConfigNode& item : node.children) append(item);
      } else {
        append(node);
      }
      value.values = periods.take();
    });
  }

  void field(std::string_view key, RealInterval& value, RealRange range) override {
    read(key, value, [&](const ConfigNode& node) {
      const auto end = [&](const ConfigNode& one) {
        const auto parsed = is_plain(one) ? parse_real(one.text) : std::nullopt;
        if (!parsed || !(*parsed >= range.low && *parsed <= range.high)) fail(one, key, describe(range));
        return *parsed;
      };
      if (node.type == ConfigNode::Type::kList) {
        if (node.children.size() != 2) fail(node, key, "two numbers, [LOW, HIGH], or one");
        const RealInterval given = {end(node.children[0]), end(node.children[1])};
        if (given.low > given.high) {
          throw ConfigError(place(node, key) + ": found " + interval_text(given) + ", expected the lower number first");
        }
        value = given;
      } else {
        value.low = value.high = end(node);
      }
    });
  }

  bool gives(std::string_view key) { return find(key) != nullptr; }

  void check(bool good, std::string_view key, std::string_view expected) override {
    if (good) return;
    const ConfigNode* node = find_below(key);
    if (node != nullptr) fail(*node, key, std::string(expected));
    const std::string path = dotted(stack_.back(), key);
    const auto value = defaults_.find(path);
    const std::string found = value == defaults_.end() ? "nothing" : "the default '" + value->second + "'";
    throw ConfigError(scope_place() + ": key '" + path + "': found " + found + ", expected " + std::string(expected));
  }

  // One error names everything that the file holds and no field() asked for, or the first of very much.
  void finish() const {
    constexpr size_t kMost = 20;
    std::vector<std::string> problems;
    size_t more = 0;
    for (const std::string& path : order_) {
      const Scope& scope = scopes_.at(path);
      if (scope.node == nullptr) continue;
      for (const ConfigNode& child : scope.node->children) {
        if (knows(scope, child.key)) continue;
        if (problems.size() < kMost) {
          problems.push_back(unknown(path, child));
        } else {
          ++more;
        }
      }
    }
    if (more > 0) problems.push_back("... and " + std::to_string(more) + " more unknown keys");
    if (!problems.empty()) throw ConfigError(join(problems, "\n"));
  }

 protected:
  void require(std::string_view key) override {
    if (find(key) != nullptr) return;
    // The key may be there, misspelt. finish() would say so, but after this error it is not reached, so it is said
    // here.
    const Scope& scope = scopes_.at(stack_.back());
    std::vector<std::string> left;
    for (const std::string& given : keys_of(scope.node)) {
      if (!knows(scope, given)) left.push_back(given);
    }
    std::string message = scope_place() + ": key '" + dotted(stack_.back(), key) + "': missing, expected ";
    message += stack_.back().empty() ? "at the top level" : "in section '" + stack_.back() + "'";
    if (const auto near = nearest(std::string(key), left)) {
      message += " (which has '" + shown(*near) + "', " + scope.node->find(*near)->where + ")";
    }
    throw ConfigError(message);
  }

  void begin_section(std::string_view key) override {
    const ConfigNode* node = find(key);
    note(key);
    if (node != nullptr && node->type == ConfigNode::Type::kNull) node = nullptr;  // lines all commented out
    if (node != nullptr && node->type != ConfigNode::Type::kMap) fail(*node, key, "a mapping");
    enter(dotted(stack_.back(), key), node);
  }
  void end_section() override { stack_.pop_back(); }

  int64_t begin_list(std::string_view key, std::string_view scalar_key) override {
    const ConfigNode* node = find(key);
    note(key);
    List list{dotted(stack_.back(), key), node, std::string(scalar_key)};
    int64_t count = kKeep;
    if (node != nullptr) {
      const bool is_list = node->type == ConfigNode::Type::kList;
      if (!is_list && !is_item(*node, scalar_key)) {
        fail(*node, key, list_item(scalar_key) + ", or a list of these");
      }
      count = is_list ? std::ssize(node->children) : 1;
    }
    lists_.push_back(std::move(list));
    return count;
  }

  void begin_item(int64_t index) override {
    const List& list = lists_.back();
    const std::string path = list.path + "[" + std::to_string(index) + "]";
    const ConfigNode* item = list.node;
    if (item != nullptr && item->type == ConfigNode::Type::kList) {
      item = &at(item->children, index);
    }
    if (item != nullptr && !is_item(*item, list.scalar_key)) {
      throw ConfigError(item->where + ": key '" + path + "': found " + describe(*item) + ", expected " +
                        list_item(list.scalar_key));
    }
    if (item != nullptr && item->type == ConfigNode::Type::kScalar) {
      auto mapping = std::make_unique<ConfigNode>();
      mapping->type = ConfigNode::Type::kMap;
      mapping->where = item->where;
      mapping->children.push_back(*item);
      mapping->children.back().key = list.scalar_key;
      item = mapping.get();
      made_.push_back(std::move(mapping));
    }
    enter(path, item);
  }
  void end_item() override { stack_.pop_back(); }
  void end_list() override { lists_.pop_back(); }

 private:
  struct Scope {
    const ConfigNode* node = nullptr;  // null where the file leaves the section out
    std::vector<std::string> known;    // keys that fields() named
  };
  struct List {
    std::string path;
    const ConfigNode* node;
    std::string scalar_key;
  };

  static bool is_plain(const ConfigNode& node) { return node.type == ConfigNode::Type::kScalar && !node.quoted; }
  static bool is_text(const ConfigNode& node) {  // `key:` alone is the empty string
    return node.type == ConfigNode::Type::kScalar || node.type == ConfigNode::Type::kNull;
  }
  static bool is_item(const ConfigNode& node, std::string_view scalar_key) {
    return node.type == ConfigNode::Type::kMap || (node.type == ConfigNode::Type::kScalar && !scalar_key.empty());
  }
  static std::string list_item(std::string_view scalar_key) {
    return scalar_key.empty() ? "a mapping" : "a " + std::string(scalar_key) + " or a mapping";
  }
  static bool knows(const Scope& scope, const std::string& key) {
    return std::find(scope.known.begin(), scope.known.end(), key) != scope.known.end();
  }

  void enter(const std::string& path, const ConfigNode* node) {
    const auto [scope, fresh] = scopes_.try_emplace(path);
    if (fresh) {
      scope->second.node = node;
      order_.push_back(path);
    }
    stack_.push_back(path);
  }

  const ConfigNode* find(std::string_view key) const {
    const ConfigNode* node = scopes_.at(stack_.back()).node;
    return node == nullptr ? nullptr : node->find(key);
  }

  // That of a key of a section below this one too: `tapes.store`.
  const ConfigNode* find_below(std::string_view key) const {
    const ConfigNode* node = scopes_.at(stack_.back()).node;
    for (size_t begin = 0; node != nullptr && begin <= key.size();) {
      const size_t end = std::min(key.find('.', begin), key.size());
      node = node->find(key.substr(begin, end - begin));
      begin = end + 1;
    }
    return node;
  }

  void note(std::string_view key) {
    Scope& scope = scopes_.at(stack_.back());
    if (!knows(scope, std::string(key))) scope.known.emplace_back(key);
  }

  template <typename T, typename Parse>
  void read(std::string_view key, T& value, const Parse& parse) {
    note(key);
    if (const ConfigNode* node = find(key)) {
      parse(*node);
    } else {
      defaults_[dotted(stack_.back(), key)] = default_text(value);
    }
  }

  std::string place(const ConfigNode& node, std::string_view key) const {
    return node.where + ": key '" + dotted(stack_.back(), key) + "'";
  }
  [[noreturn]] void fail(const ConfigNode& node, std::string_view key, const std::string& expected) const {
    throw ConfigError(place(node, key) + ": found " + describe(node) + ", expected " + expected);
  }
  std::string scope_place() const {
    const ConfigNode* node = scopes_.at(stack_.back()).node;
    return node == nullptr || stack_.back().empty() ? name_ : node->where;
  }

  std::string unknown(const std::string& path, const ConfigNode& node) const {
    const std::string message = node.where + ": key '" + shown(dotted(path, node.key)) + "': unknown; ";
    const Scope& scope = scopes_.at(path);
    std::vector<std::string> guesses;
    if (const auto near = nearest(node.key, scope.known)) guesses.push_back(dotted(path, *near));
    for (const std::string& other : order_) {
      if (other == path) continue;
      if (knows(scopes_.at(other), node.key)) guesses.push_back(dotted(other, node.key));
    }
    // `train.steps: 5` is the form of the command line.
    const size_t dot = node.key.rfind('.');
    const auto section = scopes_.find(path.empty() && dot != std::string::npos ? node.key.substr(0, dot) : path);
    if (section != scopes_.end() && knows(section->second, node.key.substr(dot + 1))) {
      return message + "write '" + node.key.substr(dot + 1) + "' under '" + section->first + ":'";
    }
    if (!guesses.empty()) return message + "did you mean '" + join(guesses, "' or '") + "'?";
    const std::string keys = join(scope.known, ", ");
    return message + "expected " + (keys.empty() ? "no key here" : "one of " + keys);
  }

  std::string name_;
  std::map<std::string, Scope> scopes_;  // by dotted path
  std::vector<std::string> order_;       // the same paths, first visited first
  std::vector<std::string> stack_;       // paths of the open scopes
  std::vector<List> lists_;
  std::vector<std::unique_ptr<ConfigNode>> made_;  // mappings that stand for scalars
  std::map<std::string, std::string> defaults_;    // of fields the file leaves out, for check()
};

}  // namespace

bool is_given(ConfigVisitor& v, std::string_view key) {
  auto* const reader = dynamic_cast<ConfigReader*>(&v);
  return reader != nullptr && reader->gives(key);
}

struct ConfigFile::Impl {
  ConfigNode root;
  std::string name;
};

ConfigFile::ConfigFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;
ConfigFile::~ConfigFile() = default;

ConfigFile ConfigFile::load(const std::string& path, const std::vector<std::string>& overrides) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError(error.what());
  }
  return parse(text, path, overrides);
}

ConfigFile ConfigFile::parse(const std::string& text, const std::string& name,
                             const std::vector<std::string>& overrides) {
  auto impl = std::make_unique<Impl>();
  impl->name = name;
  impl->root = parse_yaml(
      text, [&](int line) { return name + ":" + std::to_string(line); }, "");
  if (impl->root.type == ConfigNode::Type::kNull) impl->root.type = ConfigNode::Type::kMap;
  if (impl->root.type != ConfigNode::Type::kMap) {
    throw ConfigError(impl->root.where + ": found " + describe(impl->root) + ", expected keys with values");
  }
  for (const std::string& text_of_override : overrides) apply_override(impl->root, text_of_override);
  return ConfigFile(std::move(impl));
}

std::string ConfigFile::kind() const {
  ConfigReader reader(impl_->root, impl_->name);
  std::string kind;
  static_cast<ConfigVisitor&>(reader).required("kind", kind);
  return kind;
}

ConfigFile::Reader::Reader(const ConfigFile& file)
    : visitor_(std::make_unique<ConfigReader>(file.impl_->root, file.impl_->name)) {}
ConfigFile::Reader::~Reader() = default;
ConfigVisitor& ConfigFile::Reader::visitor() { return *visitor_; }
void ConfigFile::Reader::finish() { static_cast<ConfigReader&>(*visitor_).finish(); }

}  // namespace genbid
