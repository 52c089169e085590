#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace genbid::train {

// Exponential moving average of the parameters. Early on the decay is (1 + step) / (10 + step), which grows, so that
// the average of a short run is not made of its initial weights.
class Ema {
 public:
  Ema(const std::vector<at::Tensor>& parameters, double decay);

  // The weight of the parameters in the averages after step number `step`. It lies on the device, so that update() is
  // the same work whatever it is.
  void prepare(int64_t step);
  void update();
  const std::vector<at::Tensor>& averages() const { return averages_; }

  // While it lives, parameters and averages have changed places. Evaluation inside training uses it.
  class Swap {
   public:
    explicit Swap(Ema& ema);
    ~Swap();
    Swap(const Swap&) = delete;
    Swap& operator=(const Swap&) = delete;

   private:
    Ema& ema_;
  };

 private:
  void exchange();

  double decay_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> averages_;
  at::Tensor weight_;                // weight of the parameters in the averages
  std::vector<at::Tensor> weights_;  // that weight, once for each parameter
};

}  // namespace genbid::train
