#include "system/scope_request.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <utility>

#include "base/ensure.h"

namespace cluster::system {

namespace {

constexpr char kName[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
// Of one unit, before the answer that names the one asked for.
constexpr size_t kMaxEarlyJobs = 16;

struct MessageFree {
  void operator()(sd_bus_message* m) const { sd_bus_message_unref(m); }
};
using Message = std::unique_ptr<sd_bus_message, MessageFree>;

int append_properties(sd_bus_message* m, const Scope& scope) {
  int result = sd_bus_message_open_container(m, 'a', "(sv)");
  const auto add = [&](const char* name, const char* type, auto... value) {
    if (result >= 0) result = sd_bus_message_append(m, "(sv)", name, type, value...);
  };
  add("Description", "s", scope.description.c_str());
  add("Slice", "s", scope.slice.c_str());
  add("PIDs", "au", 1, static_cast<uint32_t>(scope.process));
  // Other processes are born in there, and a service may have groups of its own below.
  add("Delegate", "b", 1);
  // One that failed is not kept, or the next could not be called so.
  add("CollectMode", "s", "inactive-or-failed");
  if (!scope.before.empty()) add("Before", "as", 1, scope.before.c_str());
  if (result >= 0) result = sd_bus_message_close_container(m);
  return result;
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

ScopeRequest::ScopeRequest(event_base* base, const std::string& where, Scope scope, Done done)
    : scope_(std::move(scope)), done_(std::move(done)) {
  patience_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) {
        static_cast<ScopeRequest*>(self)->end("no answer within " +
                                              std::to_string(to_ms(kScopePatience)) + " ms");
      },
      this));
  end_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) {
        const auto& request = *static_cast<ScopeRequest*>(self);
        const Done callback = request.done_;  // outlives it
        callback(std::string(request.why_not_));
      },
      this));
  again_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<ScopeRequest*>(self)->ask(); }, this));
  ENSURE(patience_ && end_ && again_);
  start_timer(patience_, kScopePatience);
  bus_ = std::make_unique<BusConnection>(
      base, where,
      BusConnection::Watcher{[this] { compare_numbers(); },
                             [this](const std::string& why) { end("no bus: " + why); }});
}

ScopeRequest::~ScopeRequest() = default;

void ScopeRequest::end(const std::string& why_not) {
  if (std::exchange(over_, true)) return;
  why_not_ = why_not;
  event_del(patience_.get());
  event_del(again_.get());
  event_active(end_.get(), EV_TIMEOUT, 0);
}

// Where the bus counts processes otherwise, so does systemd: what is our child to us is somebody else there.
void ScopeRequest::compare_numbers() {
  const char* self = nullptr;
  int result = sd_bus_get_unique_name(bus_->get(), &self);
  if (result >= 0)
    result = sd_bus_call_method_async(bus_->get(), nullptr, kDriver, kDriverPath, kDriver,
                                      "GetConnectionUnixProcessID", on_number, this, "s", self);
  if (result < 0) end(reason_of(result));
  bus_->kick();
}

int ScopeRequest::on_number(sd_bus_message* reply, void* self, sd_bus_error*) {
  auto& request = *static_cast<ScopeRequest*>(self);
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

void ScopeRequest::ask() {
  sd_bus_message* made = nullptr;
  int result = sd_bus_message_new_method_call(bus_->get(), &made, kName, kPath, kManager,
                                              "StartTransientUnit");
  const Message call(made);
  // Whoever is not there is not to be started: this would be no systemd that runs the machine.
  if (result >= 0) result = sd_bus_message_set_auto_start(made, 0);
  if (result >= 0) result = sd_bus_message_append(made, "ss", scope_.unit.c_str(), "fail");
  if (result >= 0) result = append_properties(made, scope_);
  if (result >= 0) result = sd_bus_message_append(made, "a(sa(sv))", 0);
  if (result >= 0) result = sd_bus_call_async(bus_->get(), nullptr, made, on_job, this, 0);
  if (result < 0) end(reason_of(result));
  bus_->kick();
}

int ScopeRequest::on_job(sd_bus_message* reply, void* self, sd_bus_error*) {
  auto& request = *static_cast<ScopeRequest*>(self);
  const char* job = nullptr;
  // While the machine boots the bus is there before systemd is on it.
  const bool absent = sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0 ||
                      sd_bus_message_is_method_error(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0;
  if (absent && sd_booted() > 0) {
    start_timer(request.again_, kAbsentPause);
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

int ScopeRequest::on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*) {
  auto& request = *static_cast<ScopeRequest*>(self);
  uint32_t id = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) < 0) return 0;
  if (request.scope_.unit != unit) return 0;
  if (request.job_.empty()) {
    if (request.ended_jobs_.size() < kMaxEarlyJobs) request.ended_jobs_.emplace_back(job, result);
  } else {
    request.job_ended(job, result);
  }
  return 0;
}

void ScopeRequest::job_ended(const std::string& job, const std::string& result) {
  if (job != job_) return;
  end(result == "done" ? "" : "systemd's job ended with \"" + result + "\"");
}

}  // namespace cluster::system
