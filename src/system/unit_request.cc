#include "system/unit_request.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <utility>

#include "base/ensure.h"

namespace cluster::system {

namespace {

constexpr char kName[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kUnitExists[] = "org.freedesktop.systemd1.UnitExists";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
// Of one unit, before the answer that names the one asked for.
constexpr size_t kMaxEarlyJobs = 16;

struct MessageFree {
  void operator()(sd_bus_message* m) const { sd_bus_message_unref(m); }
};
using Message = std::unique_ptr<sd_bus_message, MessageFree>;

class Properties {
 public:
  explicit Properties(sd_bus_message* to)
      : to_(to), result_(sd_bus_message_open_container(to, 'a', "(sv)")) {}

  template <class... Value>
  void add(const char* name, const char* type, Value... value) {
    if (result_ >= 0) result_ = sd_bus_message_append(to_, "(sv)", name, type, value...);
  }
  void add_command(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const auto open = [&](char type, const char* contents) {
      if (result_ >= 0) result_ = sd_bus_message_open_container(to_, type, contents);
    };
    open('r', "sv");
    append("s", "ExecStart");
    open('v', "a(sasb)");
    open('a', "(sasb)");
    open('r', "sasb");
    append("s", argv.front());
    if (result_ >= 0) result_ = sd_bus_message_append_strv(to_, argv.data());
    append("b", 0);
    for (int depth = 0; depth < 4; ++depth) close();
  }
  int end() {
    close();
    return result_;
  }

 private:
  template <class Value>
  void append(const char* type, Value value) {
    if (result_ >= 0) result_ = sd_bus_message_append(to_, type, value);
  }
  void close() {
    if (result_ >= 0) result_ = sd_bus_message_close_container(to_);
  }

  sd_bus_message* const to_;
  int result_;
};

int append_properties(sd_bus_message* m, const TransientUnit& unit) {
  Properties properties(m);
  properties.add("Description", "s", unit.description.c_str());
  if (!unit.slice.empty()) properties.add("Slice", "s", unit.slice.c_str());
  // One that failed is not kept, or the next could not be called so.
  properties.add("CollectMode", "s", "inactive-or-failed");
  if (!unit.before.empty()) properties.add("Before", "as", 1, unit.before.c_str());
  if (unit.command.empty()) {
    properties.add("PIDs", "au", 1, static_cast<uint32_t>(unit.process));
    // Other processes are born in there, and a service may have groups of its own below.
    properties.add("Delegate", "b", 1);
  } else {
    // It has begun once it is executed, and what it has started is not its own.
    properties.add("Type", "s", "exec");
    properties.add("KillMode", "s", "process");
    properties.add("StandardOutput", "s", "null");
    properties.add("StandardError", "s", "null");
    if (unit.input >= 0) properties.add("StandardInputFileDescriptor", "h", unit.input);
    properties.add_command(unit.command);
  }
  return properties.end();
}

}  // namespace

std::string escape_unit(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == ':' || c == '_' || (c == '.' && !out.empty());
    if (c == '/') {
      out += '-';
    } else if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

UnitRequest::UnitRequest(event_base* base, const std::string& where, TransientUnit unit, Done done)
    : unit_(std::move(unit)), done_(std::move(done)) {
  patience_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) {
        static_cast<UnitRequest*>(self)->end("no answer within " +
                                             std::to_string(to_ms(kUnitPatience)) + " ms");
      },
      this));
  end_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) {
        const auto& request = *static_cast<UnitRequest*>(self);
        const Done callback = request.done_;  // outlives it
        callback(std::string(request.why_not_));
      },
      this));
  again_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<UnitRequest*>(self)->ask(); }, this));
  ENSURE(patience_ && end_ && again_);
  start_timer(patience_, kUnitPatience);
  bus_ = std::make_unique<BusConnection>(
      base, where,
      BusConnection::Watcher{[this] { compare_numbers(); },
                             [this](const std::string& why) { end("no bus: " + why); }});
}

UnitRequest::~UnitRequest() = default;

