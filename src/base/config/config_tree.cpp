#include "base/config/config_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid {
namespace {

constexpr size_t kMaxNodes = 1'000'000;  // aliases of aliases grow without bound otherwise

std::string dotted(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

size_t count_nodes(const ConfigNode& node) {
  size_t count = 1;
  for (const ConfigNode& child : node.children) count += count_nodes(child);
  return count;
}

// Builds the tree bottom-up: a node is moved into its parent when it is whole.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::function<std::string(int)>& place, std::string path) : place_(place), path_(std::move(path)) {}

  ConfigNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++num_documents_ > 1) {
      throw ConfigError(place(mark) +
                        ": found more text behind the document's end, expected one "
                        "YAML document");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(ConfigNode::Type::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw ConfigError(place(mark) + ": found an alias inside its own anchor");
    }
    ConfigNode node = found->second;
    node.where = place(mark);
    num_nodes_ += count_nodes(node);
    add(std::move(node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    ConfigNode node = make(ConfigNode::Type::kScalar, mark);
    node.text = value;
    node.quoted = tag != "?";  // yaml-cpp's tag for a plain scalar
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({make(ConfigNode::Type::kList, mark), anchor, {}, {}, false});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({make(ConfigNode::Type::kMap, mark), anchor, {}, {}, false});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    std::string key;
    std::string key_where;
    bool has_key = false;
  };

  std::string place(const YAML::Mark& mark) const { return place_(mark.line + 1); }

  ConfigNode make(ConfigNode::Type type, const YAML::Mark& mark) const {
    ConfigNode node;
    node.type = type;
    node.where = place(mark);
    return node;
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(ConfigNode node, YAML::anchor_t anchor) {
    if (++num_nodes_ > kMaxNodes) {
      throw ConfigError(node.where + ": found more than " + std::to_string(kMaxNodes) + " values, expected a config");
    }
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.type == ConfigNode::Type::kList) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.has_key) {
      set_key(parent, node);
    } else {
      node.key = std::move(parent.key);
      node.where = std::move(parent.key_where);
      parent.has_key = false;
      parent.node.children.push_back(std::move(node));
    }
  }

  void set_key(Open& parent, const ConfigNode& node) const {
    if (node.type != ConfigNode::Type::kScalar || node.text.empty()) {
      throw ConfigError(node.where + ": found " + describe(node) + " as a key, expected a name");
    }
    if (const ConfigNode* first = parent.node.find(node.text)) {
      std::string message = node.where + ": key '" + shown(dotted(path_of_open(), node.text)) + "': given twice";
      const size_t colon = first->where.rfind(':');
      if (first->where != node.where) message += ", first in line " + first->where.substr(colon + 1);
      throw ConfigError(message);
    }
    parent.key = node.text;
    parent.key_where = node.where;
    parent.has_key = true;
  }

  // Dotted path of the innermost open mapping: "seats[2].bidder".
  std::string path_of_open() const {
    std::string path = path_;
    for (size_t i = 0; i + 1 < open_.size(); ++i) {
      if (open_[i].node.type == ConfigNode::Type::kMap) {
        path = dotted(path, open_[i].key);
      } else {
        path.append("[").append(std::to_string(open_[i].node.children.size())).append("]");
      }
    }
    return path;
  }

  const std::function<std::string(int)>& place_;
  std::string path_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, ConfigNode> anchors_;
  ConfigNode root_;
  size_t num_nodes_ = 0;
  int num_documents_ = 0;
};

// Where the string in quotes that begins at `first` ends: the place of its closing quote, npos if there is none.
size_t closing_quote(const std::string& text, size_t first) {
  const char quote = text[first];
  for (size_t i = first + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i;
      ++i;  // '' stands for '
    }
  }
  return std::string::npos;
}

// Behind a closing quote YAML would take ` #...` for a comment and drop it without a word.
void refuse_rest(const std::string& text, size_t first, const std::string& where) {
  const size_t end = closing_quote(text, first);
  if (end == std::string::npos) return;  // the quote is never closed; the YAML parser reports that
  const size_t rest = text.find_first_not_of(" \t\n", end + 1);
  if (rest == std::string::npos) return;
  throw ConfigError(
      where + ": found '" + shown(std::string_view(text).substr(rest)) +
      "' behind the closing quote, expected nothing (what belongs to the value stands inside the quotes)");
}

