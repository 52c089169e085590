#include "data/tuple_parser.h"

#include <cmath>
#include <limits>

#include <fast_float/fast_float.h>

#include "base/convert.h"

namespace genbid::data {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Cursor {
  const char* at;
  const char* end;

  bool done() const { return at == end; }
  char peek() const { return at == end ? '\0' : *at; }
  void skip_spaces() {
    while (at != end && is_space(*at)) ++at;
  }
  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
};

bool plain_number(Cursor& cursor, double& value) {
  const bool plus = cursor.take('+');
  if (plus && cursor.peek() == '-') return false;
  const auto result = fast_float::from_chars(cursor.at, cursor.end, value);
  // A number below the smallest is 0, which some versions of the library report as out of range.
  const bool good = result.ec == std::errc() || result.ec == std::errc::result_out_of_range;
  if (!good || !std::isfinite(value)) return false;
  cursor.at = result.ptr;
  return true;
}

std::string_view peek_name(const Cursor& cursor) {
  const char* stop = cursor.at;
  while (stop != cursor.end && (is_letter(*stop) || is_digit(*stop) || *stop == '.')) ++stop;
  return {cursor.at, to_size(stop - cursor.at)};
}

bool missing_number(Cursor& cursor, double& value) {
  const std::string_view name = peek_name(cursor);
  if (name != "nan" && name != "NaN" && name != "None" && name != "null" && name != "NA") return false;
  cursor.at += name.size();
  value = std::numeric_limits<double>::quiet_NaN();
  return true;
}

// nan, None, or a type with a number in parentheses, such as np.float64(0.97).
bool named_number(Cursor& cursor, double& value) {
  if (missing_number(cursor, value)) return true;
  Cursor inside = cursor;
  inside.at += peek_name(cursor).size();
  if (!inside.take('(')) return false;
  inside.skip_spaces();
  if (!missing_number(inside, value) && !plain_number(inside, value)) return false;
  inside.skip_spaces();
  if (!inside.take(')')) return false;
  cursor = inside;
  return true;
}

// `array(`, `np.array(`, `tensor(`: up to the list inside.
bool array_name(Cursor& cursor) {
  Cursor inside = cursor;
  std::string_view name = peek_name(cursor);
  inside.at += name.size();
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  if ((name != "array" && name != "tensor") || !inside.take('(')) return false;
  inside.skip_spaces();
  if (inside.peek() != '[' && inside.peek() != '(') return false;
  cursor = inside;
  return true;
}

// What follows the list of an array: `, dtype=float32)`, `, device='cuda:0', dtype=torch.float64)`, `)`.
bool array_end(Cursor& cursor) {
  const auto in_value = [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view(".'\"<>|:").find(c) != std::string_view::npos;
  };
  while (true) {
    cursor.skip_spaces();
    if (cursor.take(')')) return true;
    if (!cursor.take(',')) return false;
    cursor.skip_spaces();
    if (cursor.peek() == ')') continue;
    const std::string_view key = peek_name(cursor);
    if (key.empty()) return false;
    cursor.at += key.size();
    if (!cursor.take('=')) return false;
    while (!cursor.done() && in_value(cursor.peek())) ++cursor.at;
  }
}

bool any_number(Cursor& cursor, double& value) {
  if (is_letter(cursor.peek())) return named_number(cursor, value);
  return plain_number(cursor, value);
}

}  // namespace

TupleParse parse_tuple(std::string_view text, std::span<double> out) {
  TupleParse parse;
  Cursor cursor{text.data(), text.data() + text.size()};
  const auto failed = [&] {
    parse.good = false;
    parse.error_at = to_size(cursor.at - text.data());
    return parse;
  };

  cursor.skip_spaces();
  const bool array = is_letter(cursor.peek()) && array_name(cursor);
  char close = '\0';
  if (cursor.take('(')) {
    close = ')';
  } else if (cursor.take('[')) {
    close = ']';
  }

  while (true) {
    cursor.skip_spaces();
    if (cursor.done() || (close != '\0' && cursor.peek() == close)) break;
    double value = 0.0;
    if (!any_number(cursor, value)) return failed();
    if (parse.count < out.size()) {
      out[parse.count] = value;
      if (std::isnan(value)) ++parse.num_nan;
    }
    ++parse.count;

    const char* behind = cursor.at;
    cursor.skip_spaces();
    if (cursor.take(',')) continue;
    const bool ends = cursor.done() || (close != '\0' && cursor.peek() == close);
    if (!ends && cursor.at == behind) return failed();
  }
  if (close != '\0' && !cursor.take(close)) return failed();
  if (array && !array_end(cursor)) return failed();
  cursor.skip_spaces();
  if (!cursor.done()) return failed();
  return parse;
}

}  // namespace genbid::data
