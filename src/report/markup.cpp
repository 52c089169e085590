#include "report/markup.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace genbid::report {
namespace {

struct Character {
  uint32_t code = 0;
  size_t length = 1;   // bytes of the text
  bool valid = false;  // UTF-8, and a character that XML knows
};

bool is_xml_character(uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  if (code >= 0x7f && code < 0xa0) return false;  // XML allows these control characters, HTML does not
  if (code >= 0xd800 && code < 0xe000) return false;
  return code <= 0x10ffff && (code & 0xfffe) != 0xfffe;
}

Character character_at(std::string_view text, size_t place) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(place);
  if (first < 0x80) return {first, 1, is_xml_character(first)};
  const size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5 || place + length > text.size()) return {};
  uint32_t code = first & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(place + i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(place + i) & 0x3f);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length]) return {};
  return {code, length, is_xml_character(code)};
}

// Widths of DejaVu Sans in thousandths, of ' ' to '~': the widest of the fonts that browsers have for sans-serif.
constexpr std::array<int, 95> kWidths = {
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361,  318, 337, 637, 637, 637,
    637, 637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632,
    576, 775, 752, 295, 295, 656, 558, 863, 749, 788, 604, 788, 695, 635,  611, 732, 685, 989, 686,
    611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635, 616, 353,  635, 634, 278, 278, 580,
    278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592,  525, 637, 337, 637, 838};

double character_width(uint32_t code) {
  if (code >= ' ' && code <= '~') return kWidths[code - ' '] / 1000.0;
  if (code == 0x2026) return 1.0;  // the dots of a shortened text
  return code < 0x1100 || (code >= 0x2000 && code < 0x2e80) ? 0.75 : 1.1;
}

std::string cell_html(const std::string& tag, const std::string& attributes, const std::string& text) {
  return "<" + tag + attributes + ">" + escaped(text) + "</" + tag + ">";
}

std::string head_html(const Table& table, bool named) {
  std::string html = "<thead><tr>";
  for (size_t i = 0; i < table.head.size(); ++i) {
    html += cell_html("th", std::string(" scope=\"col\"") + (named && i == 0 ? " class=\"name\"" : ""), table.head[i]);
  }
  return html + "</tr></thead>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const Character one = character_at(text, i);
    if (!one.valid) {
      result += "\xef\xbf\xbd";
    } else if (one.code == '&') {
      result += "&amp;";
    } else if (one.code == '<') {
      result += "&lt;";
    } else if (one.code == '>') {
      result += "&gt;";
    } else if (one.code == '"') {
      result += "&quot;";
    } else {
      result += text.substr(i, one.length);
    }
    i += one.length;
  }
  return result;
}

std::string url_of(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string url;
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || kPlain.find(c) != std::string_view::npos) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url += '%';
    url += kDigits[byte >> 4U];
    url += kDigits[byte & 15U];
  }
  return url;
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "–";
  if (value == 0.0) return "0";
  const double size = std::abs(value);
  char text[40];
  if (size < 1e-4 || size >= 1e9) {
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
  }
  if (size >= 1000.0) {
    std::snprintf(text, sizeof text, "%.0f", value);
    std::string digits = text;
    const size_t sign = value < 0.0 ? 1 : 0;
    for (size_t i = digits.size(); i > sign + 3;) digits.insert(i -= 3, ",");
    return digits;
  }
  const int decimals = 3 - static_cast<int>(std::floor(std::log10(size)));
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string digits = text;
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return digits;
}

double text_width(std::string_view text, double size) {
  double width = 0.0;
  for (size_t i = 0; i < text.size();) {
    const Character one = character_at(text, i);
    width += character_width(one.valid ? one.code : 0xfffd);
    i += one.length;
  }
  return width * size;
}

std::string shortened(std::string_view text, double width, double size) {
  if (text_width(text, size) <= width) return std::string(text);
  const std::string dots = "…";
  std::vector<std::string_view> characters;
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_at(text, i).length;
    characters.push_back(text.substr(i, length));
    i += length;
  }
  std::string begin;
  std::string end;
  for (size_t i = 0; i < characters.size(); ++i) {
    const bool at_begin = i % 2 == 0;
    const size_t place = at_begin ? i / 2 : characters.size() - 1 - i / 2;
    const std::string one(characters[place]);
    if (text_width(begin + one + dots + end, size) > width) break;
    if (at_begin) {
      begin += one;
    } else {
      end = one + end;
    }
  }
  return begin + dots + end;
}

std::string table_html(const Table& table, bool named) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table>\n" + head_html(table, named) + "<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      html += named && i == 0 ? cell_html("th", " scope=\"row\" class=\"name\"", row[i]) : cell_html("td", "", row[i]);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string card_table_html(const Table& table) {
  std::string html = "<table class=\"cards\">\n" + head_html(table, true) + "<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>" + cell_html("th", " scope=\"row\" class=\"name\"", row.front());
    for (size_t i = 1; i < row.size(); ++i) {
      html += cell_html("td", " data-label=\"" + escaped(table.head[i]) + "\"", row[i]);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table>\n";
}

}  // namespace genbid::report
