#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What the program may show, and how wide. Quiet is one setting of the process, as standard error is one: whoever
// writes there (base/log.h, base/progress.h) asks here.

namespace genbid::terminal {

// Quiet: no lines of information and no progress; warnings and errors stay.
void set_quiet(bool quiet);
bool quiet();

// Whether a line may be drawn over on this file (STDERR_FILENO): a terminal that is not TERM=dumb.
bool draws_over(int file);
// Whether it shows colours: such a terminal, and NO_COLOR is not set or empty (no-color.org).
bool has_colours(int file);

inline constexpr size_t kPlainWidth = 80;
// Columns of a line: the terminal's, at least 40; kPlainWidth where there is none, so that files do not depend on who
// looked on.
size_t width(int file);

enum class Colour { kRed, kYellow, kGreen };
// `text` in bold and colour where `file` has colours, else as it is.
std::string coloured(Colour colour, std::string_view text, int file);

}  // namespace genbid::terminal
