// Two transports in one process, each on a thread and a loop of its own, over loopback: how many links
// a second one core can authenticate, what one costs each end, and how many round trips it takes.
//
// usage: handshakes TRIALS SECONDS        prints one line of JSON
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/identity.h"
#include "net/secrets.h"
#include "net/transport.h"

namespace cluster::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kInFlight = 4;
constexpr std::chrono::milliseconds kOneWay{10};  // far more than either end computes

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "handshakes: %s\n", why.c_str());
  std::exit(1);
}

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

struct End {
  std::unique_ptr<event_base, BaseFree> base{event_base_new()};
  Identity identity;
  Secrets secrets{base.get(), identity, {}};
  std::function<void(const core::LinkUp&)> up = [](const core::LinkUp&) {};
  std::deque<core::Event> events;
  Transport transport{base.get(),
                      identity,
                      secrets,
                      {},
                      [this](core::Event event) { events.push_back(std::move(event)); },
                      {[](core::LogLevel, const std::string&) {},
                       [](core::Severity, const std::string& text) { give_up(text); }}};

  End(uint32_t id, const std::string& key) : identity(load(key)) {
    secrets.set_lines(HostId(id),
                      {{HostId(1), "one", "password one"}, {HostId(2), "two", "password two"}});
    for (const uint32_t host : {1, 2}) secrets.set_access({HostId(host), {}, {}, false});
    while (!secrets.ready()) turn();
  }
  static Identity load(const std::string& key) {
    Result<Identity> made = Identity::load_or_create(key);
    if (!made) give_up(made.error());
    return std::move(*made);
  }
  void turn() {
    const timeval tick{0, 10'000};
    event_base_loopexit(base.get(), &tick);
    event_base_loop(base.get(), EVLOOP_ONCE);
    hear();
  }
  void hear() {
    while (!events.empty()) {
      const core::Event event = std::move(events.front());
      events.pop_front();
      if (const auto* link = std::get_if<core::LinkUp>(&event)) up(*link);
      if (const auto* failed = std::get_if<core::DialFailed>(&event)) give_up(failed->reason);
    }
  }
  void dial(uint64_t number, uint16_t port) {
    transport.perform(core::Dial{DialId(number), HostId(1), "127.0.0.1", port});
  }
};

uint16_t listen(End& end) {
  auto sockets = open_listeners({"127.0.0.1"}, 0);
  if (!sockets) give_up(sockets.error());
  end.transport.listen(std::move(*sockets));
  return end.transport.port();
}

struct Throughput {
  double a_second = 0;  // of the listener's processor time
  double listener_ms = 0;
  double dialer_ms = 0;
};

Throughput measure(End& one, End& two, uint16_t port, std::chrono::milliseconds time) {
  std::atomic<bool> over{false};
  int links = 0;
  uint64_t dials = 0;
  double dialer = 0;
  std::thread dialling([&] {
    const auto end = Clock::now() + time;
    two.up = [&](const core::LinkUp& up) {
      ++links;
      two.transport.perform(core::CloseLink{up.link, "measured"});
      two.dial(++dials, port);
    };
    const double before = cpu_seconds();
    for (int i = 0; i < kInFlight; ++i) two.dial(++dials, port);
    while (Clock::now() < end) two.turn();
    dialer = cpu_seconds() - before;
    for (uint64_t i = 0; i <= dials; ++i) two.transport.perform(core::CancelDial{DialId(i)});
    two.up = [](const core::LinkUp&) {};
    over = true;
  });
  const double before = cpu_seconds();
  while (!over) one.turn();
  const double listener = cpu_seconds() - before;
  dialling.join();
  return {links / listener, listener * 1e3 / links, dialer * 1e3 / links};
}

// Passes bytes on, each way kOneWay later, and counts how often the direction changes.
class SlowWay {
 public:
  SlowWay(Fd a, Fd b) : fds_{std::move(a), std::move(b)} {}

