#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <istream>
#include <streambuf>

#include "app/command.h"
#include "base/files/raw_file.h"
#include "runs/act_run.h"

namespace genbid::app {
namespace {

// Standard input that says why it cannot be read, which std::cin takes for its end.
class StandardInput : public std::streambuf {
 protected:
  int_type underflow() override {
    ssize_t count = -1;
    do {
      count = ::read(STDIN_FILENO, read_.data(), read_.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) fail_io("standard input", "read", errno);
    if (count == 0) return traits_type::eof();
    setg(read_.data(), read_.data(), read_.data() + count);
    return traits_type::to_int_type(read_.front());
  }

 private:
  std::array<char, 4096> read_{};
};

}  // namespace

int act(const std::string& bundle, int64_t max_campaigns) {
  StandardInput input;
  std::istream lines(&input);
  lines.exceptions(std::ios::badbit);  // passes on what the buffer throws
  runs::act_by_lines(bundle, max_campaigns, lines, std::cout);
  return 0;
}

const char* act_help() {
  return "Reads a line of JSON for a campaign and its tick from standard input, and answers with one on standard "
         "output,\n"
         "through the serving library: to try a bundle in a shell (docs/serving.md).\n"
         "\n"
         "  genbid act bundles/market <<'END'\n"
         "  {\"campaign\": \"a\", \"open\": {\"budget\": 3000, \"cpa_limit\": 100}, \"start\": {\"tick\": 0, "
         "\"num_impressions\": 10000, \"mean_pvalue\": 0.0005}}\n"
         "  {\"campaign\": \"a\", \"outcome\": {\"tick\": 0, \"sum_pvalue\": 5, \"sum_bid\": 400, "
         "\"mean_least_winning_cost\": 0.03, \"num_wins\": 900, \"num_exposed\": 700, \"sum_pvalue_exposed\": 0.7, "
         "\"num_conversions\": 1, \"cost\": 50}, \"start\": {\"tick\": 1, \"num_impressions\": 11000, "
         "\"mean_pvalue\": 0.0005}}\n"
         "  END\n"
         "\n"
         "open      budget, cpa_limit, and if wanted category, ticks, wishes ({\"cpa\": 0.9}), noise_seed, "
         "noise_period,\n"
         "          noise_seat\n"
         "outcome   what became of the tick that was asked for last; what it does not name is 0\n"
         "start     asks for the next tick: tick, num_impressions, mean_pvalue, and if wanted remaining_budget\n"
         "close     true: the campaign ends\n";
}

}  // namespace genbid::app
