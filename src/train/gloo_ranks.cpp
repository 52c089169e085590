#define USE_DISTRIBUTED
#define USE_C10D_GLOO

#include <ATen/ATen.h>
#include <c10/util/Logging.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "train/nccl_plugin.h"
#include "train/ranks.h"

namespace genbid::train {
namespace {

// What LibTorch's messages say before they tell where in its source they were made.
std::string first_line(const std::exception& error) {
  const auto* const torch = dynamic_cast<const c10::Error*>(&error);
  const std::string whole = torch != nullptr ? torch->what_without_backtrace() : error.what();
  // Gloo's begin with where in its source they were made.
  const size_t begin = whole.starts_with("[/") ? whole.find("] ") + 2 : 0;
  return whole.substr(begin, whole.find('\n') - begin);
}

// c10d tells of every attempt on standard error, with its stack: what matters is in the error. Its flight recorder,
// which keeps the last 2,000 operations for whoever debugs c10d, is off: two groups of one process, as in tests, would
// write to it at once. Its watchdog of NCCL would end the process when work is late; GlooRanks::wait() does it with an
// error. (An error of CUDA itself still ends it there.)
void hush() {
  static const bool hushed = [] {
    if (::setenv("TORCH_CPP_LOG_LEVEL", "FATAL", 0) == 0) c10::initLogging();
    for (const char* const name :
         {"TORCH_FR_BUFFER_SIZE", "TORCH_NCCL_TRACE_BUFFER_SIZE", "TORCH_NCCL_ASYNC_ERROR_HANDLING"}) {
      ::setenv(name, "0", 1);
    }
    return true;
  }();
  static_cast<void>(hushed);
}

class GlooRanks : public Ranks {
 public:
  GlooRanks(RankPlace place, const RanksOptions& options, c10::intrusive_ptr<c10d::Store> store,
            c10::intrusive_ptr<c10d::Backend> group, c10::intrusive_ptr<c10d::Backend> of_gpus)
      : place_(std::move(place)),
        options_(options),
        store_(std::move(store)),
        group_(std::move(group)),
        of_gpus_(std::move(of_gpus)) {}

  ~GlooRanks() override {
    if (!of_gpus_) return;
    try {
      if (std::uncaught_exceptions() > 0) {
        of_gpus_->abort();  // what others do not come to any more is not waited for
      } else {
        of_gpus_->shutdown();
      }
    } catch (const std::exception&) {  // it has been aborted before
    }
  }
  GlooRanks(const GlooRanks&) = delete;
  GlooRanks& operator=(const GlooRanks&) = delete;

  int64_t rank() const override { return place_.rank; }
  int64_t size() const override { return place_.size; }

  void sum(const at::Tensor& values) override {
    with_group(values, [&](c10d::Backend& group, std::vector<at::Tensor>& one) {
      if (!options_.fixed_order) {
        wait(group, group.allreduce(one));
        return;
      }
      // Each rank adds up what all have, in their order.
      std::vector<std::vector<at::Tensor>> all(1);
      for (int64_t r = 0; r < size(); ++r) all.front().push_back(at::empty_like(one.front()));
      wait(group, group.allgather(all, one));
      one.front().copy_(all.front().front());
      for (int64_t r = 1; r < size(); ++r) one.front().add_(at(all.front(), r));
    });
  }

  void copy_from_first(const at::Tensor& values) override {
    with_group(values, [&](c10d::Backend& group, std::vector<at::Tensor>& one) { wait(group, group.broadcast(one)); });
  }

  std::vector<std::string> gather(const std::string& text) override {
    const auto bytes_of = [](const std::string& from, int64_t length) {
      const at::Tensor bytes = at::zeros({length}, at::kByte);
      std::memcpy(bytes.mutable_data_ptr<uint8_t>(), from.data(), from.size());
      return bytes;
    };
    std::vector<int64_t> lengths;
    for (const at::Tensor& one : gather(at::full({1}, std::ssize(text), at::kLong))) {
      lengths.push_back(one.item<int64_t>());
    }
    const int64_t longest = std::max<int64_t>(1, *std::max_element(lengths.begin(), lengths.end()));
    std::vector<std::string> texts;
    for (const at::Tensor& one : gather(bytes_of(text, longest))) {
      texts.emplace_back(reinterpret_cast<const char*>(one.const_data_ptr<uint8_t>()), to_size(lengths[texts.size()]));
    }
    return texts;
  }

 private:
  std::vector<at::Tensor> gather(const at::Tensor& mine) {
    std::vector<std::vector<at::Tensor>> all(1);
    for (int64_t r = 0; r < size(); ++r) all.front().push_back(at::empty_like(mine));
    std::vector<at::Tensor> inputs = {mine};
    or_lost([&] { group_->allgather(all, inputs)->wait(); });
    return all.front();
  }

