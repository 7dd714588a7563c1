#include "bus/manager.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include "bus/errors.h"
#include "bus/status.h"

namespace cluster::bus {
namespace {

constexpr size_t kMaxServiceName = 64;  // bytes, as the services file has it
constexpr size_t kMaxPathBytes = 4096;

using core::Verb;
using sdbus::MethodCall;

template <class... Results>
void reply(const MethodCall& call, const Results&... results) {
  if (call.doesntExpectReply()) return;
  auto message = call.createReply();
  static_cast<void>((message << ... << results));
  message.send();
}

template <class T>
T read(MethodCall& call) {
  T value{};
  call >> value;
  return value;
}

// Only a well-formed name is ever repeated in an answer, so that it may go to a terminal as it is.
void require_service(const core::View& view, const std::string& name) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  const bool good = !name.empty() && name.size() <= kMaxServiceName && plain(name[0]) &&
                    std::all_of(name.begin(), name.end(), [&](char c) {
                      return plain(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!good) {
    throw make_error(
        kInvalidArgs,
        "this is no service name: it takes letters, digits, dot, underscore and hyphen, "
        "at most 64, and starts with a letter or digit");
  }
  for (const core::ServiceView& service : view.services) {
    if (service.name == name) return;
  }
  throw make_error(error_name(core::Refusal::kUnknownService),
                   "no line of the services file names " + name);
}

void require_host(const core::View& view, HostId host) {
  for (const core::HostView& each : view.hosts) {
    if (each.id == host) return;
  }
  throw make_error(error_name(core::Refusal::kUnknownHost),
                   "the hosts file has no host " + std::to_string(host.value));
}

void submit(const Desk& desk, MethodCall call, Verb verb, std::string service, HostId host) {
  core::Command command;
  command.verb = verb;
  command.service = std::move(service);
  command.host = host;
  desk.cluster.submit(std::move(command), desk.pending.await_command(std::move(call)));
}

Method service_order(const Desk& desk, const char* name, Verb verb) {
  return {name, {{"s", "name"}}, {}, [desk, verb](MethodCall call) {
            auto service = read<std::string>(call);
            require_service(desk.view(), service);
            submit(desk, std::move(call), verb, std::move(service), HostId{});
          }};
}

Method move_service(const Desk& desk) {
  return {"MoveService", {{"s", "name"}, {"u", "host"}}, {}, [desk](MethodCall call) {
            auto service = read<std::string>(call);
            const HostId host{read<uint32_t>(call)};
            require_service(desk.view(), service);
            require_host(desk.view(), host);
            submit(desk, std::move(call), Verb::kMove, std::move(service), host);
          }};
}

Method set_standby(const Desk& desk) {
  return {"SetStandby", {{"u", "host"}, {"b", "standby"}}, {}, [desk](MethodCall call) {
            const HostId host{read<uint32_t>(call)};
            const bool standby = read<bool>(call);
            require_host(desk.view(), host);
            submit(desk, std::move(call), standby ? Verb::kStandby : Verb::kOnline, "", host);
          }};
}

Method set_maintenance(const Desk& desk) {
  return {"SetMaintenance", {{"u", "host"}, {"b", "maintenance"}}, {}, [desk](MethodCall call) {
            const HostId host{read<uint32_t>(call)};
            const bool maintenance = read<bool>(call);
            require_host(desk.view(), host);
            submit(desk, std::move(call),
                   maintenance ? Verb::kMaintenanceOn : Verb::kMaintenanceOff, "", host);
          }};
}

Method readmit(const Desk& desk) {
  return {"Readmit", {{"u", "host"}}, {}, [desk](MethodCall call) {
            const HostId host{read<uint32_t>(call)};
            require_host(desk.view(), host);
            submit(desk, std::move(call), Verb::kReadmit, "", host);
          }};
}

Method readmit_self(const Desk& desk) {
  return {"ReadmitSelf", {}, {}, [desk](MethodCall call) {
            submit(desk, std::move(call), Verb::kReadmitSelf, "", HostId());
          }};
}

Method silence(const Desk& desk) {
  return {"Silence", {{"s", "name"}, {"u", "seconds"}}, {}, [desk](MethodCall call) {
            core::Command command;
            command.verb = Verb::kSilence;
            command.service = read<std::string>(call);
            command.seconds = read<uint32_t>(call);
            desk.cluster.submit(std::move(command), desk.pending.await_command(std::move(call)));
          }};
}

Method notify_status(const Desk& desk) {
  return {"NotifyStatus", {{"s", "status"}}, {}, [desk](MethodCall call) {
            const auto status = read<std::string>(call);
            const std::map<std::string, Verb> verbs = {{"online", Verb::kOnline},
                                                       {"standby", Verb::kStandby},
                                                       {"maintenance", Verb::kMaintenanceOn}};
            const auto verb = verbs.find(status);
            if (verb == verbs.end()) {
              throw make_error(kInvalidArgs, "status is online, standby or maintenance");
            }
            submit(desk, std::move(call), verb->second, "", desk.view().self);
          }};
}

Method reload(const Desk& desk) {
  return {"Reload", {}, {}, [desk](MethodCall call) {
            desk.cluster.reload(desk.pending.await_reload(std::move(call)));
          }};
}

Method push_config(const Desk& desk) {
  return {"PushConfig", {}, {{"s", "report"}}, [desk](MethodCall call) {
            desk.cluster.push_config(
                desk.pending.await_command(std::move(call), Pending::Returns::kText));
          }};
}

Method explain(const Desk& desk) {
  return {"Explain", {{"s", "name"}}, {{"s", "text"}}, [desk](MethodCall call) {
            const auto service = read<std::string>(call);
            require_service(desk.view(), service);
            reply(call, desk.cluster.explain(service).value_or(""));
          }};
}

Method simulate(const Desk& desk) {
  return {"Simulate", {{"s", "lost"}}, {{"s", "text"}}, [desk](MethodCall call) {
            const auto lost = parse_ids(read<std::string>(call));
            if (!lost) throw make_error(kInvalidArgs, lost.error());
            for (HostId host : *lost) require_host(desk.view(), host);
            reply(call, desk.cluster.simulate(*lost));
          }};
}

FilesNow files_of(const Desk& desk) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return files_now(desk.cluster.file_roots(), WallTime(std::chrono::duration_cast<Duration>(now)),
                   desk.view());
}

// A root that is a single file is named by its path, and has that of the folder.
bool holds(const sync::RootView& root, const std::string& path) {
  if (root.name.starts_with('/') && root.name != root.path) return path == root.name;
  return path.size() > root.path.size() + 1 && path.starts_with(root.path) &&
         path[root.path.size()] == '/';
}

void require_file(const Desk& desk, const std::string& path) {
  bool good = path.starts_with('/') && path.size() <= kMaxPathBytes;
  for (size_t at = 0; good && at != std::string::npos;) {
    const size_t end = path.find('/', at + 1);
    const std::string part = path.substr(at + 1, end - at - 1);
    good = !part.empty() && part != "." && part != "..";
    at = end;
  }
  if (!good) {
    throw make_error(kInvalidArgs,
                     "this is no path of a file: it takes an absolute one without . and .. and "
                     "without a slash at its end");
  }
  const auto roots = desk.cluster.file_roots();
  if (std::none_of(roots.begin(), roots.end(),
                   [&](const sync::RootView& root) { return holds(root, path); }))
    throw make_error(kUnknownFile, "nothing at this path is kept alike on several hosts");
}

Method files(const Desk& desk) {
  return {"Files", {}, {{"s", "json"}}, [desk](const MethodCall& call) {
            reply(call, files_json(files_of(desk)));
          }};
}

Method file_log(const Desk& desk) {
  return {"FileLog", {{"s", "path"}}, {{"s", "json"}}, [desk](MethodCall call) {
            auto path = read<std::string>(call);
            require_file(desk, path);
            desk.cluster.files({FileRequest::Verb::kLog, std::move(path), ""},
                               desk.pending.await_files(std::move(call), Pending::Returns::kText));
          }};
}

Method file_restore(const Desk& desk) {
  return {"FileRestore", {{"s", "path"}, {"s", "version"}}, {}, [desk](MethodCall call) {
            auto path = read<std::string>(call);
            auto version = read<std::string>(call);
            require_file(desk, path);
            desk.cluster.files(
                {FileRequest::Verb::kRestore, std::move(path), std::move(version)},
                desk.pending.await_files(std::move(call), Pending::Returns::kNothing));
          }};
}

Method push_file(const Desk& desk) {
  return {"PushFile", {{"s", "path"}}, {}, [desk](MethodCall call) {
            auto path = read<std::string>(call);
            require_file(desk, path);
            desk.cluster.files(
                {FileRequest::Verb::kPushPath, std::move(path), ""},
                desk.pending.await_files(std::move(call), Pending::Returns::kNothing));
          }};
}

Method push_service(const Desk& desk) {
  return {"PushService", {{"s", "name"}}, {}, [desk](MethodCall call) {
            const auto service = read<std::string>(call);
            require_service(desk.view(), service);
            const std::string folder = "services.d/" + service;
            const auto roots = desk.cluster.file_roots();
            if (std::none_of(roots.begin(), roots.end(),
                             [&](const sync::RootView& root) { return root.name == folder; }))
              throw make_error(error_name(core::Refusal::kNotAble),
                               "this host is not on the line of " + service +
                                   " in the services file, so it has no folder to push");
            desk.cluster.files(
                {FileRequest::Verb::kPushRoot, folder, ""},
                desk.pending.await_files(std::move(call), Pending::Returns::kNothing));
          }};
}

Method root_order(const Desk& desk, const char* name, FileRequest::Verb verb) {
  return {name, {{"s", "root"}}, {}, [desk, verb](MethodCall call) {
            auto name_of_root = read<std::string>(call);
            const auto roots = desk.cluster.file_roots();
            if (std::none_of(roots.begin(), roots.end(),
                             [&](const sync::RootView& root) { return root.name == name_of_root; }))
              throw make_error(kUnknownRoot, "no root of this host has this name");
            desk.cluster.files(
                {verb, std::move(name_of_root), ""},
                desk.pending.await_files(std::move(call), Pending::Returns::kNothing));
          }};
}

Method get_status(const Desk& desk) {
  return {"GetStatus", {}, {{"s", "json"}}, [desk](const MethodCall& call) {
            reply(call, status_json(desk.view(), desk.version, desk.cluster.strangers(),
                                    desk.cluster.relayed(), files_of(desk)));
          }};
}

Method events(const Desk& desk) {
  return {"Events", {}, {{"s", "json"}}, [desk](const MethodCall& call) {
            reply(call, events_json(desk.cluster.events()));
          }};
}

Method update_handler_pid(const Desk& desk) {
  return {"updateHandlerPID", {{"i", "pid"}}, {{"b", "accepted"}}, [desk](MethodCall call) {
            const auto pid = read<int32_t>(call);
            const bool accepted = desk.handler.accept(pid, call.getSender());
            if (accepted) {
              desk.cluster.log(core::LogLevel::kInfo,
                               "process " + std::to_string(pid) + " is told of hosts now");
            }
            reply(call, accepted);
          }};
}

uint32_t hosts_up(const core::View& view) {
  return static_cast<uint32_t>(std::count_if(view.hosts.begin(), view.hosts.end(),
                                             [](const core::HostView& host) { return host.up; }));
}

uint32_t services_running(const core::View& view) {
  return static_cast<uint32_t>(std::count_if(view.services.begin(), view.services.end(),
                                             [](const core::ServiceView& service) {
                                               return service.state == core::ServiceState::kRunning;
                                             }));
}

// In the order in which summary() lists them.
constexpr const char* kSummaryNames[] = {"HostCount", "HostId",       "HostName",       "HostsUp",
                                         "Settled",   "ServiceCount", "ServicesRunning"};

auto summary(const core::View& view) {
  return std::tuple(static_cast<uint32_t>(view.hosts.size()), view.self.value, view.self_name,
                    hosts_up(view), view.settled, static_cast<uint32_t>(view.services.size()),
                    services_running(view));
}

template <size_t I>
Property summary_property(const Desk& desk) {
  using Value = std::tuple_element_t<I, decltype(summary(std::declval<core::View>()))>;
  const char* signature = std::is_same_v<Value, bool>       ? "b"
                          : std::is_same_v<Value, uint32_t> ? "u"
                                                            : "s";
  return {
      kSummaryNames[I], signature, Change::kSignalled,
      [&view = desk.view](sdbus::PropertyGetReply& out) { out << std::get<I>(summary(view())); }};
}

template <size_t... I>
std::vector<Property> summary_properties(const Desk& desk, std::index_sequence<I...>) {
  return {summary_property<I>(desk)...};
}

template <size_t... I>
std::vector<std::string> summary_differences(const core::View& before, const core::View& after,
                                             std::index_sequence<I...>) {
  const auto a = summary(before);
  const auto b = summary(after);
  std::vector<std::string> out;
  ((std::get<I>(a) == std::get<I>(b) ? void()
                                     : static_cast<void>(out.emplace_back(kSummaryNames[I]))),
   ...);
  return out;
}

constexpr auto kSummaryIndexes = std::make_index_sequence<std::size(kSummaryNames)>();

std::vector<Method> methods(const Desk& desk) {
  return {
      reload(desk),
      notify_status(desk),
      service_order(desk, "StartService", Verb::kStart),
      service_order(desk, "StopService", Verb::kStop),
      service_order(desk, "RestartService", Verb::kRestart),
      service_order(desk, "EnableService", Verb::kEnable),
      service_order(desk, "DisableService", Verb::kDisable),
      service_order(desk, "ClearService", Verb::kClear),
      move_service(desk),
      set_standby(desk),
      set_maintenance(desk),
      readmit(desk),
      readmit_self(desk),
      explain(desk),
      simulate(desk),
      events(desk),
      get_status(desk),
      files(desk),
      file_log(desk),
      file_restore(desk),
      root_order(desk, "FilesConfirm", FileRequest::Verb::kConfirm),
      root_order(desk, "FilesRevert", FileRequest::Verb::kRevert),
      push_config(desk),
      push_service(desk),
      push_file(desk),
      silence(desk),
  };
}

}  // namespace

std::vector<Interface> manager_interfaces(const Desk& desk) {
  Interface original;
  original.name = kOriginalInterface;
  original.methods = {update_handler_pid(desk)};

  Interface manager;
  manager.name = kManagerInterface;
  manager.methods = methods(desk);
  manager.signals = {
      {"HostOnline", {{"u", "host"}, {"s", "name"}}},
      {"HostOffline", {{"u", "host"}, {"s", "name"}}},
      {"ServiceChanged", {{"s", "name"}, {"s", "state"}, {"u", "host"}}},
      {"FileChanged", {{"s", "path"}}},
      {"FileConflict", {{"s", "path"}, {"s", "copy"}}},
      {"Alert", {{"s", "severity"}, {"s", "text"}}},
  };
  manager.properties = summary_properties(desk, kSummaryIndexes);
  manager.properties.push_back(
      {"Version", "s", Change::kConstant,
       [&version = desk.version](sdbus::PropertyGetReply& out) { out << version; }});
  return {std::move(original), std::move(manager)};
}

std::vector<std::string> changed_properties(const core::View& before, const core::View& after) {
  return summary_differences(before, after, kSummaryIndexes);
}

Result<std::vector<HostId>> parse_ids(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  std::vector<HostId> out;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    while (!item.empty() && blank(item.front())) item.remove_prefix(1);
    while (!item.empty() && blank(item.back())) item.remove_suffix(1);
    uint32_t id = 0;
    const auto [end, fault] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (fault != std::errc() || end != item.data() + item.size() || id == 0) {
      return Error{"expected IDs of hosts separated by commas, such as 1,3"};
    }
    out.emplace_back(id);
  }
  return out;
}

}  // namespace cluster::bus