void UnitRequest::end(const std::string& why_not) {
  if (std::exchange(over_, true)) return;
  why_not_ = why_not;
  event_del(patience_.get());
  event_del(again_.get());
  event_active(end_.get(), EV_TIMEOUT, 0);
}

// Where the bus counts processes otherwise, so does systemd: what is our child to us is somebody else there.
void UnitRequest::compare_numbers() {
  const char* self = nullptr;
  int result = sd_bus_get_unique_name(bus_->get(), &self);
  if (result >= 0)
    result = sd_bus_call_method_async(bus_->get(), nullptr, kDriver, kDriverPath, kDriver,
                                      "GetConnectionUnixProcessID", on_number, this, "s", self);
  if (result < 0) end(reason_of(result));
  bus_->kick();
}

int UnitRequest::on_number(sd_bus_message* reply, void* self, sd_bus_error*) {
  auto& request = *static_cast<UnitRequest*>(self);
  uint32_t number = 0;
  if (sd_bus_message_is_method_error(reply, nullptr) != 0) {
    request.end(reason_of(0, sd_bus_message_get_error(reply)));
  } else if (sd_bus_message_read(reply, "u", &number) < 0 ||
             number != static_cast<uint32_t>(getpid())) {
    request.end("the bus is in another PID namespace");
  } else {
    sd_bus_match_signal_async(request.bus_->get(), nullptr, kName, kPath, kManager, "JobRemoved",
                              on_job_removed, nullptr, self);
    request.ask();
  }
  return 0;
}

void UnitRequest::ask() {
  sd_bus_message* made = nullptr;
  int result = sd_bus_message_new_method_call(bus_->get(), &made, kName, kPath, kManager,
                                              "StartTransientUnit");
  const Message call(made);
  // Whoever is not there is not to be started: this would be no systemd that runs the machine.
  if (result >= 0) result = sd_bus_message_set_auto_start(made, 0);
  if (result >= 0) result = sd_bus_message_append(made, "ss", unit_.unit.c_str(), "fail");
  if (result >= 0) result = append_properties(made, unit_);
  if (result >= 0) result = sd_bus_message_append(made, "a(sa(sv))", 0);
  if (result >= 0) result = sd_bus_call_async(bus_->get(), nullptr, made, on_job, this, 0);
  if (result < 0) end(reason_of(result));
  bus_->kick();
}

int UnitRequest::on_job(sd_bus_message* reply, void* self, sd_bus_error*) {
  auto& request = *static_cast<UnitRequest*>(self);
  const char* job = nullptr;
  // While the machine boots the bus is there before systemd is on it. And a scope that has just become empty may not be
  // gone when the next of that name is asked for.
  const bool exists = sd_bus_message_is_method_error(reply, kUnitExists) > 0;
  const bool absent = sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0 ||
                      sd_bus_message_is_method_error(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0;
  if (exists || (absent && sd_booted() > 0)) {
    start_timer(request.again_, kUnitPause);
  } else if (sd_bus_message_is_method_error(reply, nullptr) != 0) {
    request.end(reason_of(0, sd_bus_message_get_error(reply)));
  } else if (sd_bus_message_read(reply, "o", &job) < 0) {
    request.end("systemd's answer makes no sense");
  } else {
    request.job_ = job;
    for (const auto& [ended, result] : request.ended_jobs_)
      if (ended == request.job_) request.job_ended(ended, result);
  }
  return 0;
}

int UnitRequest::on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*) {
  auto& request = *static_cast<UnitRequest*>(self);
  uint32_t id = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) < 0) return 0;
  if (request.unit_.unit != unit) return 0;
  if (request.job_.empty()) {
    if (request.ended_jobs_.size() < kMaxEarlyJobs) request.ended_jobs_.emplace_back(job, result);
  } else {
    request.job_ended(job, result);
  }
  return 0;
}

void UnitRequest::job_ended(const std::string& job, const std::string& result) {
  if (job != job_) return;
  end(result == "done" ? "" : "systemd's job ended with \"" + result + "\"");
}

}  // namespace cluster::system
