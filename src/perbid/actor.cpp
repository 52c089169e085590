#include "perbid/actor.h"

namespace genbid::perbid {

void ActorLosses::fields(ConfigVisitor& v) {
  v.field("imitation", imitation, {0.0, 1000.0});
  v.field("value", value, {0.0, 1000.0});
  v.check(imitation + value > 0.0, "imitation", "above 0, or a value above it");
}

}  // namespace genbid::perbid
