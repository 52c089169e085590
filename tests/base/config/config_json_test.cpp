#include "base/config/config_json.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

TEST(ConfigJson, KeepsKeysOrderAndKindsOfValues) {
  EXPECT_EQ(config_json("kind: train\n"
                        "run: runs/a\n"
                        "data:\n"
                        "  train_periods: 7..20\n"
                        "  held_out_periods: [7..9, 12]\n"
                        "  more: []\n"
                        "  none: {}\n"
                        "train:\n"
                        "  rate: 1e-3\n"
                        "  limit: .inf\n"
                        "  steps: 300\n"
                        "  on: true\n"
                        "  text: \"300\"\n"
                        "  wish: null\n"
                        "policy:\n"
                        "  - policy: pid\n"
                        "  - policy: \"null\"\n"),
            R"({
  "kind": "train",
  "run": "runs/a",
  "data": {
    "train_periods": "7..20",
    "held_out_periods": [
      "7..9",
      12
    ],
    "more": [],
    "none": {}
  },
  "train": {
    "rate": 0.001,
    "limit": ".inf",
    "steps": 300,
    "on": true,
    "text": "300",
    "wish": null
  },
  "policy": [
    {
      "policy": "pid"
    },
    {
      "policy": "null"
    }
  ]
}
)");
}

}  // namespace
}  // namespace genbid
