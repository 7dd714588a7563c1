#include "config/service_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/digest.h"
#include "config/agent.h"
#include "config/conf_file.h"
#include "config/text.h"

namespace cluster::config {

namespace {

// nullopt: fit to be executed; else what is wrong with it, after its path.
std::optional<std::string> unexecutable(const std::string& path, const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return " is a folder";
  if (!S_ISREG(info.st_mode)) return " is not a regular file";
  if ((info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    char mode[16];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(info.st_mode & 07777));
    return std::string(" is not executable (mode ") + mode + ")";
  }
  // Also tells a file system that is mounted noexec.
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) {
    return std::string(" may not be executed by this user: ") + std::strerror(errno);
  }
  return std::nullopt;
}

enum class Presence { kRequired, kOptional };

bool check_script(const std::string& folder, const char* name, Presence presence,
                  const ServiceLine& where, const core::ServiceEntry& entry, Report& report) {
  const std::string path = folder + "/" + name;
  const std::string service = "service " + in_quotes(entry.name) + ": ";
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const int error = errno;
    struct stat link {};
    const bool dangling = error == ENOENT && ::lstat(path.c_str(), &link) == 0;
    if (error == ENOENT && !dangling && presence == Presence::kOptional) return false;
    report.fault(
        where.file, where.line,
        service + path +
            (dangling          ? " is a link to nothing"
             : error == ENOENT ? " is missing"
                               : std::string(" cannot be examined: ") + std::strerror(error)),
        "an executable file");
    return false;
  }
  if (const auto wrong = unexecutable(path, info)) {
    report.fault(where.file, where.line, service + path + *wrong,
                 presence == Presence::kRequired ? "an executable file"
                                                 : "an executable file, or none of this name");
    return false;
  }
  return true;
}

void digest_file(const std::string& path, const char* name, Digest& digest) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  digest.add(name)
      .add(static_cast<uint64_t>(info.st_mode))
      .add(static_cast<uint64_t>(info.st_size));
  std::ifstream in(path, std::ios::binary);
  std::string bytes(static_cast<size_t>(std::min<off_t>(info.st_size, kMaxDigestedBytes)), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(in.gcount() > 0 ? static_cast<size_t>(in.gcount()) : 0);
  digest.add(bytes);
  // A script that may be executed but not read is told apart by its time at least.
  if (!in && bytes.empty()) digest.add(static_cast<uint64_t>(info.st_mtim.tv_sec));
}

template <class Value, class Field>
void take(const std::optional<Value>& value, Field& field) {
  if (value) field = static_cast<Field>(*value);
}

// Whether an agent is named.
bool load_service_conf(const std::string& path, std::optional<core::Failback>& failback,
                       core::ServiceEntry& entry, NeedsLines& lines, Report& report) {
  const auto text = read_text(path, Need::kOptional, report);
  if (!text) return false;
  const ConfValues conf = parse_conf(*text, ConfKind::kService, report);
  take(conf.time("start_timeout", report), entry.start_timeout);
  take(conf.time("stop_timeout", report), entry.stop_timeout);
  take(conf.time("status_interval", report), entry.status_interval);
  take(conf.time("status_timeout", report), entry.status_timeout);
  take(conf.time("failure_window", report), entry.failure_window);
  take(conf.number("max_failures", report), entry.max_failures);
  take(conf.number("fall", report), entry.fall);
  take(conf.number("rise", report), entry.rise);
  read_needs(conf, entry, lines, report);
  if (const auto own = conf.failback("failback", report)) failback = own;
  take(conf.ownership("ownership", report), entry.ownership);
  take(conf.time("fence_margin", report), entry.fence_margin);
  entry.max_lag = conf.time("max_lag", report);
  take(conf.fence("fence", report), entry.fence);
  read_agent(conf, report);
  if (conf.find("systemd") != nullptr && entry.ownership == core::Ownership::kMajority)
    report.fault(conf.file(), conf.line_of("systemd"),
                 "with ownership majority a service is killed when its lease ends, and what "
                 "systemd has started cannot be",
                 "scripts or an OCF agent, or ownership peers");
  return names_agent(conf);
}

void refuse_scripts(const std::string& folder, const ServiceLine& where,
                    const core::ServiceEntry& entry, Report& report) {
  for (const char* name : {"start", "stop", "status"}) {
    struct stat info {};
    if (::lstat((folder + "/" + name).c_str(), &info) != 0) continue;
    report.fault(where.file, where.line,
                 "service " + in_quotes(entry.name) + ": " + folder + "/" + name +
                     " stands beside an agent in service.conf",
                 "either scripts or an agent");
  }
}

}  // namespace

void load_service_folder(const std::string& folder, const ServiceLine& where,
                         std::optional<core::Failback> failback, core::ServiceEntry& entry,
                         NeedsLines& lines, Report& report) {
  const size_t before = report.faults().size();
  struct stat info {};
  errno = 0;
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    const bool other = errno != 0 && errno != ENOENT && errno != ENOTDIR;
    report.fault(where.file, where.line,
                 "service " + in_quotes(entry.name) + " may run on this host, but " + folder +
                     (other ? std::string(": ") + std::strerror(errno) : " is no folder"),
                 "a folder with the executables start and stop");
  } else {
    if (load_service_conf(folder + "/service.conf", failback, entry, lines, report)) {
      refuse_scripts(folder, where, entry, report);
      entry.has_status = true;
    } else {
      check_script(folder, "start", Presence::kRequired, where, entry, report);
      check_script(folder, "stop", Presence::kRequired, where, entry, report);
      entry.has_status = check_script(folder, "status", Presence::kOptional, where, entry, report);
    }
    const bool never = entry.ownership == core::Ownership::kMajority;
    entry.failback = failback.value_or(core::Failback{.never = never, .stability = {}});
    Digest digest;
    for (const char* name : {"start", "stop", "status", "service.conf"}) {
      digest_file(folder + "/" + name, name, digest);
    }
    entry.folder_digest = digest.value();
  }
  entry.runnable = report.faults().size() == before;
  if (!entry.runnable) entry.unrunnable_why = to_string(report.faults()[before]);
}

}  // namespace cluster::config
