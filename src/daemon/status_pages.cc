#include "daemon/status_pages.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "bus/status.h"
#include "daemon/clock.h"
#include "daemon/logging.h"

namespace cluster::daemon {

namespace {

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t open_files() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  uint64_t count = 0;
  while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
  ::closedir(folder);
  return count - 1;  // the folder itself
}

Duration cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return seconds(t.tv_sec) + microseconds(t.tv_usec); };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace

StatusPages::StatusPages(event_base* base, bus::Cluster& cluster, const http::Tally& tally)
    : base_(base),
      cluster_(cluster),
      tally_(tally),
      since_(read_clocks().wall),
      again_(base, -1, 0, [this] { listen(); }) {}

void StatusPages::configure(std::vector<config::PortAddress> addresses) {
  if (addresses == addresses_) return;
  addresses_ = std::move(addresses);
  server_.reset();
  trouble_.clear();
  again_.remove();
  if (!addresses_.empty()) listen();
}

void StatusPages::listen() {
  std::vector<http::Address> wanted;
  for (const config::PortAddress& address : addresses_)
    wanted.push_back({address.ip, address.port});
  auto server = http::Server::listen(
      base_, wanted,
      {[this] { return status(); }, [this] { return bus::events_json(cluster_.events()); },
       [this] { return metrics(); }});
  if (server) {
    server_ = std::move(*server);
    log(core::LogLevel::kInfo, "the status page is there");
    return;
  }
  if (std::exchange(trouble_, server.error()) != server.error())
    log(core::LogLevel::kWarning,
        "no status page yet, it is tried again: status_listen: " + server.error());
  again_.add(kListenAgainAfter);
}

std::string StatusPages::status() {
  const core::View view = cluster_.view();
  return bus::status_json(view, CLUSTER_VERSION, cluster_.strangers(), cluster_.relayed(),
                          bus::files_now(cluster_.file_roots(), read_clocks().wall, view));
}

std::string StatusPages::metrics() {
  const bus::Strangers strangers = cluster_.strangers();
  const bus::RelayCounts relayed = cluster_.relayed();
  core::View view = cluster_.view();
  const Now clocks = read_clocks();
  bus::FilesNow roots = bus::files_now(cluster_.file_roots(), clocks.wall, view);
  http::Snapshot now{
      .view = std::move(view),
      .roots = std::move(roots.roots),
      .clocks = cluster_.clocks(),
      .now = clocks,
      .version = CLUSTER_VERSION,
      .connections = {strangers.connections, strangers.authenticated, strangers.refused,
                      relayed.frames, relayed.bytes, relayed.dropped},
      .process = {since_, cpu_time(), resident_bytes(), open_files()}};
  return http::metrics(now, tally_);
}

}  // namespace cluster::daemon
