#include "tests/unit/bus/fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

extern char** environ;

namespace cluster::bus::test {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBound{60};
constexpr std::chrono::milliseconds kPause{1};

Outcome outcome_of(sd_bus_message* message) {
  Outcome out;
  if (const sd_bus_error* error = sd_bus_message_get_error(message)) {
    out.error = error->name;
    out.text = error->message ? error->message : "";
    return out;
  }
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message, &type, &contents) <= 0) return out;
  if (type == 'v') sd_bus_message_enter_container(message, 'v', contents);
  const char kind = type == 'v' ? contents[0] : type;
  if (kind == 's') {
    const char* text = "";
    sd_bus_message_read(message, "s", &text);
    out.text = text;
  } else if (kind == 'b') {
    int flag = 0;
    sd_bus_message_read(message, "b", &flag);
    out.flag = flag != 0;
    out.text = flag ? "true" : "false";
  } else if (kind == 'u') {
    uint32_t number = 0;
    sd_bus_message_read(message, "u", &number);
    out.text = std::to_string(number);
  } else if (kind == 't') {
    uint64_t number = 0;
    sd_bus_message_read(message, "t", &number);
    out.text = std::to_string(number);
  }
  return out;
}

}  // namespace

PrivateBus::PrivateBus() {
  address_ = "unix:path=" + (folder_ / "socket").string();
  std::ofstream(folder_ / "bus.conf")
      << "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
         " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
         "<busconfig><type>session</type><listen>"
      << address_
      << "</listen><auth>EXTERNAL</auth><policy context=\"default\">"
         "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>"
         "<allow own=\"*\"/></policy>"
         "<limit name=\"max_replies_per_connection\">10000</limit></busconfig>\n";
  start();
}

PrivateBus::~PrivateBus() { stop(); }

void PrivateBus::start() {
  const std::string config = "--config-file=" + (folder_ / "bus.conf").string();
  const char* argv[] = {"dbus-daemon", config.c_str(), "--nofork",
                        "--nopidfile", "--nosyslog",   nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int fault =
      posix_spawnp(&pid_, argv[0], &actions, nullptr, const_cast<char**>(argv), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) throw std::runtime_error("dbus-daemon cannot be started");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  (folder_ / "socket").string().copy(name.sun_path, sizeof name.sun_path - 1);
  const auto end = steady_clock::now() + kBound;
  while (steady_clock::now() < end) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool open = ::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
    ::close(fd);
    if (open) return;
    std::this_thread::sleep_for(kPause);
  }
  throw std::runtime_error("dbus-daemon does not listen");
}

void PrivateBus::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  std::filesystem::remove(folder_ / "socket");
}

void PrivateBus::freeze() {
  ::kill(pid_, SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);
}
void PrivateBus::thaw() { ::kill(pid_, SIGCONT); }

core::View sample_view() {
  core::View view;
  view.self = HostId{1};
  view.self_name = "server1.example.com";
  view.settled = true;

  core::HostView server;
  server.id = HostId{1};
  server.name = "server1.example.com";
  server.up = true;
  server.settled = true;
  server.address = "192.0.2.1";
  server.path = core::Path::kSelf;
  server.version = "0.1.0";
  core::HostView laptop;
  laptop.id = HostId{2};
  laptop.name = "laptop1";
  view.hosts = {server, laptop};

  core::ServiceView web;
  web.name = "web";
  web.state = core::ServiceState::kRunning;
  web.host = HostId{1};
  web.running_on = {HostId{1}};
  web.epoch = 3;
  web.reason = "the most preferred host that is up";
  web.preference = {HostId{1}, HostId{2}};
  web.after = {"cache"};
  core::ServiceView mail;
  mail.name = "mail-1";
  mail.preference = {HostId{2}};
  mail.stop_failed_on = {HostId{2}};
  mail.with = "web";
  mail.reason = "no host of its line is up";
  view.services = {web, mail};
  return view;
}

