// lines.h: reading a text line by line, with errors that name the line and what was expected there.
#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "program/text.h"

namespace fastnn {

// The text, a line at a time, and a place in the line.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  // Goes to the next line; every line ends with a newline.
  void next() {
    ++number_;
    const size_t end = text_.find('\n');
    line_ = text_.substr(0, end);
    if (end == std::string_view::npos) {
      text_ = {};
      fail("a whole line");
    }
    text_.remove_prefix(end + 1);
  }
  bool at_end() const { return text_.empty(); }
  int64_t number() const { return number_; }
  std::string_view rest() const { return line_; }

  [[noreturn]] void fail(const std::string& expected) const { fail_at(number_, expected, line_); }
  [[noreturn]] static void fail_at(int64_t number, const std::string& expected, std::string_view got) {
    const bool long_line = got.size() > 60;
    const std::string shown = got.empty() ? "the end of the line" : quoted(std::string(got.substr(0, 60)));
    value_error("graph_parse: line ", number, ": expected ", expected, ", got ", shown, long_line ? "..." : "");
  }

  bool accept(std::string_view token) {
    if (line_.substr(0, token.size()) != token) return false;
    line_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(quoted(std::string(token)));
  }
  void expect_end() {
    if (!line_.empty()) fail("the end of the line");
  }
  std::string_view word(const char* what) {
    const auto end = std::find_if_not(line_.begin(), line_.end(), is_in_word);
    const std::string_view found = line_.substr(0, static_cast<size_t>(end - line_.begin()));
    if (found.empty()) fail(what);
    line_.remove_prefix(found.size());
    return found;
  }
  template <typename Number>
  Number number(const char* what) {
    Number value{};
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), value);
    if (error != std::errc{}) fail(what);
    line_.remove_prefix(static_cast<size_t>(end - line_.data()));
    return value;
  }
  int64_t integer(const char* what, int64_t least, int64_t most) {
    const std::string_view before = line_;
    const int64_t value = number<int64_t>(what);
    if (value < least || value > most) {
      fail_at(number_, concat(what, " from ", least, " to ", most), before);
    }
    return value;
  }
  // A name as `quoted` writes it.
  std::string name() {
    expect("\"");
    std::string result;
    while (!accept("\"")) {
      if (line_.empty()) fail("a closing quote");
      if (!accept("\\")) {
        result += line_.front();
        line_.remove_prefix(1);
      } else if (accept("x")) {
        int byte = 0;
        const size_t length = std::min<size_t>(2, line_.size());
        const auto [end, error] = std::from_chars(line_.data(), line_.data() + length, byte, 16);
        if (error != std::errc{} || end != line_.data() + 2) fail("two hexadecimal digits");
        line_.remove_prefix(2);
        result += static_cast<char>(byte);
      } else if (accept("\"")) {
        result += '"';
      } else if (accept("\\")) {
        result += '\\';
      } else {
        fail("an escaped quote, backslash or byte");
      }
    }
    return result;
  }

 private:
  static bool is_in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  std::string_view text_;
  std::string_view line_;
  int64_t number_ = 0;
};

}  // namespace fastnn