  // Values go where they lie if there is a group that takes them from there; else by way of the host.
  template <typename Fn>
  void with_group(const at::Tensor& values, const Fn& fn) {
    const at::NoGradGuard no_grad;
    const bool there = values.is_cpu() || of_gpus_;
    std::vector<at::Tensor> one = {there ? values.contiguous() : values.to(at::kCPU).contiguous()};
    or_lost([&] { fn(values.is_cpu() || !of_gpus_ ? *group_ : *of_gpus_, one); });
    if (!one.front().is_same(values)) values.copy_(one.front());
  }

  // Work of GPUs is waited for by their streams alone, for ever if another rank is lost; so it is looked after here.
  void wait(const c10d::Backend& group, const c10::intrusive_ptr<c10d::Work>& work) const {
    const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
    while (&group == of_gpus_.get() && !work->isCompleted()) {
      if (std::chrono::steady_clock::now() > deadline) {
        of_gpus_->abort();  // or its end would wait for what does not come
        throw Error("timed out waiting for the other GPUs (NCCL)");
      }
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    work->wait();
  }

  // Gloo's own errors are no LibTorch errors.
  template <typename Fn>
  void or_lost(const Fn& fn) const {
    const stop_signal::Unhurried until_the_others_come;  // who may be in the middle of what they will end
    try {
      fn();
      // A signal that came meanwhile is seen; the next sum tells the others.
      static_cast<void>(stop_signal::requested());
    } catch (const std::exception& error) {
      throw Error("rank " + std::to_string(rank()) + " of " + std::to_string(size()) +
                  ": another rank is lost, or did not come within " + std::to_string(options_.timeout.count()) +
                  " seconds (train.rank_timeout): " + first_line(error) +
                  "; the same command goes on from the last checkpoint");
    }
  }

  RankPlace place_;
  RanksOptions options_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::Backend> group_;
  c10::intrusive_ptr<c10d::Backend> of_gpus_;  // null: values go by way of the host
};

c10::intrusive_ptr<c10d::TCPStore> store_at(const RankPlace& place, std::chrono::seconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.port);
  options.isServer = !place.hosted && place.rank == 0;
  options.numWorkers = place.hosted ? std::nullopt : std::optional<size_t>(to_size(place.size));
  options.waitWorkers = !place.hosted;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(place.address, options);
}

// The address of this machine by which it reaches another; empty where the system knows no way. Nothing is sent.
std::string address_towards(const std::string& host) {
  for (const int family : {AF_INET, AF_INET6}) {  // all ranks should take the same one
    addrinfo wanted{};
    wanted.ai_family = family;
    wanted.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), "1", &wanted, &found) != 0) continue;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      const int file = ::socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (file < 0) continue;
      sockaddr_storage own{};
      socklen_t size = sizeof(own);
      char text[NI_MAXHOST];
      auto* const address = reinterpret_cast<sockaddr*>(&own);
      const bool known = ::connect(file, one->ai_addr, one->ai_addrlen) == 0 &&
                         ::getsockname(file, address, &size) == 0 &&
                         ::getnameinfo(address, size, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0;
      ::close(file);
      if (known) return text;
    }
  }
  return {};
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

// For the other ranks' own_address(). All ranks do it; one that chose by itself says nothing.
void publish_address(const std::string& address, const RankPlace& place, c10d::Store& store) {
  store.set("address " + std::to_string(place.rank), std::vector<uint8_t>(address.begin(), address.end()));
}

// The address that other ranks reach this one at: by which it reaches the first. On the first's own machine that name
// may mean the loopback (as Debian's hosts file has it): then the one by which it reaches a rank elsewhere, if any.
std::string own_address(const RankPlace& place, c10d::Store& store) {
  const std::string own = address_towards(place.address);
  publish_address(own, place, store);
  for (int64_t r = 0; is_loopback(own) && r < place.size; ++r) {
    const std::vector<uint8_t> bytes = store.get("address " + std::to_string(r));
    const std::string other(bytes.begin(), bytes.end());
    if (!other.empty() && !is_loopback(other)) return address_towards(other);
  }
  return own;
}

// Gloo alone would take what this machine's name resolves to, which often is an address that others cannot reach.
std::vector<std::shared_ptr<gloo::transport::Device>> own_devices(const RankPlace& place, c10d::Store& store) {
  using c10d::ProcessGroupGloo;
  std::vector<std::shared_ptr<gloo::transport::Device>> devices;
  if (const char* const names = std::getenv("GLOO_SOCKET_IFNAME"); names != nullptr && *names != '\0') {
    publish_address("", place, store);
    std::istringstream list(names);
    for (std::string name; std::getline(list, name, ',');) {
      devices.push_back(ProcessGroupGloo::createDeviceForInterface(name));
    }
    return devices;
  }
  const std::string own = own_address(place, store);
  devices.push_back(own.empty() ? ProcessGroupGloo::createDefaultDevice()
                                : ProcessGroupGloo::createDeviceForHostname(own));
  return devices;
}

