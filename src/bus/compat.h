// One face for sdbus-c++ 1.2 (Debian 12) and 2.x (Debian 13), as far as this folder needs it: interfaces
// as plain descriptions that are registered by hand, asynchronous calls, and what a foreign loop polls.
//
// Handlers given here may throw anything: it becomes an error reply and never reaches the C library.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#if __has_include(<sdbus-c++/VTableItems.h>)
#define CLUSTER_SDBUS_2 1
#endif

namespace cluster::bus {

struct Argument {
  std::string signature;
  std::string name;
};

struct Method {
  std::string name;
  std::vector<Argument> in;
  std::vector<Argument> out;
  std::function<void(sdbus::MethodCall)>
      call;  // keeps the call for as long as it likes, then replies
};

struct SignalItem {
  std::string name;
  std::vector<Argument> arguments;
};

// What readers may expect of a property's value over time.
enum class Change : uint8_t {
  kSignalled,  // PropertiesChanged tells
  kConstant,   // for the object's life
  kSilent,     // changes without a word (RTT, last seen)
};

struct Property {
  std::string name;
  std::string signature;
  Change change = Change::kSignalled;
  std::function<void(sdbus::PropertyGetReply&)> get;
};

struct Interface {
  std::string name;
  std::vector<Method> methods;
  std::vector<SignalItem> signals;
  std::vector<Property> properties;
};

using Milliseconds = std::chrono::milliseconds;

// `where` as in Bus. Blocks until the bus has answered; throws sdbus::Error.
std::unique_ptr<sdbus::IConnection> open_connection(const std::string& where);

std::unique_ptr<sdbus::IObject> create_object(sdbus::IConnection& connection,
                                              const std::string& path,
                                              std::vector<Interface> interfaces);
std::unique_ptr<sdbus::IProxy> create_proxy(sdbus::IConnection& connection,
                                            const std::string& destination,
                                            const std::string& path);

sdbus::MethodCall create_call(sdbus::IProxy& proxy, const std::string& interface,
                              const std::string& method);

// `reply` is null where `error` is set.
using ReplyFunction = std::function<void(sdbus::MethodReply* reply, const sdbus::Error* error)>;
void call_async(sdbus::IProxy& proxy, const sdbus::MethodCall& call, Milliseconds timeout,
                ReplyFunction done);

// Once a proxy. Blocks while the match rules are added.
void on_signals(sdbus::IProxy& proxy, const std::string& interface,
                const std::vector<std::string>& signals,
                std::function<void(sdbus::Signal&)> handler);

void emit_properties_changed(sdbus::IObject& object, const std::string& interface,
                             const std::vector<std::string>& properties);
sdbus::Signal create_signal(sdbus::IObject& object, const std::string& interface,
                            const std::string& signal);

sdbus::Error make_error(const std::string& name, const std::string& text);

// True: something was done, and there may be more. Throws sdbus::Error once the connection is gone.
bool process_one(sdbus::IConnection& connection);

// What to wait for before process_one. (2.x has a second descriptor, for sends from other threads; there
// are none here, and the loop is kicked after each send.)
struct PollState {
  int fd = -1;
  short events = 0;
  std::optional<std::chrono::microseconds> timeout;  // from now
};
PollState poll_state(const sdbus::IConnection& connection);

}  // namespace cluster::bus
