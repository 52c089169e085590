#include "train/pretend_device.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/DispatchStub.h>
#include <ATen/native/transformers/attention.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace genbid::test {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
const c10::Device kDevice(kType, 0);

std::atomic<int> announcements{0};
std::atomic<int> copies_in{0};
std::atomic<int> copies_out{0};
std::atomic<int> waits{0};

// --- Memory ----------------------------------------------------------------------------------

// Host memory that counts as pinned.
class PinnedAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    c10::DataPtr memory = c10::GetAllocator(c10::kCPU)->allocate(bytes);
    void* const begin = memory.get();
    const std::lock_guard lock(mutex_);
    live_[begin] = std::move(memory);
    return {begin, begin, &PinnedAllocator::release, c10::kCPU};
  }
  bool holds(const void* data) const {
    const std::lock_guard lock(mutex_);
    return live_.contains(const_cast<void*>(data));
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return &PinnedAllocator::release; }

 private:
  static void release(void* begin);
  mutable std::mutex mutex_;
  std::map<void*, c10::DataPtr> live_;
};

PinnedAllocator& pinned() {
  static auto* const allocator = new PinnedAllocator;
  return *allocator;
}

void PinnedAllocator::release(void* begin) {
  const std::lock_guard lock(pinned().mutex_);
  pinned().live_.erase(begin);
}

// --- Generator, guard, hooks -----------------------------------------------------------------

// A generator of the device: the CPU's under another name.
class PretendGenerator final : public c10::GeneratorImpl {
 public:
  explicit PretendGenerator(at::Generator cpu)
      : GeneratorImpl(kDevice, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)), cpu_(std::move(cpu)) {}
  void set_current_seed(uint64_t seed) override { cpu_.set_current_seed(seed); }
  void set_offset(uint64_t offset) override { cpu_.set_offset(offset); }
  uint64_t get_offset() const override { return cpu_.get_offset(); }
  uint64_t current_seed() const override { return cpu_.current_seed(); }
  uint64_t seed() override { return cpu_.seed(); }
  void set_state(const c10::TensorImpl& state) override { cpu_.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override { return cpu_.unsafeGetGeneratorImpl()->get_state(); }
  const at::Generator& cpu() const { return cpu_; }

 private:
  GeneratorImpl* clone_impl() const override { return new PretendGenerator(cpu_.clone()); }
  at::Generator cpu_;
};

class PretendGuard final : public c10::impl::NoOpDeviceGuardImpl<kType> {
 public:
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
  c10::Stream getDefaultStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};

class PretendHooks final : public at::PrivateUse1HooksInterface {
 public:
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  bool isPinnedPtr(const void* data) const override { return pinned().holds(data); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &pinned(); }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    static const at::Generator generator =
        at::make_generator<PretendGenerator>(at::make_generator<at::CPUGeneratorImpl>(uint64_t{0}));
    return generator;
  }
};

// --- Tensors of the device and of the CPU over the same memory -------------------------------

void release_storage(void* storage) { delete static_cast<c10::Storage*>(storage); }

// The memory of a kernel's result, now the device's.
c10::DataPtr owned(const c10::Storage& storage) {
  return {storage.unsafeGetStorageImpl()->mutable_data(), new c10::Storage(storage), &release_storage, kDevice};
}

at::Tensor shaped_like(const at::Tensor& tensor, c10::Storage storage, c10::DispatchKey key) {
  at::Tensor made =
      at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), tensor.dtype());
  made.unsafeGetTensorImpl()->set_sizes_and_strides(tensor.sizes(), tensor.strides(), tensor.storage_offset());
  return made;
}