// Within brackets a `#` that begins a word would begin a comment, and swallow the rest.
void refuse_comment(const std::string& text, const std::string& where) {
  char quote = '\0';
  size_t closed = 0;  // place of the last closing quote
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) {
        quote = '\0';
        closed = i;
      }
    } else if ((c == '"' || c == '\'') &&
               (i == 0 || std::string_view(" \t\n[{,:").find(text[i - 1]) != std::string_view::npos)) {
      quote = c;
    } else if (c == '#' && i > 0 &&
               (closed == i - 1 || std::string_view(" \t\n[]{},").find(text[i - 1]) != std::string_view::npos)) {
      throw ConfigError(where + ": found '" + shown(text.substr(i - 1, 2)) +
                        "' in a list or mapping, which YAML reads as a comment; expected it inside quotes");
    }
  }
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view name) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const ConfigNode& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

std::string describe(const ConfigNode& node) {
  switch (node.type) {
    case ConfigNode::Type::kNull:
      return "nothing";
    case ConfigNode::Type::kList:
      return "a list";
    case ConfigNode::Type::kMap:
      return "a mapping";
    case ConfigNode::Type::kScalar:
      break;
  }
  return "'" + shown(node.text) + "'" + (node.quoted ? " in quotes" : "");
}

ConfigNode parse_yaml(const std::string& text, const std::function<std::string(int)>& place, const std::string& path) {
  TreeBuilder builder(place, path);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    throw ConfigError(place(error.mark.line + 1) + ": not valid YAML: " + shown(error.msg));
  }
  return builder.take_root();
}

namespace {

// What is in brackets or in quotes, and lists and mappings of several lines, are read as YAML. Anything else is taken
// as it was typed, so that `#`, `: `, `%` and line feeds may be part of a value; only an empty text and YAML's words
// for null stand for nothing, as they do in a file.
ConfigNode override_value(const std::string& text, const std::string& path, const std::string& where) {
  const auto place = [&](int /*line*/) { return where; };
  const size_t first = text.find_first_not_of(" \t");
  if (first != std::string::npos && std::string_view("[{\"'").find(text[first]) != std::string_view::npos) {
    if (text[first] == '[' || text[first] == '{') {
      refuse_comment(text, where);
    } else {
      refuse_rest(text, first, where);
    }
    return parse_yaml(" " + text, place, path);
  }
  if (text.find('\n') != std::string::npos) {
    ConfigNode lines = parse_yaml(text, place, path);
    // In a plain text of several lines, YAML turns line feeds into spaces.
    if (lines.type == ConfigNode::Type::kScalar && !lines.quoted) lines.text = text;
    return lines;
  }
  ConfigNode value;
  value.where = where;
  const std::array kNulls = {"~", "null", "Null", "NULL"};
  if (first == std::string::npos || std::find(kNulls.begin(), kNulls.end(), text) != kNulls.end()) return value;
  value.type = ConfigNode::Type::kScalar;
  value.text = text;
  return value;
}

}  // namespace

void apply_override(ConfigNode& root, const std::string& text) {
  std::string where = "command line: ";  // the place of all that it gives
  where += shown(text);
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    throw ConfigError(where + ": found no '=', expected section.key=value");
  }
  const std::string path = text.substr(0, equals);
  std::vector<std::string> keys(1);
  for (const char c : path) {
    if (c == '.')
      keys.emplace_back();
    else
      keys.back() += c;
  }
  const bool good = std::none_of(keys.begin(), keys.end(), [](const std::string& key) {
    return key.empty() || key.find_first_of(" \t\n") != std::string::npos;
  });
  if (!good) throw ConfigError(where + ": found the key '" + shown(path) + "', expected section.key=value");

  ConfigNode value = override_value(text.substr(equals + 1), path, where);
  value.where = where;

  const auto fail = [&](const std::string& key, const ConfigNode& node) {
    throw ConfigError(where + ": key '" + shown(key) + "': holds " + describe(node) + " (" + node.where +
                      "), expected a mapping");
  };
  ConfigNode* node = &root;
  std::string walked;
  for (const std::string& key : keys) {
    if (node->type != ConfigNode::Type::kNull && node->type != ConfigNode::Type::kMap) fail(walked, *node);
    node->type = ConfigNode::Type::kMap;
    walked = dotted(walked, key);
    const ConfigNode* child = node->find(key);
    if (child == nullptr) {
      ConfigNode fresh;
      fresh.key = key;
      fresh.where = where;
      node->children.push_back(std::move(fresh));
      child = &node->children.back();
    }
    node = &at(node->children, child - node->children.data());
  }
  value.key = node->key;
  *node = std::move(value);
}

}  // namespace genbid
