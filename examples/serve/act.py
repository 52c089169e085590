"""A bundle bids for two campaigns over a made-up day:  act.py LIBRARY BUNDLE

LIBRARY is libgenbid_serve.so.0. Nothing but Python's standard library is needed.
"""

import ctypes
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p


FROM_COSTS = -1.0  # for remaining_budget: the budget less what was pushed as cost


class Sized(ctypes.Structure):
    """A struct of genbid.h: it begins with its size, and has the values of its ..._INIT where none are given."""

    _usual = {}

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(self), **{**self._usual, **values})


class BundleInfo(Sized):
    _fields_ = [("size", c_size_t), ("model", c_char_p), ("version", c_char_p), ("json", c_char_p),
                ("ticks", c_int32), ("num_features", c_int32), ("num_coefficients", c_int32),
                ("num_wishes", c_int32), ("noise_size", c_int64), ("campaign_bytes", c_int64)]


class Campaign(Sized):
    _usual = {"noise_seed": 1}
    _fields_ = [("size", c_size_t), ("budget", c_double), ("cpa_limit", c_double), ("category", c_int32),
                ("ticks", c_int32), ("wishes", c_void_p), ("num_wishes", c_size_t), ("noise_seed", c_uint64),
                ("noise_period", c_int64), ("noise_seat", c_int32), ("reserved", c_int32), ("profile", c_void_p),
                ("profile_size", c_size_t)]


class TickStart(Sized):
    _usual = {"remaining_budget": FROM_COSTS}
    _fields_ = [("size", c_size_t), ("tick", c_int32), ("reserved", c_int32), ("num_impressions", c_int64),
                ("mean_pvalue", c_double), ("remaining_budget", c_double)]


class TickOutcome(Sized):
    _fields_ = [("size", c_size_t), ("tick", c_int32), ("reserved", c_int32), ("sum_pvalue", c_double),
                ("sum_bid", c_double), ("mean_least_winning_cost", c_double), ("num_wins", c_int64),
                ("num_exposed", c_int64), ("num_conversions", c_int64), ("sum_pvalue_exposed", c_double),
                ("cost", c_double)]


class Library:
    """The functions of genbid.h; one that fails raises its message."""

    _signatures = {
        "genbid_bundle_load": [c_char_p, POINTER(c_void_p)],
        "genbid_bundle_describe": [c_void_p, POINTER(BundleInfo)],
        "genbid_session_open": [c_void_p, c_int64, POINTER(c_void_p)],
        "genbid_campaign_open": [c_void_p, POINTER(Campaign), POINTER(c_uint64)],
        "genbid_act": [c_void_p, c_size_t, POINTER(c_uint64), POINTER(TickStart), POINTER(c_double), c_size_t],
        "genbid_push": [c_void_p, c_size_t, POINTER(c_uint64), POINTER(TickOutcome)],
    }

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self._library.genbid_last_error.restype = c_char_p
        self._library.genbid_version.restype = c_char_p
        self.version = self._library.genbid_version().decode()
        for name, types in self._signatures.items():
            getattr(self._library, name).argtypes = types
        for name in ("genbid_session_close", "genbid_bundle_free"):
            getattr(self._library, name).argtypes = [c_void_p]
            getattr(self._library, name).restype = None

    def call(self, name, *arguments):
        if getattr(self._library, name)(*arguments):
            raise RuntimeError(name + ": " + self._library.genbid_last_error().decode())


def made_up_outcome(start, alpha):
    """What a market might make of a bid: a third of the impressions is won, for less than was bid."""
    sum_pvalue = start.mean_pvalue * start.num_impressions
    num_exposed = start.num_impressions // 4
    sum_pvalue_exposed = start.mean_pvalue * num_exposed
    return TickOutcome(tick=start.tick, sum_pvalue=sum_pvalue, sum_bid=alpha * sum_pvalue,
                       mean_least_winning_cost=0.02, num_wins=start.num_impressions // 3, num_exposed=num_exposed,
                       num_conversions=int(sum_pvalue_exposed + 0.5), sum_pvalue_exposed=sum_pvalue_exposed,
                       cost=0.8 * alpha * sum_pvalue_exposed)


def main():
    library = Library(sys.argv[1])
    bundle, session, info = c_void_p(), c_void_p(), BundleInfo()
    library.call("genbid_bundle_load", sys.argv[2].encode(), byref(bundle))
    library.call("genbid_bundle_describe", bundle, byref(info))
    print(f"genbid {library.version}: {info.model.decode()}, version {info.version.decode()}")
    campaigns = [Campaign(budget=3000.0, cpa_limit=100.0),
                 Campaign(budget=500.0, cpa_limit=40.0)]
    count = len(campaigns)
    library.call("genbid_session_open", bundle, count, byref(session))
    ids = (c_uint64 * count)()
    for i, campaign in enumerate(campaigns):
        one = c_uint64()
        library.call("genbid_campaign_open", session, byref(campaign), byref(one))
        ids[i] = one.value

    coefficients = (c_double * (count * info.num_coefficients))()
    for tick in range(info.ticks):
        starts = (TickStart * count)(*[TickStart(tick=tick, num_impressions=1000 + 10 * tick, mean_pvalue=0.001) for _ in range(count)])
        library.call("genbid_act", session, count, ids, starts, coefficients, len(coefficients))
        alphas = [coefficients[i * info.num_coefficients] for i in range(count)]
        print(f"tick {tick}:", *[f"{alpha:.9g}" for alpha in alphas])
        outcomes = (TickOutcome * count)(*[made_up_outcome(start, alpha) for start, alpha in zip(starts, alphas)])
        library.call("genbid_push", session, count, ids, outcomes)
    library._library.genbid_session_close(session)
    library._library.genbid_bundle_free(bundle)


if __name__ == "__main__":
    try:
        main()
    except (IndexError, OSError, RuntimeError) as error:
        sys.exit(f"act.py: {error}")
