#include "data/trajectory_csv.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/files/table_text.h"
#include "base/error.h"
#include "bidding/state_features.h"
#include "numpy/python_float.h"

namespace genbid::data {
namespace {

void add_number(std::string& text, double value) {
  char number[numpy::kMaxPythonFloat];
  text.append(number, numpy::print_python_float(number, value));
}

void add_field(std::string& text, double value) {
  add_number(text, value);
  text += ',';
}

void add_state(std::string& text, std::span<const double> state) {
  text += "\"(";
  for (size_t i = 0; i < state.size(); ++i) {
    if (i > 0) text += ", ";
    add_number(text, state[i]);
  }
  text += ")\"";
}

void add_rows(std::string& text, const RawTrajectory& t) {
  const size_t num_ticks = t.action.size();
  std::string head;
  for (const double value : {as_double(t.head.period), as_double(t.head.advertiser), as_double(t.head.category),
                             t.head.budget, t.head.cpa, t.head.cost, t.head.conversions}) {
    add_field(head, value);
  }
  for (size_t k = 0; k < num_ticks; ++k) {
    text += head;
    add_field(text, as_double(k));
    add_state(text, auctionnet_state(t, k));
    text += ',';
    add_field(text, t.action[k]);
    add_field(text, t.reward[k]);
    add_field(text, t.reward_continuous[k]);
    text += t.done[k] != 0 ? "1," : "0,";
    if (tells_next_state(t, k)) add_state(text, auctionnet_state(t, k + 1));
    text += '\n';
  }
}

const std::string kHeader =
    "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,CPAConstraint,realAllCost,realAllConversion,"
    "timeStepIndex,state,action,reward,reward_continuous,done,next_state\n";

}  // namespace

std::span<const double> auctionnet_state(const RawTrajectory& trajectory, size_t tick) {
  constexpr auto kWidth = to_size(kNumAuctionnetFeatures);
  const size_t width = trajectory.state.size() / trajectory.action.size();
  assert(width >= kWidth);
  return std::span(trajectory.state).subspan(tick * width, kWidth);
}

bool tells_next_state(const RawTrajectory& trajectory, size_t tick) {
  return trajectory.done[tick] == 0 && tick + 1 < trajectory.action.size();
}

struct TrajectoryCsvWriter::State {
  std::string path;
  AtomicFile atomic;
  std::ofstream out;

  explicit State(const std::string& name) : path(name), atomic(path), out(atomic.temporary(), std::ios::binary) {
    write(kHeader);
  }
  void write(const std::string& text) {
    out << text;
    check();
  }
  void check() const {
    if (!out) throw Error(path + ": cannot write: " + std::strerror(errno));
  }
};

TrajectoryCsvWriter::TrajectoryCsvWriter(const std::string& path) : state_(std::make_unique<State>(path)) {}
TrajectoryCsvWriter::~TrajectoryCsvWriter() = default;

void TrajectoryCsvWriter::append(std::span<const RawTrajectory> trajectories) {
  std::string text;
  for (const RawTrajectory& t : trajectories) add_rows(text, t);
  state_->write(text);
}

void TrajectoryCsvWriter::append_file(const std::string& path) {
  copy_behind_header(path, kHeader, [this](const std::string& block) { state_->write(block); });
}

void TrajectoryCsvWriter::finish() {
  state_->out.close();
  state_->check();
  state_->atomic.commit();
}

}  // namespace genbid::data
