#include "setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "config/text.h"
#include "posix/fd.h"

namespace cluster::setup {

namespace {

constexpr std::string_view kLetters =
    "abcdefghijkmnpqrstuvwxyz23456789";  // none is taken for another
constexpr size_t kGroups = 5, kLettersOfGroup = 5;
static_assert(256 % kLetters.size() == 0, "each letter is as likely as any other");
constexpr mode_t kSecret = 0600, kPublic = 0644;
constexpr std::string_view kSampleServices =
    "# NAME HOST [HOST...]: a service, and the hosts that may run it, by the numbers of their "
    "lines in `hosts`, the\n"
    "# preferred one first. The first that is up and able runs it. Each name is a folder in "
    "services.d/ with the scripts\n"
    "# start, stop and, if you like, status; cluster-services(5) says how.\n"
    "#\n"
    "# web 1 2\n";

std::string passphrase() {
  std::array<unsigned char, kGroups * kLettersOfGroup> random{};
  ENSURE(::getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(random.size()));
  std::string out;
  for (size_t i = 0; i < random.size(); ++i) {
    if (i > 0 && i % kLettersOfGroup == 0) out += '-';
    out += kLetters[random[i] % kLetters.size()];
  }
  return out;
}

Result<std::string> line_for(std::string_view host) {
  const bool dynamic = host.ends_with(',');
  const std::string_view name = host.substr(0, host.size() - (dynamic ? 1 : 0));
  if (name.empty() || name.front() == '#' || name.find_first_of(" \t,") != std::string_view::npos)
    return Error{config::in_quotes(host) +
                 " names no host; expected ADDRESS[:PORT], or \"NAME,\" with a comma for a host "
                 "without an address of "
                 "its own"};
  return std::string(name) + (dynamic ? "," : " ") + passphrase();
}

std::string listed(const std::vector<config::Fault>& faults) {
  std::string out;
  for (const config::Fault& fault : faults) out += (out.empty() ? "" : "\n") + to_string(fault);
  return out;
}

std::string failed(const std::string& path, const char* what) {
  return path + ": " + what + ": " + ::strerror(errno);
}

// Whole or not at all, and never in another's place.
Status write_new(const std::string& path, std::string_view text, mode_t mode) {
  const std::string beside = path + ".new." + std::to_string(::getpid());
  Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return Error{failed(path, "cannot be written")};
  Status status;
  for (size_t done = 0; done < text.size() && status;) {
    const ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n > 0) done += static_cast<size_t>(n);
    if (n < 0 && errno != EINTR) status = Error{failed(path, "cannot be written")};
  }
  if (status && ::fchmod(fd.get(), mode) != 0) status = Error{failed(path, "cannot get its mode")};
  if (status && ::fsync(fd.get()) != 0) status = Error{failed(path, "cannot be written")};
  fd.reset();
  if (status && ::link(beside.c_str(), path.c_str()) != 0)
    status = Error{failed(path, "cannot be made")};
  ::unlink(beside.c_str());
  return status;
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string in_shell(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// Of this host where it has one, else of the first that has.
std::string address_to_copy_from(const config::Hosts& hosts, const config::IdentitySource& local) {
  config::Report ignored;
  const auto self = config::find_self(hosts, std::nullopt, local, ignored);
  std::string found;
  for (const auto& entry : hosts.entries)
    if (!entry.dynamic && (found.empty() || entry.id == self)) found = entry.address;
  if (found.empty()) return "HOST";
  return found.find(':') == std::string::npos ? found : "[" + found + "]";
}

}  // namespace

Result<Begun> init(const std::string& config_dir, const std::vector<std::string>& hosts,
                   const config::IdentitySource& local) {
  const std::string path = config_dir + "/hosts";
  std::string text;
  for (const std::string& host : hosts) {
    const auto line = line_for(host);
    if (!line) return Error{line.error()};
    text += *line + "\n";
  }
  config::Report report;
  config::TextFile file = config::split_text(path, text, report);
  file.mode = kSecret;
  Begun out;
  out.hosts = config::parse_hosts(file, report);
  if (!report.ok()) return Error{listed(report.faults())};
  config::Report about_self;
  out.self = config::find_self(out.hosts, std::nullopt, local, about_self);
  if (!out.self) out.why_not_self = about_self.faults().front().text;

  if (is_there(path))
    return Error{path +
                 " is there already, and nothing was changed; `clusterctl invite` tells how to add "
                 "a host to it"};
  std::error_code error;
  std::filesystem::create_directories(config_dir, error);
  if (error) return Error{config_dir + ": cannot be made: " + error.message()};
  const std::pair<std::string, std::string_view> others[] = {
      {config_dir + "/services", kSampleServices}, {config_dir + "/cluster.conf", kSampleConf}};
  for (const auto& [other, sample] : others) {
    if (is_there(other)) {
      out.kept.push_back(other);
      continue;
    }
    if (Status status = write_new(other, sample, kPublic); !status) return Error{status.error()};
    out.written.push_back(other);
  }
  if (Status status = write_new(path, text, kSecret); !status) return Error{status.error()};
  out.written.push_back(path);
  return out;
}

Result<Invitation> invite(const std::string& config_dir, const std::string& host,
                          const config::IdentitySource& local) {
  const std::string path = config_dir + "/hosts";
  config::Report report;
  auto file = config::read_text(path, config::Need::kRequired, report);
  const config::Hosts before = file ? config::parse_hosts(*file, report) : config::Hosts();
  if (!report.ok()) return Error{listed(report.faults())};
  const auto line = line_for(host);
  if (!line) return Error{line.error()};
  file->lines.push_back({static_cast<int>(file->lines.size()) + 1, *line, true});
  const config::Hosts after = config::parse_hosts(*file, report);
  if (!report.ok()) return Error{listed(report.faults())};

  Invitation out;
  out.id = after.entries.back().id;
  out.name = after.entries.back().name;
  out.line = *line;
  out.add =
      "sed -i " + in_shell("$a " + *line) + " " + in_shell(path) + " && clusterctl push config";
  const std::string from = "root@" + address_to_copy_from(before, local) + ":" + config_dir + "/";
  const std::string there = in_shell(config_dir);
  out.join = "mkdir -p " + there + " && scp -p " + in_shell(from + "hosts") + " " +
             in_shell(from + "services") + " " + there;
  out.join += " && touch " + in_shell(config_dir + "/cluster.conf") + " && clusterd --check-config";
  if (config_dir != kUsualFolder) out.join += " --config-dir " + there;
  out.join += " && systemctl enable --now clusterd";
  return out;
}

}  // namespace cluster::setup