// The tensors of one call.
class Call {
 public:
  explicit Call(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void refuse(const std::string& what) const { TORCH_CHECK(false, "pretend device: ", name_, ": ", what); }

  // A view of the memory for CPU kernels.
  at::Tensor to_cpu(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    if (tensor.device().type() != kType) {
      if (tensor.device().is_cpu() && tensor.unsafeGetTensorImpl()->is_wrapped_number()) return tensor;
      refuse("found a tensor of " + tensor.device().str() + " among tensors of the device");
    }
    c10::StorageImpl* const own = tensor.storage().unsafeGetStorageImpl();
    c10::Storage& there = cpu_[own];
    if (!there) {
      there = c10::Storage(c10::Storage::use_byte_size_t(), own->nbytes(), c10::DataPtr(own->mutable_data(), c10::kCPU),
                           c10::GetAllocator(c10::kCPU), true);
      origin_[there.unsafeGetStorageImpl()] = tensor.storage();
    }
    return shaped_like(tensor, there, c10::DispatchKey::CPU);
  }

  // What a kernel made or returned: a view of an argument, or new.
  at::Tensor to_device(const at::Tensor& result) {
    if (!result.defined()) return result;
    c10::StorageImpl* const made = result.storage().unsafeGetStorageImpl();
    c10::Storage& there = origin_[made];
    if (!there) {
      there = c10::Storage(c10::Storage::use_byte_size_t(), made->nbytes(), owned(result.storage()), nullptr, false);
    }
    return shaped_like(result, there, c10::DispatchKey::PrivateUse1);
  }

  // An argument that was written to may have become larger, and lie elsewhere.
  static void settle(const at::Tensor& argument, const at::Tensor& written) {
    c10::StorageImpl* const own = argument.storage().unsafeGetStorageImpl();
    if (own->data() != written.storage().data()) {
      own->set_data_ptr_noswap(owned(written.storage()));
      own->set_nbytes(written.storage().nbytes());
    }
    if (argument.sizes() != written.sizes() || argument.strides() != written.strides()) {
      argument.unsafeGetTensorImpl()->set_sizes_and_strides(written.sizes(), written.strides(),
                                                            written.storage_offset());
    }
  }

 private:
  std::string name_;
  std::map<c10::StorageImpl*, c10::Storage> cpu_;     // by storage of the device
  std::map<c10::StorageImpl*, c10::Storage> origin_;  // by storage of the CPU
};

bool any_of_device(const c10::IValue& value) {
  if (value.isTensor()) return value.toTensor().defined() && value.toTensor().device().type() == kType;
  if (!value.isList()) return false;
  for (const c10::IValue& one : value.toListRef()) {
    if (any_of_device(one)) return true;
  }
  return false;
}

// --- Operators -------------------------------------------------------------------------------

c10::IValue argument_for_cpu(Call& call, const c10::IValue& value,
                             std::vector<std::pair<at::Tensor, at::Tensor>>& pairs) {
  const auto moved = [&](const at::Tensor& tensor) {
    at::Tensor there = call.to_cpu(tensor);
    pairs.emplace_back(tensor, there);
    return there;
  };
  if (value.isTensor()) return moved(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& one : value.toTensorVector()) list.push_back(moved(one));
    return list;
  }
  if (value.isList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType &&
      value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor>& one : value.toOptionalTensorList()) {
      list.push_back(one ? std::optional<at::Tensor>(moved(*one)) : std::nullopt);
    }
    return list;
  }
  if (value.isDevice()) return c10::IValue(c10::Device(c10::kCPU));
  if (value.isGenerator()) {
    auto* const own = dynamic_cast<PretendGenerator*>(value.toGenerator().unsafeGetGeneratorImpl());
    if (own == nullptr) call.refuse("draws from a generator that is not the device's");
    return c10::IValue(own->cpu());
  }
  return value;
}

