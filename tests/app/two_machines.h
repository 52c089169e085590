#pragma once

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace genbid::test {

// Two network namespaces of Linux, as two machines: each has an address of its own, 192.168.77.1 and 192.168.77.2, and
// between them goes a cable that takes its time and can be cut. They are gone with the object. Root is needed, and
// /dev/net/tun.
class TwoMachines {
 public:
  explicit TwoMachines(std::chrono::milliseconds delay) : delay_(delay) {
    for (size_t i = 0; i < 2; ++i) std::thread([this, i] { set_up(i); }).join();
    if (works()) carrier_ = std::thread([this] { carry(); });
  }
  ~TwoMachines() {
    ended_ = true;
    if (carrier_.joinable()) carrier_.join();
    for (size_t i = 0; i < 2; ++i) {
      if (tunnel_[i] >= 0) ::close(tunnel_[i]);
      if (space_[i] >= 0) ::close(space_[i]);
    }
  }
  TwoMachines(const TwoMachines&) = delete;
  TwoMachines& operator=(const TwoMachines&) = delete;

  bool works() const { return trouble_.empty(); }
  const std::string& trouble() const { return trouble_; }
  static std::string address(size_t machine) { return "192.168.77." + std::to_string(machine + 1); }
  // Programs that fn starts are on that machine. `hosts`, if not empty: a file that is its /etc/hosts.
  void on(size_t machine, const std::string& hosts, const std::function<void()>& fn) const {
    std::thread([&] {
      if (::setns(space_[machine], CLONE_NEWNET) != 0) return;
      if (!hosts.empty() &&
          (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
           ::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0)) {
        return;
      }
      fn();
    }).join();
  }
  void cut() { cut_ = true; }
  int64_t carried() const { return carried_; }  // packets so far

 private:
  struct Packet {
    std::chrono::steady_clock::time_point due;
    std::vector<char> bytes;
  };

  void set_up(size_t i) {
    const auto fail = [&](const std::string& what) {
      if (trouble_.empty()) trouble_ = what + ": " + std::strerror(errno);
    };
    if (::unshare(CLONE_NEWNET) != 0) return fail("a network namespace");
    space_[i] = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    tunnel_[i] = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    ifreq request{};
    std::strncpy(request.ifr_name, "cable", IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (tunnel_[i] < 0 || ::ioctl(tunnel_[i], TUNSETIFF, &request) != 0) return fail("/dev/net/tun");
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto set = [&](unsigned long what, const std::string& value) {
      auto* const in = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
      in->sin_family = AF_INET;
      ::inet_pton(AF_INET, value.c_str(), &in->sin_addr);
      if (::ioctl(socket, what, &request) != 0) fail("an address");
    };
    const auto up = [&](const char* name) {
      std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
      request.ifr_flags = IFF_UP | IFF_RUNNING;
      if (::ioctl(socket, SIOCSIFFLAGS, &request) != 0) fail("an interface");
    };
    set(SIOCSIFADDR, address(i));
    set(SIOCSIFNETMASK, "255.255.255.0");
    up("cable");
    up("lo");
    ::close(socket);
  }

  void carry() {
    std::array<std::deque<Packet>, 2> on_the_way;  // from either machine
    std::vector<char> buffer(1 << 16);
    while (!ended_) {
      pollfd files[2] = {{tunnel_[0], POLLIN, 0}, {tunnel_[1], POLLIN, 0}};
      ::poll(files, 2, 1);
      const auto now = std::chrono::steady_clock::now();
      for (size_t i = 0; i < 2; ++i) {
        ssize_t size = 0;
        while ((size = ::read(tunnel_[i], buffer.data(), buffer.size())) > 0) {
          if (!cut_) on_the_way[i].push_back({now + delay_, {buffer.begin(), buffer.begin() + size}});
        }
        while (!on_the_way[i].empty() && on_the_way[i].front().due <= now) {
          const std::vector<char>& bytes = on_the_way[i].front().bytes;
          if (!cut_ && ::write(tunnel_[1 - i], bytes.data(), bytes.size()) > 0) ++carried_;
          on_the_way[i].pop_front();
        }
      }
    }
  }

  std::chrono::milliseconds delay_;
  std::array<int, 2> space_ = {-1, -1};
  std::array<int, 2> tunnel_ = {-1, -1};
  std::string trouble_;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<int64_t> carried_ = 0;
  std::thread carrier_;
};

}  // namespace genbid::test
