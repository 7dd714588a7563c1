#include "ctl/run.h"

#include <signal.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/client.h"
#include "ctl/files_text.h"
#include "ctl/output.h"
#include "ctl/setting_up.h"
#include "ctl/status_text.h"
#include "ctl/watch.h"

namespace cluster::ctl {
namespace {

class Runner {
 public:
  explicit Runner(const Arguments& arguments)
      : arguments_(arguments), client_(arguments.bus, arguments.timeout), style_(stdout_style()) {}

  Exit run();

 private:
  const std::string& word(size_t i) const { return arguments_.words[i]; }
  bool has_word(size_t i) const { return arguments_.words.size() > i; }

  // A call that returns text for people, and the same as JSON under `key`.
  Exit read(const char* method, const std::vector<Argument>& arguments, const char* key,
            const std::vector<std::pair<const char*, Json>>& context);
  Exit change(const char* method, const std::vector<Argument>& arguments, const std::string& what);

  Exit with_status(const std::function<Exit(const Json& status)>& function);
  Exit with_host(const std::string& id_or_name, const std::function<Exit(uint32_t)>& function);

  Exit show_status();
  Exit show_log();
  // The JSON array that a call returns, as it is or as a table.
  Exit show_list(const char* method, const std::vector<Argument>& arguments, const char* what,
                 const std::function<std::string(const Json& list)>& table);
  Exit simulate();
  Exit set_standby(bool standby);
  Exit maintenance();
  Exit files();
  Exit push();
  Exit readmit();
  Exit silence();
  Exit service_order(const char* method);

