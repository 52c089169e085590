#include "bidding/tick_history.h"

#include "base/convert.h"

namespace genbid {

double effective_alpha(const TickOutcome& outcome) {
  return outcome.sum_pvalue > 0.0 ? outcome.sum_bid / outcome.sum_pvalue : 0.0;
}

TickMeans tick_means(const TickStart& start, const TickOutcome& outcome) {
  const double n = start.num_pv > 0 ? as_double(start.num_pv) : 1.0;
  TickMeans means;
  means.bid = outcome.sum_bid / n;
  means.least_winning_cost = outcome.mean_least_winning_cost;
  means.pvalue = start.mean_pvalue;
  means.conversion = as_double(outcome.num_conversions) / n;
  means.win = as_double(outcome.num_wins) / n;
  means.num_pv = as_double(start.num_pv);
  return means;
}

void TickHistory::append(const TickMeans& means, double cost, double expected_conversions, double conversions) {
  sum_.bid += means.bid;
  sum_.least_winning_cost += means.least_winning_cost;
  sum_.pvalue += means.pvalue;
  sum_.conversion += means.conversion;
  sum_.win += means.win;
  sum_.num_pv += means.num_pv;
  if (num_ticks_ < 3) at(first_, num_ticks_) = means;
  at(last_, num_ticks_ % 3) = means;
  ++num_ticks_;
  cost_ += cost;
  expected_conversions_ += expected_conversions;
  conversions_ += conversions;
}

namespace {

// Visits all numbers of a history in one order.
template <typename Means, typename Visit>
void visit_means(Means& means, const Visit& visit) {
  visit(means.bid);
  visit(means.least_winning_cost);
  visit(means.pvalue);
  visit(means.conversion);
  visit(means.win);
  visit(means.num_pv);
}

}  // namespace

std::array<double, TickHistory::kNumNumbers> TickHistory::numbers() const {
  std::array<double, kNumNumbers> all{};
  size_t next = 0;
  const auto take = [&](double number) { all[next++] = number; };
  visit_means(sum_, take);
  for (const TickMeans& means : first_) visit_means(means, take);
  for (const TickMeans& means : last_) visit_means(means, take);
  for (const double number : {cost_, expected_conversions_, conversions_}) take(number);
  return all;
}

TickHistory TickHistory::from_numbers(int num_ticks, const std::array<double, kNumNumbers>& numbers) {
  TickHistory history;
  history.num_ticks_ = num_ticks;
  size_t next = 0;
  const auto give = [&](double& number) { number = numbers[next++]; };
  visit_means(history.sum_, give);
  for (TickMeans& means : history.first_) visit_means(means, give);
  for (TickMeans& means : history.last_) visit_means(means, give);
  for (double* const number : {&history.cost_, &history.expected_conversions_, &history.conversions_}) give(*number);
  return history;
}

}  // namespace genbid