  void turn() {
    for (const int from : {0, 1}) {
      char bytes[16384];
      const ssize_t got = recv(fds_[from].get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (got > 0)
        under_way_.push_back({Clock::now() + kOneWay, 1 - from, {bytes, static_cast<size_t>(got)}});
    }
    while (!under_way_.empty() && under_way_.front().due <= Clock::now()) {
      const Piece& piece = under_way_.front();
      flights_ += std::exchange(last_to_, piece.to) != piece.to;
      if (send(fds_[piece.to].get(), piece.bytes.data(), piece.bytes.size(), MSG_NOSIGNAL) < 0)
        return;
      under_way_.pop_front();
    }
  }
  int flights() const { return flights_; }

 private:
  struct Piece {
    Clock::time_point due;
    int to;
    std::string bytes;
  };
  Fd fds_[2];
  std::deque<Piece> under_way_;
  int last_to_ = -1;
  int flights_ = 0;
};

// From the dialer's SYN to the moment at which it may send, and at which the listener may. The way's own
// socket is the other end of TCP's handshake, so that round trip is counted and not measured.
void round_trips(End& one, End& two, uint16_t port, double* dialer, double* listener) {
  auto sockets = open_listeners({"127.0.0.1"}, 0);
  if (!sockets) give_up(sockets.error());
  std::unique_ptr<SlowWay> way;
  *dialer = *listener = 0;
  // A link that was still being made when the last measurement ended is not the one.
  const auto note = [&](double* into) {
    return [&way, into](const core::LinkUp&) {
      if (way && way->flights() > 0) *into = 1 + way->flights() / 2.0;
    };
  };
  two.up = note(dialer);
  one.up = note(listener);
  two.dial(1'000'000'000, Endpoint::local_of((*sockets)[0].get()).port());
  const auto limit = Clock::now() + std::chrono::seconds(10);
  while ((*dialer == 0 || *listener == 0) && Clock::now() < limit) {
    if (!way) {
      Fd in(accept((*sockets)[0].get(), nullptr, nullptr));
      if (in) {
        Fd out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const Endpoint to = *Endpoint::parse("127.0.0.1", port);
        if (connect(out.get(), to.get(), to.length()) != 0) give_up("cannot connect");
        way = std::make_unique<SlowWay>(std::move(in), std::move(out));
      }
    } else {
      way->turn();
    }
    for (End* end : {&one, &two}) {
      event_base_loop(end->base.get(), EVLOOP_NONBLOCK);
      end->hear();
    }
  }
  for (End* end : {&one, &two}) end->up = [](const core::LinkUp&) {};
}

std::string list(const char* name, const std::vector<double>& values) {
  std::string out = std::string("\"") + name + "\": [";
  for (size_t i = 0; i < values.size(); ++i) out += (i ? ", " : "") + std::to_string(values[i]);
  return out + "]";
}

int run(int trials, std::chrono::milliseconds time) {
  std::string folder =
      (std::filesystem::temp_directory_path() / "cluster-handshakes-XXXXXX").string();
  if (!mkdtemp(folder.data())) give_up("no temporary folder");
  std::vector<double> a_second;
  std::vector<double> listener;
  std::vector<double> dialer;
  std::vector<double> dialer_trips;
  std::vector<double> listener_trips;
  {
    End one(1, folder + "/one");
    End two(2, folder + "/two");
    const uint16_t port = listen(one);
    for (int i = 0; i < trials; ++i) {
      const Throughput measured = measure(one, two, port, time);
      a_second.push_back(measured.a_second);
      listener.push_back(measured.listener_ms);
      dialer.push_back(measured.dialer_ms);
      double at_dialer = 0;
      double at_listener = 0;
      round_trips(one, two, port, &at_dialer, &at_listener);
      dialer_trips.push_back(at_dialer);
      listener_trips.push_back(at_listener);
    }
  }
  std::filesystem::remove_all(folder);
  std::printf("{%s, %s, %s, %s, %s}\n",
              list("link: handshakes a second on one core", a_second).c_str(),
              list("link: CPU of the listening end", listener).c_str(),
              list("link: CPU of the dialling end", dialer).c_str(),
              list("link: round trips until the dialer may send", dialer_trips).c_str(),
              list("link: round trips until the listener may send", listener_trips).c_str());
  return 0;
}

}  // namespace
}  // namespace cluster::net

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: handshakes TRIALS SECONDS\n", stderr);
    return 2;
  }
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(std::atof(argv[2])));
  return cluster::net::run(std::atoi(argv[1]), time);
}
