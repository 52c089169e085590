#include <cmath>
#include <map>

#include "data/tape_store.h"
#include "data/tape_store_layout.h"
#include "fuzz.h"
#include "hdf5_parts.h"

// Response tapes: attributes, types, shapes and values. The curves of one that is accepted do not fall, and it is
// written and read back equal.

namespace {

using namespace genbid;

constexpr int64_t kSeats = 2;

std::map<std::string, std::string> bytes_of(const data::TapeColumns& columns) {
  std::map<std::string, std::string> bytes;
  data::for_each_tape_column(columns, [&](const std::string& name, const auto& values) {
    bytes[name] = std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  });
  return bytes;
}

void make_store(const std::string& path, fuzz::Choices& choices) {
  static constexpr int64_t kTicks[] = {2, 1, 3};
  data::TapeInfo info{choices.one_of(kTicks), kSeats, 1, 2, ""};
  data::Hdf5File file = data::Hdf5File::create(path);
  fuzz::Hdf5Parts parts(file, choices);
  parts.attribute("format", std::string(data::kTapeFormat));
  parts.attribute("version", data::TapeStoreWriter::kVersion);
  parts.attribute("ticks", info.ticks);
  parts.attribute("seats", info.seats);
  parts.attribute("octaves", info.octaves);
  parts.attribute("knots_per_octave", info.knots_per_octave);
  parts.attribute("config", std::string("kind: simulate\n"));
  if (!choices.rarely()) file.create_group("/days");
  if (!choices.rarely()) file.create_group("/ticks");

  data::TapeColumns columns;
  columns.period = {1000, 1000};
  columns.seat = {0, 1};
  columns.budget = {2900.0, 4350.0};
  columns.cpa_limit = {100.0, 70.0};
  columns.lowest = {3.0F, 2.0F};
  for (int64_t tick = 0; tick < kSeats * info.ticks; ++tick) {
    columns.num_pv.push_back(1000.0F);
    columns.mean_pvalue.push_back(0.001F);
    columns.price.push_back(0.05F);
    for (int knot = 0; knot < info.num_knots(); ++knot) {
      const auto rise = static_cast<float>(choices.byte() % 4);
      const float level = static_cast<float>(4 * knot) + rise;
      for (const float number : {level, 1.0F, 10.0F * level, 3.0F, 2.0F * level, 0.0F}) columns.knots.push_back(number);
    }
  }
  data::for_each_tape_column(columns, [&](const std::string& name, const auto& values) {
    std::vector<int64_t> shape = data::tape_day_shape(name, info);
    shape.insert(shape.begin(), kSeats);
    parts.dataset(name, shape, values);
  });
  file.close();
}

// Of all curves, in the pieces between two knots.
void require_rising(const data::TapeColumns& columns) {
  const auto numbers = static_cast<size_t>(data::TapeColumns::kNumbers);
  const auto num_knots = static_cast<size_t>(columns.num_knots());
  for (size_t knot = 0; knot * numbers < columns.knots.size(); ++knot) {
    if (knot % num_knots + 1 == num_knots) continue;
    for (size_t curve = 0; curve < numbers; curve += 2) {
      const auto number = [&](size_t place) { return static_cast<double>(columns.knots[place]); };
      const size_t here = knot * numbers + curve;
      const size_t next = here + numbers;
      const double rise = number(next) - number(here);
      double before = 0.0;  // above the value of this knot
      for (int i = 1; i <= 16; ++i) {
        const double u = i / 16.0;
        const double above = rise * u * u * (3.0 - 2.0 * u) + number(here + 1) * u * (1.0 - u) * (1.0 - u) -
                             number(next + 1) * u * u * (1.0 - u);
        fuzz::require(above >= before - 1e-12 * std::abs(rise), "curves do not fall");
        before = above;
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(data, size);
  const std::string path = fuzz::Scratch::path("in.h5");
  try {
    make_store(path, choices);
  } catch (const Error&) {
    return 0;  // a dataset whose group was left out, or of no size
  }
  data::TapeInfo info;
  data::TapeColumns columns;
  if (!fuzz::accepted([&] {
        const data::TapeStore store(path);
        columns = store.read();
        info = store.info();
      })) {
    return 0;
  }
  for (const float value : columns.knots) fuzz::require(std::isfinite(value) && value >= 0.0F, "curves are numbers");
  require_rising(columns);
  const std::string output = fuzz::Scratch::path("out.h5");
  data::TapeStoreWriter writer(output);
  writer.begin(info, columns.num_days());
  writer.append(columns);
  writer.finish();
  fuzz::require(bytes_of(data::TapeStore(output).read()) == bytes_of(columns), "columns come back");
  return 0;
}
