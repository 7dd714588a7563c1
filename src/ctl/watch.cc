#include "ctl/watch.h"

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>

#include "ctl/output.h"
#include "ctl/status_text.h"

namespace cluster::ctl {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
constexpr std::chrono::milliseconds kWait{3600 * 1000};
constexpr const char* kSignals =
    "type='signal',interface='com.bammeson.cluster.Manager1',path='/com/bammeson/cluster'";
constexpr const char* kOwner =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='com.bammeson.cluster'";

std::string clock_text(WallTime time) {
  const auto whole = static_cast<time_t>(to_seconds(time.time_since_epoch()));
  std::tm parts{};
  localtime_r(&whole, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%H:%M:%S", &parts);
  return out;
}

std::string utc_text(WallTime time) {
  const auto whole = static_cast<time_t>(to_seconds(time.time_since_epoch()));
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return out;
}

std::string text_of(sd_bus_message* message) {
  const char* text = "";
  sd_bus_message_read(message, "s", &text);
  return text;
}

uint32_t number_of(sd_bus_message* message) {
  uint32_t number = 0;
  sd_bus_message_read(message, "u", &number);
  return number;
}

class Watch {
 public:
  Watch(Client& client, bool json, const Style& style)
      : client_(client), json_(json), style_(style) {}

  Exit run() {
    if (auto fault = begin()) return complain(*fault);
    while (writable_) {
      const bool open = client_.run_once(kWait);
      if (gone_ && open) {
        gone_ = false;
        say("daemon-gone", "daemon gone", Tone::kBad, Json::object());
        present_ = false;
      }
      if (back_ && open) {
        back_ = false;
        resume();
      }
      if (!open) outlast_bus();
    }
    return kDone;
  }

 private:
  // Subscribed before asking, so that nothing falls between.
  std::optional<Fault> begin() {
    if (auto fault = client_.subscribe(kSignals, [this](sd_bus_message* m) { signal(m); })) {
      return fault;
    }
    if (auto fault = client_.subscribe(kOwner, [this](sd_bus_message* m) { owner_changed(m); })) {
      return fault;
    }
    return show_status();
  }

  std::optional<Fault> show_status() {
    const Answer answer = client_.call("GetStatus", {}, Patience::kReading);
    if (const auto* fault = std::get_if<Fault>(&answer)) return *fault;
    auto status = parse_status(std::get<std::string>(answer));
    if (!status) return Fault{kRefused, "failed: " + status.error()};
    status_ = std::move(status).value();
    present_ = true;
    if (json_) {
      Json event;
      event["time"] = utc_text(wall_now());
      event["event"] = "status";
      event["status"] = status_;
      put(event);
    } else {
      put(status_text(status_, wall_now(), style_) + "\n");
    }
    return {};
  }

  void resume() {
    say("daemon-back", "daemon back", Tone::kGood, Json::object());
    // Where it is gone again already the bus says so, and again when it is back.
    if (show_status()) present_ = false;
  }

  void outlast_bus() {
    say("bus-gone", "bus gone", Tone::kBad, Json::object());
    present_ = false;
    bool told = false;
    while (writable_) {
      std::this_thread::sleep_for(kRetry);
      client_.disconnect();
      gone_ = back_ = false;
      const auto fault = begin();
      if (!fault) return;
      // On a bus without the daemon NameOwnerChanged will tell.
      if (client_.run_once(std::chrono::microseconds(0))) {
        if (!told) say("bus-back", "bus back, no daemon yet", Tone::kWarning, Json::object());
        told = true;
        return;
      }
    }
  }

  void owner_changed(sd_bus_message* message) {
    const char* name = "";
    const char* before = "";
    const char* after = "";
    if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0) return;
    if (*before) gone_ = true;
    if (*after) back_ = true;
  }

  void signal(sd_bus_message* message) {
    // The bus lets anybody send a signal of this interface.
    const char* sender = sd_bus_message_get_sender(message);
    if (!present_ || !sender || client_.daemon() != sender) return;
    const std::string_view member = sd_bus_message_get_member(message);
    if (member == "HostOnline" || member == "HostOffline") {
      host_changed(member == "HostOnline", message);
    } else if (member == "ServiceChanged") {
      service_changed(message);
    } else if (member == "Alert") {
      alert(message);
    } else if (member == "FileChanged") {
      const std::string path = text_of(message);
      say("file-changed", "file changed: " + path, Tone::kPlain, {{"path", path}});
    } else if (member == "FileConflict") {
      const std::string path = text_of(message);
      const std::string copy = text_of(message);
      say("file-conflict",
          "file in conflict: " + path + (copy.empty() ? "" : ", the other one is " + copy),
          Tone::kWarning, {{"path", path}, {"copy", copy}});
    }
  }

  void host_changed(bool online, sd_bus_message* message) {
    const uint32_t id = number_of(message);
    const std::string name = text_of(message);
    say(online ? "host-online" : "host-offline",
        "host " + std::to_string(id) + " " + name + (online ? " is up" : " is DOWN"),
        online ? Tone::kGood : Tone::kBad, {{"host", id}, {"name", name}});
  }

  void service_changed(sd_bus_message* message) {
    const std::string name = text_of(message);
    const std::string state = text_of(message);
    const uint32_t host = number_of(message);
    const std::string on = host == 0 ? "" : " on " + host_label(status_, host);
    const bool bad = state == "failed" || state == "stop-failed";
    say("service", "service " + name + ": " + state + on,
        state == "running" ? Tone::kGood
        : bad              ? Tone::kBad
                           : Tone::kWarning,
        {{"service", name}, {"state", state}, {"host", host == 0 ? Json(nullptr) : Json(host)}});
  }

  void alert(sd_bus_message* message) {
    const std::string severity = text_of(message);
    const std::string text = text_of(message);
    say("alert", "alert (" + severity + "): " + text,
        severity == "critical" ? Tone::kBad : Tone::kWarning,
        {{"severity", severity}, {"text", text}});
  }

  void say(const char* event, const std::string& text, Tone tone, const Json& details) {
    const WallTime now = wall_now();
    if (json_) {
      Json out;
      out["time"] = utc_text(now);
      out["event"] = event;
      out.update(details);
      put(out);
    } else {
      put(clock_text(now) + "  " + paint(printable(text), tone, style_) + "\n");
    }
  }

  void put(const Json& json) {
    put(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  void put(const std::string& text) { writable_ = print(text) && writable_; }

  Client& client_;
  const bool json_;
  const Style style_;
  Json status_;
  bool present_ = false;
  bool gone_ = false;
  bool back_ = false;
  bool writable_ = true;
};

}  // namespace

Exit watch(Client& client, bool json, const Style& style) {
  return Watch(client, json, style).run();
}

}  // namespace cluster::ctl
