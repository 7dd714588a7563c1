// A loop, a scratch folder and hosts for the tests of src/net.
#pragma once

#include <event2/event.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/identity.h"
#include "net/secrets.h"
#include "net/transport.h"
#include "tests/unit/temp_folder.h"

namespace cluster::net::testing {

using Folder = testing_files::TempFolder;

class Loop {
 public:
  event_base* base() const { return base_.get(); }

  // Runs the loop until `done`; false after a bound far beyond what it should take.
  bool until(const std::function<bool()>& done,
             std::chrono::seconds bound = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + bound;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      const timeval tick{0, 5000};
      event_base_loopexit(base(), &tick);
      event_base_loop(base(), EVLOOP_ONCE);
    }
    return true;
  }
  void spin(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    until([&] { return std::chrono::steady_clock::now() >= end; });
  }

 private:
  struct Free {
    void operator()(event_base* base) const { event_base_free(base); }
  };
  std::unique_ptr<event_base, Free> base_{event_base_new()};
};

// Node keys and caches live as long as the program, so that scrypt runs once a line and key.
inline const Identity& identity(uint32_t host) {
  static Folder folder;
  static std::map<uint32_t, Identity> made;
  auto at = made.find(host);
  if (at == made.end()) {
    Result<Identity> fresh = Identity::load_or_create(folder / ("key" + std::to_string(host)));
    at = made.emplace(host, std::move(fresh).value()).first;
  }
  return at->second;
}

inline SecretCache cache(uint32_t host, std::map<std::string, std::string>* store = nullptr) {
  static std::map<std::string, std::string> stored;
  if (!store) store = &stored;
  const std::string prefix = std::to_string(host) + "/";
  return {[store, prefix](const std::string& key) -> std::optional<std::string> {
            const auto at = store->find(prefix + key);
            if (at == store->end()) return std::nullopt;
            return at->second;
          },
          [store, prefix](const std::string& key, const std::optional<std::string>& value) {
            if (value)
              (*store)[prefix + key] = *value;
            else
              store->erase(prefix + key);
          }};
}

inline std::vector<HostLine> lines() {
  return {{HostId(1), "one", "password1"},
          {HostId(2), "two", "password2"},
          {HostId(3), "three", "password3"}};
}

// As the core does at first: whoever proves the passphrases.
inline void let_all_in(Secrets& secrets, const std::vector<HostLine>& hosts) {
  for (const HostLine& line : hosts) secrets.set_access({line.id, {}, {}, false});
}

// One host: its transport, and all that it reported.
struct Host {
  Loop& loop;
  Secrets secrets;
  std::vector<core::Event> events;
  std::vector<std::string> logs;
  std::vector<std::string> alerts;
  Transport transport;

  Host(Loop& l, uint32_t id, std::vector<HostLine> hosts = lines(), TransportOptions options = {})
      : loop(l),
        secrets(l.base(), identity(id), cache(id)),
        transport(l.base(), identity(id), secrets, options,
                  [this](core::Event event) { events.push_back(std::move(event)); },
                  {[this](core::LogLevel level, const std::string& text) {
                     if (level != core::LogLevel::kDebug) logs.push_back(text);
                   },
                   [this](core::Severity, const std::string& text) { alerts.push_back(text); }}) {
    let_all_in(secrets, hosts);
    secrets.set_lines(HostId(id), std::move(hosts));
  }

  uint16_t listen(const std::string& address = "127.0.0.1") {
    Result<std::vector<Fd>> sockets = open_listeners({address}, 0);
    EXPECT_TRUE(sockets.ok()) << (sockets.ok() ? "" : sockets.error());
    if (sockets) transport.listen(std::move(*sockets));
    return transport.port();
  }

  void dial(uint64_t number, uint32_t host, uint16_t port,
            const std::string& address = "127.0.0.1") {
    transport.perform(core::Dial{DialId(number), HostId(host), address, port});
  }
  void send(LinkId link, std::string bytes, core::Priority priority = core::Priority::kControl) {
    transport.perform(core::Send{link, std::move(bytes), priority});
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const core::Event& event : events)
      if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
    return found;
  }
  template <class T>
  size_t count() const {
    return all<T>().size();
  }
  bool logged(const std::string& part) const {
    for (const std::string& text : logs)
      if (text.find(part) != std::string::npos) return true;
    return false;
  }
};

// A plain connection to a port of 127.0.0.1.
inline Fd connect_to(uint16_t port, const std::string& from = "127.0.0.1") {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Endpoint source = *Endpoint::parse(from, 0);
  const Endpoint target = *Endpoint::parse("127.0.0.1", port);
  EXPECT_EQ(bind(fd.get(), source.get(), source.length()), 0);
  EXPECT_EQ(connect(fd.get(), target.get(), target.length()), 0);
  evutil_make_socket_nonblocking(fd.get());
  return fd;
}

// The other end has closed it; reads what there is.
inline bool closed(const Fd& fd) {
  char buffer[4096];
  ssize_t got = 0;
  while ((got = recv(fd.get(), buffer, sizeof buffer, 0)) > 0) {
  }
  return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace cluster::net::testing
