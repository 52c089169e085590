#include "data/tape_store_file.h"

#include <fcntl.h>

#include <bit>
#include <cassert>
#include <type_traits>
#include <utility>

#include "base/convert.h"
#include "data/tape_store_layout.h"

namespace genbid::data {

static_assert(std::endian::native == std::endian::little, "days are written as they lie in memory");

void TapeStoreFile::create(const std::string& path, const TapeInfo& info, int64_t num_days) {
  Hdf5File file = Hdf5File::create(path);
  create_tape_store(file, info, num_days);
  std::vector<int64_t> seats(to_size(num_days));
  for (int64_t day = 0; day < num_days; ++day) at(seats, day) = day % info.seats;
  file.write_rows("/days/seat", 0, std::span<const int64_t>(seats));
  file.close();
}

TapeStoreFile::TapeStoreFile(std::string path) : path_(std::move(path)) {
  {
    const TapeStore store(path_);
    info_ = store.info();
    num_days_ = store.num_days();
  }
  const Hdf5File file = Hdf5File::open(path_);
  const TapeColumns names;
  for_each_tape_column(names, [&](const std::string& name, const auto&) { offsets_.push_back(file.offset(name)); });
  file_.emplace(path_, O_WRONLY);
}

void TapeStoreFile::write(int64_t first_day, const TapeColumns& part) {
  assert(first_day >= 0 && first_day % info_.seats == 0 && first_day + part.num_days() <= num_days_);
  assert(part.num_days() % info_.seats == 0);
  assert(part.ticks == info_.ticks && part.num_knots() == info_.num_knots());
  auto offset = offsets_.begin();
  for_each_tape_column(part, [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    const int64_t width = tape_day_size(name, info_);
    assert(std::ssize(column) == part.num_days() * width);
    const auto size = to_signed(sizeof(Value));
    file_->write_at(column.data(), column.size() * sizeof(Value), *offset++ + first_day * width * size);
  });
}

}  // namespace genbid::data