  const Arguments& arguments_;
  Client client_;
  const Style style_;
};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Exit wrong_usage(const std::string& why) {
  complain({kUsage, why});
  std::fputs("Try: clusterctl --help\n", stderr);
  return kUsage;
}

std::string with_newline(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

// The daemon has another working directory.
std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  return error || path.empty() ? path : full.lexically_normal().string();
}

Exit Runner::read(const char* method, const std::vector<Argument>& arguments, const char* key,
                  const std::vector<std::pair<const char*, Json>>& context) {
  const Answer answer = client_.call(method, arguments, Patience::kReading);
  if (const auto* fault = std::get_if<Fault>(&answer)) return complain(*fault);
  const auto& text = std::get<std::string>(answer);
  if (arguments_.json) {
    Json out;
    for (const auto& [name, value] : context) out[name] = value;
    out[key] = text;
    print(dump(out));
  } else {
    print(with_newline(printable(text)));
  }
  return kDone;
}

Exit Runner::change(const char* method, const std::vector<Argument>& arguments,
                    const std::string& what) {
  const Answer answer = client_.call(method, arguments, Patience::kWorking);
  if (const auto* fault = std::get_if<Fault>(&answer)) return complain(*fault);
  const auto& text = std::get<std::string>(answer);
  if (arguments_.json) {
    Json out;
    out["command"] = arguments_.command;
    out["done"] = true;
    if (!text.empty()) out["report"] = text;
    print(dump(out));
  } else {
    print(text.empty() ? what + ": done\n" : with_newline(printable(text)));
  }
  return kDone;
}

Exit Runner::with_status(const std::function<Exit(const Json&)>& function) {
  const Answer answer = client_.call("GetStatus", {}, Patience::kReading);
  if (const auto* fault = std::get_if<Fault>(&answer)) return complain(*fault);
  const auto status = parse_status(std::get<std::string>(answer));
  if (!status) return complain({kRefused, "failed: " + status.error()});
  return function(*status);
}

Exit Runner::with_host(const std::string& id_or_name,
                       const std::function<Exit(uint32_t)>& function) {
  return with_status([&](const Json& status) {
    const uint32_t host = find_host(status, id_or_name);
    if (host != 0) return function(host);
    return complain({kRefused, "refused: the hosts file has no host " + printable(id_or_name)});
  });
}

Exit Runner::show_status() {
  return with_status([this](const Json& status) {
    const std::string& command = arguments_.command;
    if (arguments_.json) {
      print(dump(command == "status" ? status : status[command]));
    } else if (command == "hosts") {
      print(hosts_table(status, wall_now(), style_));
    } else if (command == "services") {
      print(services_table(status, style_));
    } else if (command == "files") {
      print(files_table(status, style_));
    } else {
      print(status_text(status, wall_now(), style_));
    }
    return kDone;
  });
}

Exit Runner::show_list(const char* method, const std::vector<Argument>& arguments, const char* what,
                       const std::function<std::string(const Json& list)>& table) {
  const Answer answer = client_.call(method, arguments, Patience::kReading);
  if (const auto* fault = std::get_if<Fault>(&answer)) return complain(*fault);
  const Json list = Json::parse(std::get<std::string>(answer), nullptr, false);
  if (!list.is_array())
    return complain({kRefused, std::string("failed: the daemon's answer is no list of ") + what});
  Json sound = Json::array();
  for (const Json& each : list)
    if (each.is_object()) sound.push_back(each);
  print(arguments_.json ? dump(list) : table(sound));
  return kDone;
}

Exit Runner::show_log() {
  return show_list("Events", {}, "events", [this](const Json& events) {
    std::string out;
    for (const Json& event : events) {
      const std::string severity = text_at(event, "severity");
      const Tone tone = severity == "critical"  ? Tone::kBad
                        : severity == "warning" ? Tone::kWarning
                                                : Tone::kPlain;
      out += text_at(event, "time") + "  " + paint(text_at(event, "text"), tone, style_) + "\n";
    }
    return out;
  });
}

Exit Runner::simulate() {
  return with_status([this](const Json& status) {
    std::string ids;
    Json lost = Json::array();
    for (const std::string& each : arguments_.lost) {
      const uint32_t host = find_host(status, each);
      if (host == 0) {
        return complain({kRefused, "refused: the hosts file has no host " + printable(each)});
      }
      ids += (ids.empty() ? "" : ",") + std::to_string(host);
      lost.push_back(host);
    }
    return read("Simulate", {ids}, "outcome", {{"lost", lost}});
  });
}

Exit Runner::set_standby(bool standby) {
  const char* status = standby ? "standby" : "online";
  if (!has_word(0)) return change("NotifyStatus", {std::string(status)}, status);
  return with_host(word(0), [&](uint32_t host) {
    return change("SetStandby", {host, standby}, std::string(status) + " " + word(0));
  });
}

Exit Runner::maintenance() {
  if (word(0) != "on" && word(0) != "off") {
    return wrong_usage("maintenance takes on or off, not \"" + word(0) + "\"");
  }
  const bool on = word(0) == "on";
  const auto set = [&](uint32_t host, const std::string& whose) {
    return change("SetMaintenance", {host, on}, "maintenance " + word(0) + whose);
  };
  if (has_word(1))
    return with_host(word(1), [&](uint32_t host) { return set(host, " " + word(1)); });
  return with_status([&](const Json& status) { return set(own_host(status), ""); });
}

Exit Runner::files() {
  if (!has_word(0)) return show_status();
  const size_t more = arguments_.words.size() - 1;
  if (word(0) == "log" && more == 1) {
    return show_list("FileLog", {absolute(word(1))}, "versions",
                     [this](const Json& log) { return file_log_table(log, style_); });
  }
  if (word(0) == "restore" && more == 2) {
    return change("FileRestore", {absolute(word(1)), word(2)}, "restore " + word(1));
  }
  if (word(0) == "confirm" && more == 1)
    return change("FilesConfirm", {word(1)}, "confirm " + word(1));
  if (word(0) == "revert" && more == 1)
    return change("FilesRevert", {word(1)}, "revert " + word(1));
  return wrong_usage(
      "files takes nothing, log PATH, restore PATH VERSION, confirm ROOT or revert ROOT");
}

Exit Runner::push() {
  if (word(0) == "config" && !has_word(1)) return change("PushConfig", {}, "push config");
  if (word(0) == "service" && has_word(1)) {
    return change("PushService", {word(1)}, "push service " + word(1));
  }
  if (word(0) == "file" && has_word(1))
    return change("PushFile", {word(1)}, "push file " + word(1));
  return wrong_usage("push takes config, service NAME or file PATH");
}

Exit Runner::readmit() {
  if (word(0) == "self") return change("ReadmitSelf", {}, "readmit self");
  return with_host(word(0),
                   [&](uint32_t host) { return change("Readmit", {host}, "readmit " + word(0)); });
}

Exit Runner::silence() {
  constexpr size_t kMostDigits = 9;
  const std::string& seconds = word(1);
  if (seconds.empty() || seconds.size() > kMostDigits ||
      seconds.find_first_not_of("0123456789") != std::string::npos) {
    return wrong_usage("silence takes a host, a service or all, and seconds (0 ends it)");
  }
  return change("Silence", {word(0), static_cast<uint32_t>(std::stoul(seconds))},
                "silence " + word(0));
}

Exit Runner::service_order(const char* method) {
  return change(method, {word(0)}, arguments_.command + " " + word(0));
}

Exit Runner::run() {
  static const std::map<std::string, std::function<Exit(Runner&)>> kCommands = {
      {"status", &Runner::show_status},
      {"hosts", &Runner::show_status},
      {"services", &Runner::show_status},
      {"watch", [](Runner& r) { return watch(r.client_, r.arguments_.json, r.style_); }},
      {"log", &Runner::show_log},
      {"explain",
       [](Runner& r) {
         return r.read("Explain", {r.word(0)}, "explanation", {{"service", r.word(0)}});
       }},
      {"simulate", &Runner::simulate},
      {"reload", [](Runner& r) { return r.change("Reload", {}, "reload"); }},
      {"start", [](Runner& r) { return r.service_order("StartService"); }},
      {"stop", [](Runner& r) { return r.service_order("StopService"); }},
      {"restart", [](Runner& r) { return r.service_order("RestartService"); }},
      {"enable", [](Runner& r) { return r.service_order("EnableService"); }},
      {"disable", [](Runner& r) { return r.service_order("DisableService"); }},
      {"clear", [](Runner& r) { return r.service_order("ClearService"); }},
      {"move",
       [](Runner& r) {
         return r.with_host(r.word(1), [&](uint32_t host) {
           return r.change("MoveService", {r.word(0), host}, "move " + r.word(0));
         });
       }},
      {"standby", [](Runner& r) { return r.set_standby(true); }},
      {"online", [](Runner& r) { return r.set_standby(false); }},
      {"maintenance", &Runner::maintenance},
      {"files", &Runner::files},
      {"push", &Runner::push},
      {"readmit", &Runner::readmit},
      {"silence", &Runner::silence},
  };
  const auto command = kCommands.find(arguments_.command);
  return command->second(*this);
}

}  // namespace

int run(int argc, const char* const* argv) {
  // Whoever reads our output may stop reading: then print() says so.
  signal(SIGPIPE, SIG_IGN);
  const auto arguments = parse_arguments({argv + std::min(argc, 1), argv + argc});
  if (!arguments) return wrong_usage(printable(arguments.error()));
  if (arguments->help) {
    print(usage());
    return kDone;
  }
  if (arguments->version) {
    print("clusterctl " CLUSTER_VERSION "\n");
    return kDone;
  }
  if (arguments->command == "init") return init(*arguments);
  if (arguments->command == "invite") return invite(*arguments);
  return Runner(*arguments).run();
}

}  // namespace cluster::ctl