// Every operator of the device: the CPU's kernel, over the same memory.
void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const c10::FunctionSchema& schema = op.schema();
  Call call(schema.operator_name().name +
            (schema.overload_name().empty() ? std::string() : "." + schema.overload_name()));
  const size_t count = schema.arguments().size();
  const std::vector<c10::IValue> arguments(stack->end() - static_cast<std::ptrdiff_t>(count), stack->end());
  const bool reads = std::any_of(arguments.begin(), arguments.end(), any_of_device);
  const bool waits_for_host = op.hasTag(at::Tag::data_dependent_output) || op.hasTag(at::Tag::dynamic_output_shape);
  if (reads && waits_for_host) {
    ++waits;
    if (announcements == 0) call.refuse("the host waits for what the device has computed");
  }
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs;
  std::vector<std::vector<std::pair<at::Tensor, at::Tensor>>> written(count);
  torch::jit::drop(*stack, count);
  for (size_t i = 0; i < count; ++i) {
    pairs.clear();
    const c10::Argument& formal = schema.arguments()[i];
    if (arguments[i].isNone() && formal.name() == "generator" && op.hasTag(at::Tag::nondeterministic_seeded) &&
        announcements == 0) {
      call.refuse("draws from no generator of the step");
    }
    torch::jit::push(*stack, argument_for_cpu(call, arguments[i], pairs));
    if (formal.alias_info() != nullptr && formal.alias_info()->isWrite()) written[i] = pairs;
  }

  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);

  for (const auto& one : written) {
    for (const auto& [argument, there] : one) {
      if (argument.defined()) Call::settle(argument, there);
    }
  }
  const size_t num_results = schema.returns().size();
  const std::vector<c10::IValue> results(stack->end() - static_cast<std::ptrdiff_t>(num_results), stack->end());
  torch::jit::drop(*stack, num_results);
  for (size_t i = 0; i < num_results; ++i) {
    const c10::AliasInfo* const alias = schema.returns()[i].alias_info();
    if (alias != nullptr && alias->isWrite()) {  // the argument itself
      size_t from = 0;
      while (schema.arguments()[from].alias_info() == nullptr || *schema.arguments()[from].alias_info() != *alias) {
        ++from;
      }
      torch::jit::push(*stack, arguments[from]);
    } else if (results[i].isTensor()) {
      torch::jit::push(*stack, call.to_device(results[i].toTensor()));
    } else if (results[i].isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& one : results[i].toTensorVector()) list.push_back(call.to_device(one));
      torch::jit::push(*stack, list);
    } else {
      torch::jit::push(*stack, results[i]);
    }
  }
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  const bool in = from.device().type() != kType;
  const bool out = to.device().type() != kType;
  Call call(in ? "copy to the device" : out ? "copy from the device" : "copy_");
  if (in) ++copies_in;
  if (out) ++copies_out;
  const bool asynchronous = in && non_blocking && pinned().holds(from.storage().data());
  if ((in || out) && !asynchronous && announcements == 0) {
    call.refuse(out ? "the host waits for it" : "found pageable memory or a copy that is waited for");
  }
  (out ? to : call.to_cpu(to)).copy_(in ? from : call.to_cpu(from));
  return to;
}

bool may_move_in_place(const at::Tensor&, const at::Tensor&) { return true; }

// Attention is chosen by device. The CPU's choice, so that numbers are its.
int64_t choose_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                         const std::optional<at::Tensor>& mask, double dropout, bool is_causal,
                         std::optional<double> scale, bool grouped) {
  Call call("scaled_dot_product_attention");
  const auto there = [&](const at::Tensor& tensor) {
    return call.to_cpu(tensor).requires_grad_(tensor.requires_grad());
  };
  return at::_fused_sdp_choice(there(query), there(key), there(value),
                               mask ? std::optional<at::Tensor>(call.to_cpu(*mask)) : std::nullopt, dropout, is_causal,
                               scale, grouped);
}

// Those that have a kernel of the CPU's own, so that it is this one that computes, and those that choose by device.
void register_operators(torch::Library& library) {
  const std::set<std::string> chosen = {"aten::convolution", "aten::convolution_backward"};
  const std::set<std::string> others = {"aten::_copy_from"};
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name.rfind("aten::", 0) != 0 || others.contains(name.name)) continue;
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (!op || !(op->hasKernelForDispatchKey(c10::DispatchKey::CPU) || chosen.contains(name.name))) continue;
    const std::string full = name.overload_name.empty() ? name.name : name.name + "." + name.overload_name;
    library.impl(full.c_str(), torch::CppFunction::makeFromBoxedFunction<&compute>());
  }
  library.impl("_copy_from", torch::CppFunction::makeFromUnboxedFunction(&copy_from));
}

}  // namespace
}  // namespace genbid::test

namespace at::native {
REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &genbid::test::choose_attention)
}  // namespace at::native

namespace genbid::test {

c10::Device pretend_device() {
  static const bool registered = [] {
    c10::register_privateuse1_backend("pretend");
    static const c10::impl::DeviceGuardImplRegistrar guard(kType, new PretendGuard);
    at::RegisterPrivateUse1HooksInterface(new PretendHooks);
    static torch::Library any(torch::Library::IMPL, "_", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
    any.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
    static torch::Library aten(torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
    register_operators(aten);
    // LibTorch knows of a few devices alone that a module's tensors may move to in place.
    static torch::Library autograd(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradPrivateUse1, __FILE__,
                                   __LINE__);
    autograd.impl("_has_compatible_shallow_copy_type", torch::CppFunction::makeFromUnboxedFunction(&may_move_in_place));
    return true;
  }();
  static_cast<void>(registered);
  return kDevice;
}

Announced::Announced() { ++announcements; }
Announced::~Announced() { --announcements; }

Traffic traffic() { return {copies_in, copies_out, waits}; }

}  // namespace genbid::test
