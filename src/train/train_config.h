#pragma once

#include <cstdint>
#include <string>

#include "base/config/config.h"
#include "train/step_graph.h"

namespace genbid::train {

struct TrainConfig {
  // What a step minimises: a policy's own losses on "logged" days; what it fails to win in the "market" of tapes; a
  // weighted sum of both, "mixed"; its own losses on days that it has played itself, corrected by a "teacher"; or, of a
  // policy that samples, by a "policy_gradient" (train/policy_gradient.h).
  std::string objective = "logged";
  std::string
      initial;  // a run or checkpoint of the same model, from whose averaged weights it starts; empty: drawn ones
  int64_t steps = 3000;         // optimizer updates; the learning rate's schedule spans them
  int64_t stop_at = 0;          // stop after this step with a checkpoint, to be resumed; 0: go to the end
  int64_t batch_size = 256;     // windows a step
  int64_t accumulate = 1;       // parts that a batch is cut into, to save memory: their gradients are added up
  double learning_rate = 1e-3;  // at its peak
  int64_t warmup_steps = 100;
  double final_rate_share = 0.05;  // of the peak, at the last step
  double weight_decay = 1e-4;
  double clip_norm = 1.0;
  double ema_decay = 0.999;
  int64_t log_every = 50;           // steps
  int64_t eval_every = 500;         // steps between losses on the held-out periods; also at the end
  int64_t checkpoint_every = 1000;  // steps; also at the end and when asked to stop
  int64_t keep = 2;                 // checkpoints that stay
  int64_t save_patience = 300;      // seconds in which a checkpoint that must be there is tried again and again
  int64_t seed = 1;
  std::string device = "cpu";         // or "cuda", "cuda:N"
  std::string precision = "float32";  // or "bfloat16" (train/autocast.h)
  bool tf32 = false;                  // on a GPU: products with 10 bits behind the point in place of 23
  bool deterministic = false;  // kernels whose bits are the same in every run; an operator without one is an error
  int64_t threads = 0;         // of LibTorch; 0: one, of large ones one a processor. Results on a CPU depend on it.
  // Processes that train as one. Each has as many of a step's parts, `accumulate`; batches are the same for any number.
  // Several ones are started on this machine, unless the environment says that this process is one of them
  // (train/rank_place.h).
  int64_t ranks = 1;
  std::string backend = "gloo";  // between ranks on GPUs (train/ranks.h): by way of the host, or "nccl"
  int64_t rank_timeout = 600;    // seconds that a rank waits for the others before it gives up
  GraphsConfig graphs;           // of steps on a GPU (train/step_graph.h)
  std::string prometheus;        // a text file with the newest numbers (base/prometheus.h); empty: none

  void fields(ConfigVisitor& v);
};

}  // namespace genbid::train
