#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "oracle/optima.h"
#include "oracle/responses.h"

// Do units and grid hold what a day is worth? The usual ones (Auction's defaults, grid_around) are made for
// AuctionNet's currency and rivals; a day in another one is recorded again, with powers of two chosen from what was
// seen.
//
// What is priced above the unit, above the grid's end or below its beginning may be left out, or bought in one go,
// where that cannot change an optimum: tangents bound what it could add. What costs more than the budget may be left
// out too: where no price is as low as the budget, the optimum is a share of one impression, or 0.

namespace genbid::oracle {

// A seat whose optima are asked for.
struct Judged {
  int seat = 0;
  Limits limits;
};

// Empty if nothing that units and grid lose can change the seat's optima; else what it is, for an error.
std::string shortfall(const Responses& responses, const Judged& judged, const DayPlan& plan, const SeatOptima& optima);
// As shortfall(), but of what units and grid lose of best_slots alone.
std::string shortfall_of_slots(const Responses& responses, const Judged& judged, const Optimum& slots);

// Fills responses, always with the same day. False if a stop was asked for.
using Record = std::function<bool(Responses&)>;

// Records the day of `first` twice more: on one alpha an octave, from the smallest prices of value to the largest, and
// on grids around the octaves in which a judged seat's optima can lie, `margin` octaves wider on either side. Empty if
// a stop was asked for. Where prices were beyond the units of `first`, money that is all multiplied by a power of two
// gives the same responses.
std::optional<Responses> refit(const Responses& first, std::span<const Judged> judged, int margin,
                               const Record& record);

// Where the units of `first` are not made for a day, records it again with others, on the same grids; else `first`
// comes back. Empty if a stop was asked for.
std::optional<Responses> with_fitting_units(Responses first, std::span<const Judged> judged, const Record& record);

// Judges a day, again after a refit where it must: `judge` finds the seats' optima and says what they lack, empty if
// nothing. Error with `where` if even a wide refit lacks something. False if a stop was asked for.
bool judge_fitted(const Responses& first, std::span<const Judged> judged, const Record& record,
                  const std::function<std::string(const Responses&)>& judge, const std::string& where);

}  // namespace genbid::oracle
