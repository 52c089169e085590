#include "data/trajectory_parquet.h"

#include "base/convert.h"
#include "bidding/state_features.h"
#include "data/trajectory_csv.h"

namespace genbid::data {
namespace {

std::vector<TableColumn> columns() {
  const auto whole = [](const char* name) { return TableColumn{name, TableKind::kWhole, {}}; };
  const auto real = [](const char* name) { return TableColumn{name, TableKind::kReal, {}}; };
  const auto list = [](const char* name) { return TableColumn{name, TableKind::kReals, {}}; };
  return {whole("deliveryPeriodIndex"),
          whole("advertiserNumber"),
          whole("advertiserCategoryIndex"),
          real("budget"),
          real("CPAConstraint"),
          real("realAllCost"),
          real("realAllConversion"),
          whole("timeStepIndex"),
          list("state"),
          real("action"),
          real("reward"),
          real("reward_continuous"),
          whole("done"),
          list("next_state")};
}

}  // namespace

TrajectoryParquetWriter::TrajectoryParquetWriter(const std::string& path) : output_(path, columns()) {}

void TrajectoryParquetWriter::append(std::span<const RawTrajectory> trajectories) {
  for (const RawTrajectory& t : trajectories) {
    for (size_t k = 0; k < t.action.size(); ++k) {
      std::vector<TableValues>& rows = output_.rows();
      auto column = rows.begin();
      append_whole(*column++, t.head.period);
      append_whole(*column++, t.head.advertiser);
      append_whole(*column++, t.head.category);
      for (const double value : {t.head.budget, t.head.cpa, t.head.cost, t.head.conversions}) {
        append_real(*column++, value);
      }
      append_whole(*column++, to_signed(k));
      append_list(*column++, auctionnet_state(t, k));
      for (const double value : {t.action[k], t.reward[k], t.reward_continuous[k]}) append_real(*column++, value);
      append_whole(*column++, t.done[k] != 0 ? 1 : 0);
      if (tells_next_state(t, k)) {
        append_list(*column, auctionnet_state(t, k + 1));
      } else {
        append_missing(*column);
      }
      output_.end_row();
    }
  }
}

}  // namespace genbid::data
