#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace genbid::test {

// What of XML a page uses: a doctype and comments, elements that are closed in the order they were opened, attributes
// in double quotes that stand once, the four entities, and ids that are unique. Says what is wrong and where; empty if
// nothing is.
class WellFormed {
 public:
  static std::string fault(std::string_view page) {
    WellFormed check(page);
    return check.run();
  }

 private:
  explicit WellFormed(std::string_view text) : text_(text) {}

  std::string run() {
    if (text_.starts_with("<!doctype html>")) place_ = 15;
    while (fault_.empty() && place_ < text_.size()) {
      if (rest().starts_with("<!--")) {
        const size_t end = text_.find("-->", place_);
        if (end == std::string_view::npos) return wrong("a comment without an end");
        place_ = end + 3;
      } else if (rest().starts_with("</")) {
        close();
      } else if (text_[place_] == '<') {
        open();
      } else {
        character(true);
      }
    }
    if (fault_.empty() && !open_.empty()) wrong("no end of <" + open_.back() + ">");
    if (fault_.empty() && !seen_any_) wrong("no element");
    return fault_;
  }

  std::string_view rest() const { return text_.substr(place_); }
  std::string wrong(const std::string& what) {
    if (fault_.empty()) {
      const size_t begin = place_ < 60 ? 0 : place_ - 60;
      fault_ = "byte " + std::to_string(place_) + ": " + what + " in ..." + std::string(text_.substr(begin, 120));
    }
    return fault_;
  }

  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ':';
  }
  std::string name() {
    const size_t begin = place_;
    while (place_ < text_.size() && is_name(text_[place_])) ++place_;
    if (place_ == begin) wrong("no name");
    return std::string(text_.substr(begin, place_ - begin));
  }

  void character(bool outside_tags) {
    const char c = text_[place_];
    if (c == '&') {
      for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;"}) {
        if (!rest().starts_with(entity)) continue;
        place_ += entity.size();
        return;
      }
      wrong("a bare &");
      return;
    }
    if (c == '<' || (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r')) {
      wrong("a character that must be escaped");
      return;
    }
    if (outside_tags && open_.empty() && c != '\n') wrong("text outside of all elements");
    ++place_;
  }

  void open() {
    ++place_;
    seen_any_ = true;
    const std::string element = name();
    std::set<std::string> attributes;
    while (fault_.empty()) {
      while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\n')) ++place_;
      if (rest().starts_with("/>")) {
        place_ += 2;
        return;
      }
      if (rest().starts_with(">")) {
        ++place_;
        open_.push_back(element);
        return;
      }
      const std::string attribute = name();
      if (!attributes.insert(attribute).second) wrong("attribute " + attribute + " twice");
      if (!rest().starts_with("=\"")) {
        wrong("no =\" behind " + attribute);
        return;
      }
      place_ += 2;
      const size_t begin = place_;
      while (fault_.empty() && place_ < text_.size() && text_[place_] != '"') character(false);
      const std::string value(text_.substr(begin, place_ - begin));
      ++place_;
      if (attribute == "id" && !ids_.insert(value).second) wrong("id " + value + " twice");
    }
  }

  void close() {
    place_ += 2;
    const std::string element = name();
    if (open_.empty() || open_.back() != element) {
      wrong("</" + element + "> where <" + (open_.empty() ? "nothing" : open_.back()) + "> is open");
      return;
    }
    open_.pop_back();
    if (!rest().starts_with(">")) wrong("no > behind </" + element);
    ++place_;
  }

  std::string_view text_;
  size_t place_ = 0;
  bool seen_any_ = false;
  std::string fault_;
  std::vector<std::string> open_;
  std::set<std::string> ids_;
};

}  // namespace genbid::test
