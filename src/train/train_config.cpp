#include "train/train_config.h"

#include "train/device.h"
#include "train/ranks.h"

namespace genbid::train {

void TrainConfig::fields(ConfigVisitor& v) {
  v.field("objective", objective, {"logged", "market", "teacher", "mixed", "policy_gradient"});
  v.path("initial", initial, true);
  v.field("steps", steps, {1, 1'000'000'000});
  v.field("stop_at", stop_at, {0, 1'000'000'000});
  v.field("batch_size", batch_size, {1, 1 << 20});
  v.field("accumulate", accumulate, {1, 1 << 16});
  v.check(accumulate <= batch_size, "accumulate", "at most batch_size");
  v.field("learning_rate", learning_rate, {0.0, 10.0});
  v.field("warmup_steps", warmup_steps, {0, 1'000'000'000});
  v.field("final_rate_share", final_rate_share, {0.0, 1.0});
  v.field("weight_decay", weight_decay, {0.0, 10.0});
  v.field("clip_norm", clip_norm, {1e-12, 1e12});
  v.field("ema_decay", ema_decay, {0.0, 1.0});
  v.field("log_every", log_every, {1, 1'000'000'000});
  v.field("eval_every", eval_every, {1, 1'000'000'000});
  v.field("checkpoint_every", checkpoint_every, {1, 1'000'000'000});
  v.field("keep", keep, {1, 1'000'000});
  v.field("save_patience", save_patience, {0, 1'000'000});
  v.field("seed", seed, {0});
  v.field("device", device);
  v.check(is_device(device), "device", "cpu, cuda or cuda:N");
  v.field("precision", precision, {"float32", "bfloat16"});
  v.field("tf32", tf32);
  v.field("deterministic", deterministic);
  v.field("threads", threads, {0, 1024});
  v.field("ranks", ranks, {1, 1024});
  v.field("backend", backend, rank_backend_names());
  v.check(backend == "gloo" || device != "cpu", "backend", "gloo beside train.device: cpu");
  v.field("rank_timeout", rank_timeout, {1, 1'000'000});
  v.later_section("graphs", graphs, graphs.on);
  v.check(!graphs.on || device != "cpu", "graphs.on", "false beside train.device: cpu, which has no CUDA graphs");
  v.check(!graphs.on || ranks == 1, "graphs.on", "false with several ranks, whose sums wait for the host");
  v.path("prometheus", prometheus, true);
  v.check(prometheus.empty() || prometheus.ends_with(".prom"), "prometheus",
          "a name that ends in .prom, as Prometheus' node exporter wants it");
}

}  // namespace genbid::train
