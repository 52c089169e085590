#include "report/markup.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/well_formed.h"

namespace genbid::report {
namespace {

TEST(Markup, WhatHtmlReadsAsMarkupIsEscaped) {
  EXPECT_EQ(escaped("<b a=\"1\">&'</b>"), "&lt;b a=&quot;1&quot;&gt;&amp;'&lt;/b&gt;");
  EXPECT_EQ(escaped("Öl 模型 …"), "Öl 模型 …");
}

TEST(Markup, BytesThatAreNoTextBecomeTheReplacementCharacter) {
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(escaped(std::string("a\0b", 3)), "a" + replaced + "b");
  EXPECT_EQ(escaped("\x1b[0m"), replaced + "[0m");
  EXPECT_EQ(escaped("\xff"), replaced);
  EXPECT_EQ(escaped("\xc3"), replaced);                 // cut
  EXPECT_EQ(escaped("\xc0\xaf"), replaced + replaced);  // longer than needed
  EXPECT_EQ(escaped("\xed\xa0\x80"), replaced);         // half of a pair
  EXPECT_EQ(escaped("\xef\xbf\xbf"), replaced);         // no character
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), replaced);     // beyond the last
  EXPECT_EQ(escaped("\t\n"), "\t\n");
}

TEST(Markup, AnyBytesMakeWellFormedText) {
  std::string bytes;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 3) bytes += {static_cast<char>(a), static_cast<char>(b), static_cast<char>(a ^ b)};
  }
  EXPECT_EQ(test::WellFormed::fault("<p title=\"" + escaped(bytes) + "\">" + escaped(bytes) + "</p>"), "");
}

TEST(Markup, NumbersHaveFourDigits) {
  EXPECT_EQ(number_text(0.0), "0");
  EXPECT_EQ(number_text(1.0), "1");
  EXPECT_EQ(number_text(29.84547), "29.85");
  EXPECT_EQ(number_text(0.0001234567), "0.0001235");
  EXPECT_EQ(number_text(1234567.0), "1,234,567");
  EXPECT_EQ(number_text(-1234.0), "-1,234");
  EXPECT_EQ(number_text(999.96), "1000");
  EXPECT_EQ(number_text(100.0), "100");
  EXPECT_EQ(number_text(2e-7), "2e-07");
  EXPECT_EQ(number_text(std::nan("")), "–");
  EXPECT_EQ(number_text(-INFINITY), "–");
}

TEST(Markup, ALongNameLosesItsMiddle) {
  const std::string name = "decision_transformer target_return 1.1";
  const std::string shorter = shortened(name, 150.0, 12.0);
  EXPECT_LE(text_width(shorter, 12.0), 150.0);
  EXPECT_TRUE(shorter.starts_with("decision_"));
  EXPECT_TRUE(shorter.ends_with("1.1"));
  EXPECT_EQ(shortened("pid", 150.0, 12.0), "pid");
  EXPECT_EQ(escaped(shortened("模型十二的名字很长很长很长", 60.0, 12.0)),
            shortened("模型十二的名字很长很长很长", 60.0, 12.0));
}

TEST(Markup, TablesEscapeTheirCells) {
  const Table table{{"<name>", "a & b"}, {{"\"x\"", "<1>"}}};
  for (const std::string& html : {table_html(table, true), table_html(table, false), card_table_html(table)}) {
    EXPECT_EQ(test::WellFormed::fault(html), "");
    EXPECT_NE(html.find("&lt;1&gt;"), std::string::npos);
    EXPECT_EQ(html.find("<1>"), std::string::npos);
  }
}

}  // namespace
}  // namespace genbid::report