std::vector<sync::RootView> sample_roots() {
  sync::RootView www;
  www.name = "www";
  www.path = "/srv/www";
  www.mode = "newer";
  www.scanned = true;
  www.files = 12;
  www.bytes = 34'567;
  www.peers = {{HostId{2}, "laptop1", "", 2, 1'234'567, WallTime(seconds(1'700'000'000))},
               {HostId{3}, "vps", "it has another mode", 0, 0, WallTime{}}};
  sync::RootView motd;
  motd.name = "/etc/motd";
  motd.path = "/etc";
  motd.mode = "older";
  motd.paused = "the folder is not mounted";
  return {www, motd};
}

BusTest::BusTest() : base_(event_base_new()) {}

BusTest::~BusTest() {
  bus_.reset();
  sd_bus_close_unref(client_);
}

void BusTest::start_bus() {
  bus_ = std::make_unique<Bus>(base_.get(), private_bus_.address(), "1.2.3", cluster_);
  ASSERT_TRUE(until([&] { return bus_->on_bus(); }));
  connect_client();
}

bool BusTest::until(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + kBound;
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    event_base_loop(base_.get(), EVLOOP_NONBLOCK);
    bool worked = false;
    while (client_ && sd_bus_process(client_, nullptr) > 0) worked = true;
    if (!worked) std::this_thread::sleep_for(kPause);
  }
  return true;
}

void BusTest::run_for(std::chrono::milliseconds time) {
  const auto end = steady_clock::now() + time;
  until([&] { return steady_clock::now() >= end; });
}

void BusTest::connect_client() {
  sd_bus_close_unref(client_);
  client_ = nullptr;
  ASSERT_GE(sd_bus_new(&client_), 0);
  ASSERT_GE(sd_bus_set_address(client_, private_bus_.address().c_str()), 0);
  ASSERT_GE(sd_bus_set_bus_client(client_, 1), 0);
  ASSERT_GE(sd_bus_start(client_), 0);
}

std::shared_ptr<std::optional<Outcome>> BusTest::send_to(const std::string& path,
                                                         const char* interface, const char* method,
                                                         const char* types, va_list args) {
  sd_bus_message* message = nullptr;
  sd_bus_message_new_method_call(client_, &message, "com.bammeson.cluster", path.c_str(), interface,
                                 method);
  if (*types) sd_bus_message_appendv(message, types, args);
  auto out = std::make_shared<std::optional<Outcome>>();
  auto* holder = new std::shared_ptr<std::optional<Outcome>>(out);
  sd_bus_slot* slot = nullptr;
  sd_bus_call_async(
      client_, &slot, message,
      [](sd_bus_message* reply, void* data, sd_bus_error*) {
        **static_cast<std::shared_ptr<std::optional<Outcome>>*>(data) = outcome_of(reply);
        return 0;
      },
      holder, UINT64_MAX);
  sd_bus_slot_set_destroy_callback(
      slot, [](void* data) { delete static_cast<std::shared_ptr<std::optional<Outcome>>*>(data); });
  sd_bus_slot_set_floating(slot, 1);
  sd_bus_slot_unref(slot);
  sd_bus_message_unref(message);
  return out;
}

std::shared_ptr<std::optional<Outcome>> BusTest::send(const char* interface, const char* method,
                                                      const char* types, ...) {
  va_list args;
  va_start(args, types);
  auto out = send_to("/com/bammeson/cluster", interface, method, types, args);
  va_end(args);
  return out;
}

Outcome BusTest::wait(const std::shared_ptr<std::optional<Outcome>>& outcome) {
  if (!until([&] { return outcome->has_value(); })) return {"no answer", "", false};
  return **outcome;
}

Outcome BusTest::call(const char* method, const char* types, ...) {
  va_list args;
  va_start(args, types);
  auto out = send_to("/com/bammeson/cluster", "com.bammeson.cluster.Manager1", method, types, args);
  va_end(args);
  return wait(out);
}

std::string BusTest::property(const std::string& path, const char* interface, const char* name) {
  const auto get = [&](const char* types, ...) {
    va_list args;
    va_start(args, types);
    auto out = send_to(path, "org.freedesktop.DBus.Properties", "Get", types, args);
    va_end(args);
    return out;
  };
  const Outcome outcome = wait(get("ss", interface, name));
  return outcome.error.empty() ? outcome.text : outcome.error;
}

std::string BusTest::introspect(const std::string& path) {
  va_list none{};
  return wait(send_to(path, "org.freedesktop.DBus.Introspectable", "Introspect", "", none)).text;
}

void BusTest::watch_signals() {
  sd_bus_add_match(
      client_, nullptr, "type='signal',path_namespace='/com/bammeson/cluster'",
      [](sd_bus_message* message, void* data, sd_bus_error*) {
        Seen seen{sd_bus_message_get_path(message), sd_bus_message_get_interface(message),
                  sd_bus_message_get_member(message), ""};
        char type = 0;
        const char* contents = nullptr;
        while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
          if (type != 's' && type != 'o' && type != 'u') {
            if (type != 'a' || std::string(contents) != "{sv}") break;
            // The changed properties: their names alone.
            sd_bus_message_enter_container(message, 'a', "{sv}");
            while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
              const char* name = "";
              sd_bus_message_read(message, "s", &name);
              sd_bus_message_skip(message, "v");
              sd_bus_message_exit_container(message);
              seen.text += std::string(" ") + name;
            }
            sd_bus_message_exit_container(message);
            continue;
          }
          if (!seen.text.empty()) seen.text += ' ';
          if (type == 'u') {
            uint32_t number = 0;
            sd_bus_message_read(message, "u", &number);
            seen.text += std::to_string(number);
          } else {
            const char* text = "";
            sd_bus_message_read_basic(message, type, &text);
            seen.text += text;
          }
        }
        static_cast<BusTest*>(data)->seen_.push_back(seen);
        return 0;
      },
      this);
}

std::vector<Seen> BusTest::seen(const std::string& member) const {
  std::vector<Seen> out;
  for (const Seen& each : seen_) {
    if (each.member == member) out.push_back(each);
  }
  return out;
}

}  // namespace cluster::bus::test