// What fn comes to, on a thread of its own: LibTorch asks a store whose process is stalled, and NCCL a rank that is
// lost, for ever. Such a thread stays behind until the process ends, which it does by this error.
template <typename Result>
Result within(std::chrono::seconds limit, std::function<Result()> fn) {
  auto promise = std::make_shared<std::promise<Result>>();
  std::future<Result> result = promise->get_future();
  std::thread([promise, fn = std::move(fn)] {
    try {
      promise->set_value(fn());
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  }).detach();
  if (result.wait_for(limit) == std::future_status::ready) return result.get();
  throw std::runtime_error("no answer from another rank for " + std::to_string(limit.count()) + " seconds");
}

// NCCL connects the GPUs in the first sum.
c10::intrusive_ptr<c10d::Backend> group_of_gpus(const RankPlace& place, const RanksOptions& options,
                                                const c10::intrusive_ptr<c10d::Store>& store) {
  try {
    const auto group = nccl_backend(c10::make_intrusive<c10d::PrefixStore>("nccl", store), static_cast<int>(place.rank),
                                    static_cast<int>(place.size), options.timeout);
    within<bool>(options.timeout, [group, device = options.device] {
      std::vector<at::Tensor> one = {at::zeros({1}, device)};
      group->allreduce(one)->wait();
      return one.front().item<float>() == 0.0F;
    });
    return group;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error("train.backend: nccl: rank " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
                " on " + options.device.str() + " does not connect to the others: " + first_line(error) +
                "; expected a GPU of its own for each rank, on machines that reach each other");
  }
}

std::unique_ptr<Ranks> meet_others(const RankPlace& place, const RanksOptions& options) {
  const auto tcp = store_at(place, options.timeout);
  const auto store = c10::make_intrusive<c10d::PrefixStore>(place.name, tcp);
  c10::intrusive_ptr<c10d::Backend> of_gpus;
  if (options.backend == RankBackend::kNccl) of_gpus = group_of_gpus(place, options, store);
  const auto gloo = c10d::ProcessGroupGloo::Options::create(options.timeout);
  gloo->devices = own_devices(place, *store);
  gloo->threads = 1;
  const auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(place.rank),
                                                                 static_cast<int>(place.size), gloo);
  return std::make_unique<GlooRanks>(place, options, store, group, of_gpus);
}

// By itself the store would listen on all of the machine's interfaces. The store closes the listener.
std::pair<int, uint16_t> listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (listener < 0 || ::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener, SOMAXCONN) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw Error(std::strerror(errno));
  }
  return {listener, ntohs(address.sin_port)};
}

}  // namespace

std::unique_ptr<Ranks> meet(const RankPlace& place, const RanksOptions& options) {
  hush();
  // By itself LibTorch tells better what is wrong, but may take longer than the time-out for that.
  const std::chrono::seconds of_gpus =
      options.backend == RankBackend::kNccl ? options.timeout : std::chrono::seconds(0);
  const auto limit = options.timeout + options.timeout / 2 + std::chrono::seconds(5) + of_gpus;
  try {
    return within<std::unique_ptr<Ranks>>(limit, [place, options] { return meet_others(place, options); });
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error("rank " + std::to_string(place.rank) + " of " + std::to_string(place.size) + " (" + place.from +
                "): cannot meet the others at " + place.address + ":" + std::to_string(place.port) + " within " +
                std::to_string(options.timeout.count()) + " seconds (train.rank_timeout): " + first_line(error) +
                "; expected " + std::to_string(place.size) +
                " processes with ranks from 0, on machines that reach each other (GLOO_SOCKET_IFNAME names the network "
                "interface)");
  }
}

struct MeetingPoint::State {
  c10::intrusive_ptr<c10d::TCPStore> store;
};

MeetingPoint::MeetingPoint() : state_(std::make_unique<State>()) {
  c10d::TCPStoreOptions options;
  options.isServer = true;
  options.waitWorkers = false;
  try {
    const auto [listener, port] = listen_on_loopback();
    options.masterListenFd = listener;
    options.port = port;
    state_->store = c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
  } catch (const std::exception& error) {
    throw Error(std::string("ranks: cannot listen on this machine: ") + first_line(error));
  }
}

MeetingPoint::~MeetingPoint() = default;

int MeetingPoint::port() const { return state_->store->getPort(); }

}  // namespace genbid::train
