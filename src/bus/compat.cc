#include "bus/compat.h"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <utility>

namespace cluster::bus {
namespace {

// An exception of another kind would travel through the C library below.
template <class Function>
auto guarded(Function function) {
  return [function = std::move(function)](auto&& message) {
    try {
      function(std::forward<decltype(message)>(message));
    } catch (const sdbus::Error&) {
      throw;
    } catch (const std::exception& fault) {
      throw make_error("org.freedesktop.DBus.Error.Failed", fault.what());
    }
  };
}

std::string signature_of(const std::vector<Argument>& arguments) {
  std::string out;
  for (const Argument& argument : arguments) out += argument.signature;
  return out;
}

std::vector<std::string> names_of(const std::vector<Argument>& arguments) {
  std::vector<std::string> out;
  out.reserve(arguments.size());
  for (const Argument& argument : arguments) out.push_back(argument.name);
  return out;
}

sdbus::Flags flags_of(Change change) {
  sdbus::Flags flags;
  switch (change) {
    case Change::kSignalled: flags.set(sdbus::Flags::EMITS_CHANGE_SIGNAL); break;
    case Change::kConstant: flags.set(sdbus::Flags::CONST_PROPERTY_VALUE); break;
    case Change::kSilent: flags.set(sdbus::Flags::EMITS_NO_SIGNAL); break;
  }
  return flags;
}

// sdbus-c++ 1.2 loses the C library's bus where an address cannot be reached, and we try again and again
// for as long as it can't.
void require_reachable(const std::string& address) {
  sd_bus* bus = nullptr;
  int result = sd_bus_new(&bus);
  if (result >= 0) result = sd_bus_set_address(bus, address.c_str());
  if (result >= 0) result = sd_bus_start(bus);
  sd_bus_close_unref(bus);
  if (result < 0) throw sdbus::createError(-result, "cannot be reached");
}

}  // namespace

std::unique_ptr<sdbus::IConnection> open_connection(const std::string& where) {
  if (where == "system") return sdbus::createSystemBusConnection();
  if (where == "session") return sdbus::createSessionBusConnection();
  require_reachable(where);
  return sdbus::createSessionBusConnectionWithAddress(where);
}

#ifdef CLUSTER_SDBUS_2

std::unique_ptr<sdbus::IObject> create_object(sdbus::IConnection& connection,
                                              const std::string& path,
                                              std::vector<Interface> interfaces) {
  auto object = sdbus::createObject(connection, sdbus::ObjectPath{path});
  for (Interface& interface : interfaces) {
    std::vector<sdbus::VTableItem> items;
    for (Method& method : interface.methods) {
      sdbus::MethodVTableItem item;
      item.name = sdbus::MethodName{method.name};
      item.inputSignature = sdbus::Signature{signature_of(method.in)};
      item.inputParamNames = names_of(method.in);
      item.outputSignature = sdbus::Signature{signature_of(method.out)};
      item.outputParamNames = names_of(method.out);
      item.callbackHandler = guarded(std::move(method.call));
      items.emplace_back(std::move(item));
    }
    for (SignalItem& signal : interface.signals) {
      sdbus::SignalVTableItem item;
      item.name = sdbus::SignalName{signal.name};
      item.signature = sdbus::Signature{signature_of(signal.arguments)};
      item.paramNames = names_of(signal.arguments);
      items.emplace_back(std::move(item));
    }
    for (Property& property : interface.properties) {
      sdbus::PropertyVTableItem item;
      item.name = sdbus::PropertyName{property.name};
      item.signature = sdbus::Signature{property.signature};
      item.getter = guarded(std::move(property.get));
      item.flags = flags_of(property.change);
      items.emplace_back(std::move(item));
    }
    object->addVTable(sdbus::InterfaceName{interface.name}, std::move(items));
  }
  return object;
}

std::unique_ptr<sdbus::IProxy> create_proxy(sdbus::IConnection& connection,
                                            const std::string& destination,
                                            const std::string& path) {
  return sdbus::createProxy(connection, sdbus::ServiceName{destination}, sdbus::ObjectPath{path});
}

sdbus::MethodCall create_call(sdbus::IProxy& proxy, const std::string& interface,
                              const std::string& method) {
  return proxy.createMethodCall(sdbus::InterfaceName{interface}, sdbus::MethodName{method});
}

void call_async(sdbus::IProxy& proxy, const sdbus::MethodCall& call, Milliseconds timeout,
                ReplyFunction done) {
  proxy.callMethodAsync(
      call,
      [done = std::move(done)](sdbus::MethodReply reply, std::optional<sdbus::Error> error) {
        done(error ? nullptr : &reply, error ? &*error : nullptr);
      },
      timeout);
}

void on_signals(sdbus::IProxy& proxy, const std::string& interface,
                const std::vector<std::string>& signals,
                std::function<void(sdbus::Signal&)> handler) {
  for (const std::string& signal : signals) {
    proxy.registerSignalHandler(sdbus::InterfaceName{interface}, sdbus::SignalName{signal},
                                [handler](sdbus::Signal message) { handler(message); });
  }
}

void emit_properties_changed(sdbus::IObject& object, const std::string& interface,
                             const std::vector<std::string>& properties) {
  std::vector<sdbus::PropertyName> names(properties.begin(), properties.end());
  object.emitPropertiesChangedSignal(sdbus::InterfaceName{interface}, names);
}

sdbus::Signal create_signal(sdbus::IObject& object, const std::string& interface,
                            const std::string& signal) {
  return object.createSignal(sdbus::InterfaceName{interface}, sdbus::SignalName{signal});
}

sdbus::Error make_error(const std::string& name, const std::string& text) {
  return sdbus::Error(sdbus::Error::Name{name}, text);
}

bool process_one(sdbus::IConnection& connection) { return connection.processPendingEvent(); }

#else

std::unique_ptr<sdbus::IObject> create_object(sdbus::IConnection& connection,
                                              const std::string& path,
                                              std::vector<Interface> interfaces) {
  auto object = sdbus::createObject(connection, path);
  for (Interface& interface : interfaces) {
    for (Method& method : interface.methods) {
      object->registerMethod(interface.name, method.name, signature_of(method.in),
                             names_of(method.in), signature_of(method.out), names_of(method.out),
                             guarded(std::move(method.call)));
    }
    for (const SignalItem& signal : interface.signals) {
      object->registerSignal(interface.name, signal.name, signature_of(signal.arguments),
                             names_of(signal.arguments));
    }
    for (Property& property : interface.properties) {
      object->registerProperty(interface.name, property.name, property.signature,
                               guarded(std::move(property.get)), flags_of(property.change));
    }
  }
  object->finishRegistration();
  return object;
}

std::unique_ptr<sdbus::IProxy> create_proxy(sdbus::IConnection& connection,
                                            const std::string& destination,
                                            const std::string& path) {
  return sdbus::createProxy(connection, destination, path);
}

sdbus::MethodCall create_call(sdbus::IProxy& proxy, const std::string& interface,
                              const std::string& method) {
  return proxy.createMethodCall(interface, method);
}

void call_async(sdbus::IProxy& proxy, const sdbus::MethodCall& call, Milliseconds timeout,
                ReplyFunction done) {
  proxy.callMethod(
      call,
      [done = std::move(done)](sdbus::MethodReply& reply, const sdbus::Error* error) {
        done(error ? nullptr : &reply, error);
      },
      timeout);
}

void on_signals(sdbus::IProxy& proxy, const std::string& interface,
                const std::vector<std::string>& signals,
                std::function<void(sdbus::Signal&)> handler) {
  for (const std::string& signal : signals) {
    proxy.registerSignalHandler(interface, signal, handler);
  }
  proxy.finishRegistration();
}

void emit_properties_changed(sdbus::IObject& object, const std::string& interface,
                             const std::vector<std::string>& properties) {
  object.emitPropertiesChangedSignal(interface, properties);
}

sdbus::Signal create_signal(sdbus::IObject& object, const std::string& interface,
                            const std::string& signal) {
  return object.createSignal(interface, signal);
}

sdbus::Error make_error(const std::string& name, const std::string& text) {
  return sdbus::Error(name, text);
}

bool process_one(sdbus::IConnection& connection) { return connection.processPendingRequest(); }

#endif

PollState poll_state(const sdbus::IConnection& connection) {
  const auto data = connection.getEventLoopPollData();
  PollState state;
  state.fd = data.fd;
  state.events = data.events;
#ifdef CLUSTER_SDBUS_2
  const auto relative = data.getRelativeTimeout();
  if (relative != std::chrono::microseconds::max()) state.timeout = relative;
#else
  state.timeout = data.getRelativeTimeout();
#endif
  return state;
}

}  // namespace cluster::bus
