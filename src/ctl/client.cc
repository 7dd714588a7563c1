#include "ctl/client.h"

#include <cstring>
#include <string_view>

#include "ctl/text.h"

namespace cluster::ctl {
namespace {

constexpr const char* kName = "com.bammeson.cluster";
constexpr const char* kPath = "/com/bammeson/cluster";
constexpr const char* kInterface = "com.bammeson.cluster.Manager1";
constexpr std::string_view kOurErrors = "com.bammeson.cluster.Error.";
constexpr std::string_view kBusErrors = "org.freedesktop.DBus.Error.";
constexpr uint64_t kReadingTimeout = 30'000'000;  // microseconds

struct MessageDeleter {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using MessagePtr = std::unique_ptr<sd_bus_message, MessageDeleter>;

struct BusError {
  sd_bus_error error{};
  ~BusError() { sd_bus_error_free(&error); }
};

Fault no_daemon(const std::string& why, const char* next) {
  return {kNoDaemon, "no daemon answers: " + printable(why) + "; " + next};
}

Fault unreachable(const std::string& where, int error) {
  return no_daemon("the bus (" + where + ") cannot be reached: " + std::strerror(error),
                   where == "system" ? "does dbus run? systemctl start dbus"
                                     : "expected the bus that clusterd was given by --bus");
}

Fault none_on(const std::string& where) {
  return where == "system"
             ? no_daemon("there is none on the system bus",
                         "systemctl start clusterd; why it ends: journalctl -u clusterd")
             : no_daemon("there is none on this bus", "was clusterd given the same --bus?");
}

Fault fault_of(const sd_bus_error& error, Patience patience, const std::string& where) {
  const std::string_view name = error.name ? error.name : "";
  const std::string_view message = error.message ? error.message : "";
  const std::string text = printable(std::string(message.empty() ? name : message));
  if (name.starts_with(kOurErrors)) {
    const std::string_view brief = name.substr(kOurErrors.size());
    if (brief == "NotYet") return {kRefused, "not supported yet: " + text};
    if (brief == "Failed") return {kRefused, "failed: " + text};
    if (brief == "InvalidConfig") {
      return {kRefused, "refused: the configuration has faults, and nothing was changed:\n" + text};
    }
    return {kRefused, "refused: " + text};
  }
  const std::string_view brief =
      name.starts_with(kBusErrors) ? name.substr(kBusErrors.size()) : std::string_view();
  if (brief == "ServiceUnknown" || brief == "NameHasNoOwner") {
    return none_on(where);
  }
  if (brief == "NoReply" || brief == "Disconnected") {
    return no_daemon("it went away before it answered",
                     "whether the order was carried out: clusterctl log, once it is back");
  }
  if (brief == "Timeout" || brief == "TimedOut") {
    if (patience == Patience::kReading)
      return no_daemon("it has not answered in time", "what it does: journalctl -u clusterd");
    return {kRefused, "failed: no answer within the time given; the work goes on"};
  }
  if (brief == "AccessDenied") {
    return {kRefused,
            "refused: only root gives orders, and members of the group cluster may look: " + text};
  }
  if (brief == "UnknownMethod" || brief == "UnknownInterface") {
    return {kRefused, "refused: the daemon is of another version and does not know this: " + text};
  }
  return {kRefused, "failed: " + text};
}

int append(sd_bus_message* message, const Argument& argument) {
  if (const auto* text = std::get_if<std::string>(&argument)) {
    return sd_bus_message_append(message, "s", text->c_str());
  }
  if (const auto* number = std::get_if<uint32_t>(&argument)) {
    return sd_bus_message_append(message, "u", *number);
  }
  return sd_bus_message_append(message, "b", static_cast<int>(std::get<bool>(argument)));
}

int forward_signal(sd_bus_message* message, void* function, sd_bus_error*) {
  (*static_cast<Client::SignalFunction*>(function))(message);
  return 0;
}

}  // namespace

std::optional<Fault> Client::connect() {
  if (bus_) return {};
  sd_bus* bus = nullptr;
  int result = 0;
  if (where_ == "system") {
    result = sd_bus_open_system(&bus);
  } else if (where_ == "session") {
    result = sd_bus_open_user(&bus);
  } else {
    result = sd_bus_new(&bus);
    if (result >= 0) result = sd_bus_set_address(bus, where_.c_str());
    if (result >= 0) result = sd_bus_set_bus_client(bus, 1);
    if (result >= 0) result = sd_bus_start(bus);
  }
  bus_.reset(bus);
  if (result >= 0) return {};
  disconnect();
  return unreachable(where_, -result);
}

void Client::disconnect() {
  bus_.reset();
  functions_.clear();
}

Answer Client::call(const char* method, const std::vector<Argument>& arguments, Patience patience) {
  if (auto fault = connect()) return *fault;
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_method_call(bus_.get(), &raw, kName, kPath, kInterface, method);
  const MessagePtr message(raw);
  if (result >= 0) result = sd_bus_message_set_auto_start(message.get(), 0);
  for (const Argument& argument : arguments) {
    if (result >= 0) result = append(message.get(), argument);
  }
  // The bus carries UTF-8 only.
  if (result == -EINVAL) return Fault{kRefused, "refused: the words must be UTF-8"};
  if (result < 0) return unreachable(where_, -result);

  uint64_t timeout = patience == Patience::kReading ? kReadingTimeout : UINT64_MAX;
  if (timeout_) timeout = static_cast<uint64_t>(timeout_->count());
  BusError error;
  sd_bus_message* raw_reply = nullptr;
  result = sd_bus_call(bus_.get(), message.get(), timeout, &error.error, &raw_reply);
  const MessagePtr reply(raw_reply);
  if (result < 0) {
    const bool open = sd_bus_is_open(bus_.get()) > 0;
    if (!open) disconnect();
    // Before the handshake is done every error is the bus's own.
    const bool from_peer = error.error.name && std::string_view(error.error.name).find(".Posix.") ==
                                                   std::string_view::npos;
    if (result == -ETIMEDOUT) {
      sd_bus_error_free(&error.error);
      sd_bus_error_set(&error.error, SD_BUS_ERROR_TIMEOUT, nullptr);
      return fault_of(error.error, patience, where_);
    }
    return from_peer ? fault_of(error.error, patience, where_) : unreachable(where_, -result);
  }
  const char* sender = sd_bus_message_get_sender(reply.get());
  daemon_ = sender ? sender : "";
  const char* text = "";
  if (sd_bus_message_has_signature(reply.get(), "s")) {
    sd_bus_message_read(reply.get(), "s", &text);
  }
  return std::string(text);
}

std::optional<Fault> Client::subscribe(const std::string& rule, SignalFunction function) {
  if (auto fault = connect()) return fault;
  functions_.push_back(std::make_unique<SignalFunction>(std::move(function)));
  const int result =
      sd_bus_add_match(bus_.get(), nullptr, rule.c_str(), forward_signal, functions_.back().get());
  if (result >= 0) return {};
  disconnect();
  return unreachable(where_, -result);
}

bool Client::run_once(std::chrono::microseconds wait) {
  if (!bus_) return false;
  int result = 0;
  bool something = false;
  while ((result = sd_bus_process(bus_.get(), nullptr)) > 0) something = true;
  // Who called decides what follows from it before any more waiting.
  if (result >= 0 && !something)
    result = sd_bus_wait(bus_.get(), static_cast<uint64_t>(wait.count()));
  if (result == -EINTR) return true;
  if (result < 0 || sd_bus_is_open(bus_.get()) <= 0) {
    disconnect();
    return false;
  }
  return true;
}

}  // namespace cluster::ctl
