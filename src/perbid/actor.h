#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/config/config.h"

// M agents, B states of each, X numbers of a state that networks read, Z normals. The states of a single agent may come
// without their first dimension.

namespace genbid::perbid {

struct ActorInputs {
  at::Tensor features_MBX;
  at::Tensor wish_MB1;   // the Res that is asked for, if the moved bid is kept to the day's end
  at::Tensor noise_MBZ;  // of actors that draw
  int64_t slots = 1;     // B are so many slots of each of some days, one after the other; 1: the next slot of B days
  std::vector<at::Tensor>* memory =
      nullptr;  // of actors that remember: what they keep of these B days, which they change
};

struct Made {
  at::Tensor steps_MB2;  // moves, from -1 to 1
  at::Tensor gain_MB1;   // what came of each, kept to the day's end
};

// Of actors that imitate: by how much their two losses count.
struct ActorLosses {
  double imitation = 1.0;  // how far they are from moves that were made, asked for what these brought
  double value = 1.0;      // what critics say of their own moves

  void fields(ConfigVisitor& v);
};

// How the agents of M clusters move before each slot of a day: by tanh of what the actor says, in units of the longest
// move.
class Actor {
 public:
  Actor() = default;
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // The first dimension of each of its parameters is that of agents.
  virtual std::shared_ptr<torch::nn::Module> network() const = 0;
  virtual at::Tensor said_MB2(const ActorInputs& inputs) const = 0;
  // To learn from moves that were made and what they brought.
  struct Lesson {
    at::Tensor said_MB2;  // as above
    at::Tensor
        imitation;  // how far it is from the moves where it is asked for what they brought; undefined: it does not
                    // imitate
  };
  virtual Lesson lesson(const ActorInputs& inputs, const Made& made, const at::Generator& generator) const = 0;

  virtual int64_t noise_size() const { return 0; }  // Z
  // What it remembers before the first slot of so many days, all agents' together.
  virtual std::vector<at::Tensor> first_memory(int64_t /*days*/) const { return {}; }
  virtual int64_t days_a_step() const { return 0; }  // whole days that it learns from in a step; 0: slots of any
};

}  // namespace genbid::perbid
