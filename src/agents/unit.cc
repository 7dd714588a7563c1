#include "agents/unit.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include <cstdint>
#include <map>
#include <memory>

#include "agents/say.h"
#include "base/result.h"

namespace cluster::agents {

namespace {

constexpr char kSystemd[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kUnit[] = "org.freedesktop.systemd1.Unit";
constexpr char kNoSuchUnit[] = "org.freedesktop.systemd1.NoSuchUnit";
constexpr int kFine = 0, kFailed = 1, kNotRunning = 3, kNotInstalled = 5;

struct Closer {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Closer>;

class Fault {
 public:
  ~Fault() { sd_bus_error_free(&error_); }
  sd_bus_error* out() { return &error_; }
  bool is(const char* name) const { return sd_bus_error_has_name(&error_, name) != 0; }
  std::string text(int code) const {
    return error_.message != nullptr ? error_.message : ::strerror(-code);
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

class Systemd {
 public:
  static Result<std::unique_ptr<Systemd>> open() {
    sd_bus* bus = nullptr;
    if (const int error = sd_bus_open_system(&bus); error < 0)
      return Error{std::string("the system's bus cannot be reached: ") + ::strerror(-error)};
    return std::unique_ptr<Systemd>(new Systemd(bus));
  }

  // The end of the job: "done", "failed", "timeout", …; empty: there was nothing to do.
  Result<std::string> run_job(const char* method, const std::string& unit) {
    const auto removed = [](sd_bus_message* message, void* self, sd_bus_error*) {
      uint32_t id = 0;
      const char *job = "", *name = "", *result = "";
      if (sd_bus_message_read(message, "uoss", &id, &job, &name, &result) >= 0)
        static_cast<Systemd*>(self)->ended_[job] = result;
      return 0;
    };
    int error = sd_bus_match_signal(bus_.get(), nullptr, kSystemd, kPath, kManager, "JobRemoved",
                                    removed, this);
    if (error < 0) return Error{::strerror(-error)};
    Fault fault;
    sd_bus_message* raw = nullptr;
    error = sd_bus_call_method(bus_.get(), kSystemd, kPath, kManager, "Subscribe", fault.out(),
                               nullptr, "");
    if (error < 0) return Error{fault.text(error)};
    error = sd_bus_call_method(bus_.get(), kSystemd, kPath, kManager, method, fault.out(), &raw,
                               "ss", unit.c_str(), "replace");
    const Message reply(raw);
    if (error < 0)
      return fault.is(kNoSuchUnit) ? Result<std::string>("") : Error{fault.text(error)};
    const char* job = "";
    error = sd_bus_message_read(reply.get(), "o", &job);
    while (error >= 0 && !ended_.contains(job)) {
      error = sd_bus_process(bus_.get(), nullptr);
      if (error == 0) error = sd_bus_wait(bus_.get(), UINT64_MAX);
    }
    if (error < 0)
      return Error{std::string("systemd is not heard any more: ") + ::strerror(-error)};
    return ended_.at(job);
  }

  Result<std::string> property(const std::string& unit, const char* name) {
    Fault fault;
    sd_bus_message* raw = nullptr;
    int error = sd_bus_call_method(bus_.get(), kSystemd, kPath, kManager, "LoadUnit", fault.out(),
                                   &raw, "s", unit.c_str());
    const Message reply(raw);
    const char* path = "";
    if (error >= 0) error = sd_bus_message_read(reply.get(), "o", &path);
    if (error < 0) return Error{fault.text(error)};
    char* text = nullptr;
    error = sd_bus_get_property_string(bus_.get(), kSystemd, path, kUnit, name, fault.out(), &text);
    if (error < 0) return Error{fault.text(error)};
    const std::unique_ptr<char, decltype(&::free)> owner(text, ::free);
    return std::string(text);
  }

 private:
  explicit Systemd(sd_bus* bus) : bus_(bus) {}

  std::unique_ptr<sd_bus, Closer> bus_;
  std::map<std::string, std::string> ended_;  // jobs, and how
};

}  // namespace

int Unit::change(const char* method) {
  auto systemd = Systemd::open();
  auto ended =
      systemd ? (*systemd)->run_job(method, name_) : Result<std::string>(Error{systemd.error()});
  if (!ended || (*ended != "done" && !ended->empty())) {
    say(name_ + ": " + method + ": " + (ended ? *ended : ended.error()));
    return kFailed;
  }
  return kFine;
}

int Unit::start() {
  const int before = status();
  if (before == kNotInstalled) return before;
  if (const int failed = change("StartUnit"); failed != kFine) return failed;
  // Of a unit that is started without a word of its own the job is done before it has failed.
  return status() == kFine ? kFine : kFailed;
}

int Unit::stop() { return change("StopUnit"); }

int Unit::status() {
  auto systemd = Systemd::open();
  if (!systemd) {
    say(systemd.error());
    return kFailed;
  }
  const auto load = (*systemd)->property(name_, "LoadState");
  const auto active = load ? (*systemd)->property(name_, "ActiveState") : load;
  if (!active) {
    say(name_ + ": " + active.error());
    return kFailed;
  }
  if (*load != "loaded") {
    say(name_ + " cannot be used: systemd says that it is " + *load);
    return kNotInstalled;
  }
  if (*active == "active" || *active == "reloading") return kFine;
  if (*active == "inactive") return kNotRunning;
  say(name_ + " is " + *active);
  return kFailed;
}

}  // namespace cluster::agents
