#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace genbid::terminal {
namespace {

std::atomic<bool> is_quiet{false};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

void set_quiet(bool quiet) { is_quiet = quiet; }
bool quiet() { return is_quiet; }

bool draws_over(int file) { return ::isatty(file) != 0 && variable("TERM") != "dumb"; }

bool has_colours(int file) { return draws_over(file) && variable("NO_COLOR").empty(); }

size_t width(int file) {
  constexpr size_t kNarrowest = 40;
  winsize size = {};
  if (::isatty(file) == 0 || ::ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kPlainWidth;
  return std::max<size_t>(size.ws_col, kNarrowest);
}

std::string coloured(Colour colour, std::string_view text, int file) {
  if (!has_colours(file)) return std::string(text);
  const char* const code = colour == Colour::kRed ? "31" : colour == Colour::kYellow ? "33" : "32";
  return "\033[1;" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

}  // namespace genbid::terminal
