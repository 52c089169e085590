#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace genbid::train {

// Exponential moving average of the parameters. Early on the decay grows as (1 + step) / (10 + step), so that a
// short run's average is not its initial weights.
class Ema {
 public:
  Ema(const std::vector<at::Tensor>& parameters, double decay);

  void update(int64_t step);
  const std::vector<at::Tensor>& averages() const { return averages_; }

  // Exchanges parameters and averages while alive: for evaluation inside training.
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
};

}  // namespace genbid::train
