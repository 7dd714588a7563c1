// A bus of one's own, a daemon that is pretended, and a client that does not block the loop they share.
#pragma once

#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "tests/unit/temp_folder.h"

namespace cluster::bus::test {

// A dbus-daemon on a socket in a temporary folder; ends with the object.
class PrivateBus {
 public:
  PrivateBus();
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;

  // unix:path=… ; the same after a restart.
  const std::string& address() const { return address_; }

  void start();
  void stop();
  void freeze();  // it takes connections and answers nothing
  void thaw();

 private:
  testing_files::TempFolder folder_;
  std::string address_;
  pid_t pid_ = 0;
};

// Hosts 1 server1.example.com (self) and 2 laptop1, services web and mail-1.
core::View sample_view();

// www in /srv/www, which host 2 laptop1 has but for two files; and the file /etc/motd, which is paused.
std::vector<sync::RootView> sample_roots();

class FakeCluster : public Cluster {
 public:
  core::View view() override { return (++views, shown); }
  std::optional<std::string> explain(const std::string& service) override {
    return "why " + service;
  }
  std::string simulate(const std::vector<HostId>& lost) override {
    return "without " + std::to_string(lost.size());
  }
  std::vector<Happening> events() override { return happened; }
  Strangers strangers() override { return strange; }
  RelayCounts relayed() override { return {7, 8, 9}; }
  void submit(core::Command command, CommandDone done) override {
    commands.push_back(command);
    if (at_once) {
      done(at_once->first, at_once->second);
    } else {
      waiting.push_back(std::move(done));
    }
  }
  void reload(ReloadDone done) override { reloads.push_back(std::move(done)); }
  void push_config(CommandDone done) override { pushes.push_back(std::move(done)); }
  std::vector<sync::RootView> file_roots() override { return roots; }
  std::vector<sync::ClockOfPeer> clocks() override { return {}; }
  void files(FileRequest request, FileDone done) override {
    file_requests.push_back(std::move(request));
    file_dones.push_back(std::move(done));
  }
  void log(core::LogLevel, const std::string& text) override { logged.push_back(text); }
  void alert(core::Severity, const std::string& text) override { alerts.push_back(text); }
  void bus_tried(bool on_bus) override { tried.push_back(on_bus); }

  core::View shown = sample_view();
  std::vector<Happening> happened;
  Strangers strange;
  std::optional<std::pair<core::Refusal, std::string>> at_once;  // answers without waiting
  int views = 0;
  std::vector<core::Command> commands;
  std::vector<CommandDone> waiting;
  std::vector<ReloadDone> reloads;
  std::vector<CommandDone> pushes;
  std::vector<sync::RootView> roots;
  std::vector<FileRequest> file_requests;
  std::vector<FileDone> file_dones;
  std::vector<std::string> logged;
  std::vector<std::string> alerts;
  std::vector<bool> tried;
};

struct BaseDeleter {
  void operator()(event_base* base) const { event_base_free(base); }
};
using BasePtr = std::unique_ptr<event_base, BaseDeleter>;

// What came back: an error's name, or the values.
struct Outcome {
  std::string error;
  std::string text;   // of the error, or the string returned
  bool flag = false;  // the boolean returned
};

struct Seen {
  std::string path;
  std::string interface;
  std::string member;
  std::string text;  // string arguments, joined by blanks
};

class BusTest : public ::testing::Test {
 protected:
  BusTest();
  ~BusTest() override;

  void start_bus();  // the Bus under test, until it has its name

  // Lets everything run until it holds; false after a generous bound.
  bool until(const std::function<bool()>& condition);
  void run_for(std::chrono::milliseconds time);

  void connect_client();
  // Arguments as for sd_bus_message_append.
  std::shared_ptr<std::optional<Outcome>> send(const char* interface, const char* method,
                                               const char* types = "", ...);
  std::shared_ptr<std::optional<Outcome>> send_to(const std::string& path, const char* interface,
                                                  const char* method, const char* types,
                                                  va_list args);
  Outcome wait(const std::shared_ptr<std::optional<Outcome>>& outcome);
  Outcome call(const char* method, const char* types = "", ...);
  std::string property(const std::string& path, const char* interface, const char* name);
  std::string introspect(const std::string& path);
  void watch_signals();  // into seen_
  std::vector<Seen> seen(const std::string& member) const;

  PrivateBus private_bus_;
  BasePtr base_;
  FakeCluster cluster_;
  std::unique_ptr<Bus> bus_;
  sd_bus* client_ = nullptr;
  std::vector<Seen> seen_;
};

}  // namespace cluster::bus::test
