#include <algorithm>

#include "base/config/config.h"
#include "base/config/config_value.h"

namespace genbid {
namespace {

// A text stands plain where every YAML reader takes it for that string, in a list too, and in double quotes elsewhere.
bool is_plain_string(const std::string& text) {
  static const std::vector<std::string> kWords = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty()) return false;
  const bool path = text.starts_with("/") || text.starts_with("./") || text.starts_with("../");
  if (!path && !is_letter(text[0]) && text[0] != '_') return false;
  const bool safe = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-+./@=~*%").find(c) != std::string_view::npos;
  });
  if (!safe) return false;
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

std::string string_text(const std::string& text) {
  if (is_plain_string(text)) return text;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

class Printer : public ConfigVisitor {
 public:
  explicit Printer(PrintFor purpose) : purpose_(purpose) {}

  const std::string& text() const { return text_; }

  void field(std::string_view key, bool& value) override { line(key, value ? "true" : "false"); }
  void field(std::string_view key, int64_t& value, IntRange /*range*/) override { line(key, std::to_string(value)); }
  void field(std::string_view key, double& value, RealRange /*range*/) override { line(key, real_text(value)); }
  void field(std::string_view key, std::string& value) override { line(key, string_text(value)); }
  void field(std::string_view key, std::string& value, const std::vector<std::string>& /*choices*/) override {
    line(key, string_text(value));
  }
  void field(std::string_view key, std::vector<std::string>& value) override {
    std::string list;
    for (const std::string& text : value) list += (list.empty() ? "" : ", ") + string_text(text);
    line(key, "[" + list + "]");
  }
  void field(std::string_view key, std::vector<double>& value, RealRange /*range*/) override {
    std::string list;
    for (const double one : value) list += (list.empty() ? "" : ", ") + real_text(one);
    line(key, "[" + list + "]");
  }
  void field(std::string_view key, PeriodList& value, std::string_view /*one*/) override {
    line(key, period_text(value));
  }
  void field(std::string_view key, RealInterval& value, RealRange /*range*/) override {
    line(key, interval_text(value));
  }
  void field(std::string_view key, std::optional<double>& value, RealRange /*range*/) override {
    line(key, value ? real_text(*value) : "null");
  }
  void path(std::string_view key, std::string& value, bool /*may_be_empty*/) override { field(key, value); }
  void path(std::string_view key, std::vector<std::string>& value) override { field(key, value); }
  void check(bool /*good*/, std::string_view /*key*/, std::string_view /*expected*/) override {}

 protected:
  bool compares() const override { return purpose_ == PrintFor::kComparing; }
  void require(std::string_view /*key*/) override {}

  void begin_section(std::string_view key) override {
    key_line(key);
    open("{}");
  }
  void end_section() override { close(); }

  int64_t begin_list(std::string_view key, std::string_view /*scalar_key*/) override {
    key_line(key);
    open("[]");
    return kKeep;
  }
  void begin_item(int64_t /*index*/) override {
    start_line();
    text_ += "-";
    after_dash_ = true;
    open("{}");
  }
  void end_item() override {
    after_dash_ = false;
    close();
  }
  void end_list() override { close(); }

 private:
  // A block follows its key on lines of its own; one without any text is written as `empty` behind the key.
  struct Block {
    size_t begin;
    std::string empty;
  };

  void open(const char* empty) { blocks_.push_back({text_.size(), empty}); }
  void close() {
    if (text_.size() == blocks_.back().begin) text_ += " " + blocks_.back().empty;
    blocks_.pop_back();
  }

  // The first key of a list's item stands behind its dash.
  void start_line() {
    if (after_dash_) {
      text_ += ' ';
      after_dash_ = false;
      return;
    }
    if (!text_.empty()) text_ += '\n';
    text_.append(2 * blocks_.size(), ' ');
  }
  void key_line(std::string_view key) {
    start_line();
    text_ += key;
    text_ += ':';
  }
  void line(std::string_view key, const std::string& value) {
    key_line(key);
    text_ += ' ';
    text_ += value;
  }

  PrintFor purpose_;
  std::string text_;
  std::vector<Block> blocks_;
  bool after_dash_ = false;
};

}  // namespace

ConfigPrinter::ConfigPrinter(PrintFor purpose) : visitor_(std::make_unique<Printer>(purpose)) {}
ConfigPrinter::~ConfigPrinter() = default;
ConfigVisitor& ConfigPrinter::visitor() { return *visitor_; }

std::string ConfigPrinter::yaml(std::string_view kind) const {
  std::string text;
  if (!kind.empty()) text = "kind: " + string_text(std::string(kind)) + "\n";
  const std::string& fields = static_cast<const Printer&>(*visitor_).text();
  return fields.empty() ? text : text + fields + "\n";
}

}  // namespace genbid
