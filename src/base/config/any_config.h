#pragma once

#include <any>
#include <concepts>
#include <typeinfo>
#include <utility>

#include "base/config/config.h"

namespace genbid {

template <typename T>
concept ConfigStruct = requires(T& config, ConfigVisitor& v) {
  config.fields(v);
};

// Holds the config struct of one of several kinds, and is copied as the struct is. Tables of kinds (models, bidders)
// use it, so that who holds a config need not name its struct.
class AnyConfig {
 public:
  template <typename T>
  requires(!std::same_as<T, AnyConfig>) && ConfigStruct<T> explicit AnyConfig(T config)
      : config_(std::move(config)),
  fields_([](std::any& held, ConfigVisitor& v) { std::any_cast<T&>(held).fields(v); }) {}

  void fields(ConfigVisitor& v) { fields_(config_, v); }

  const std::type_info& type() const { return config_.type(); }
  // Null where it holds another struct.
  template <typename T>
  T* get_if() {
    return std::any_cast<T>(&config_);
  }
  template <typename T>
  const T* get_if() const {
    return std::any_cast<T>(&config_);
  }

 private:
  std::any config_;
  void (*fields_)(std::any& held, ConfigVisitor& v);
};

}  // namespace genbid
