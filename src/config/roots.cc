#include "config/roots.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "config/address.h"
#include "config/file_list.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr std::array kScripts = {"start", "stop", "status"};  // of a service: each host has its own
constexpr const char* kFileList = "files";                    // what else it needs

// A path as it is written, and where it leads by symbolic links: two may meet in either.
struct Where {
  std::string written;
  std::string real;
};

Where where_is(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path, error);
  return {path, error ? path : real.string()};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string below(const std::string& folder, const std::string& name) {
  return (folder == "/" ? "" : folder) + "/" + name;
}

bool lies_in(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder ||
         (path.starts_with(folder) && path[folder.size()] == '/');
}

bool lies_in(const Where& path, const Where& folder) {
  return lies_in(path.written, folder.written) || lies_in(path.real, folder.real);
}

struct Candidate {
  enum class Kind : uint8_t { kFile, kFolder, kService };

  sync::LocalRoot root;
  Kind kind = Kind::kFolder;
  std::string file;  // where it is configured
  int line = 1;
  std::string what;  // "the folder of service 'web'"
  Where where;       // of the file itself, where it is one
  bool refused = false;
};

class Roots {
 public:
  Roots(const RootSources& sources, Report& report) : from_(sources), report_(report) {}

  std::vector<sync::LocalRoot> run() {
    for (const core::HostEntry& host : from_.hosts.entries) all_.push_back(host.id);
    add_services();
    add_listed();
    for (const SyncSection& section : from_.conf.sections) add(section);
    check_places();
    check_nesting();
    for (Candidate& one : candidates_)
      if (!one.refused && one.kind != Candidate::Kind::kService) look(one);

    std::vector<sync::LocalRoot> out;
    for (Candidate& one : candidates_) out.push_back(std::move(one.root));
    return out;
  }

 private:
  void refuse(Candidate& one, const std::string& wrong, const std::string& expected) {
    one.refused = true;
    report_.fault(one.file, one.line, one.what + " " + wrong, expected);
  }

  void add(Candidate one) {
    if (one.root.config.takes_part(from_.self)) candidates_.push_back(std::move(one));
  }

  void add_services() {
    std::string folders;
    if (const auto clean =
            clean_path(std::filesystem::path(from_.service_dir).lexically_normal().string()))
      folders = *clean;
    for (const ServiceRow& row : from_.services) {
      const std::string& name = row.entry.name;
      Candidate one;
      one.kind = Candidate::Kind::kService;
      one.file = from_.services_path;
      one.line = row.line;
      one.what = "the folder of service " + in_quotes(name);
      one.root.path = below(folders, name);
      one.where = where_is(one.root.path);
      one.root.config.name = "services.d/" + name;
      one.root.config.hosts = row.entry.preference;
      std::sort(one.root.config.hosts.begin(), one.root.config.hosts.end());
      for (const char* script : kScripts)
        if (!take_script(one.where, script))
          one.root.config.filter.exclude.push_back(std::string("/") + script);
      if (one.root.config.takes_part(from_.self)) add_list_of(one);
      add(std::move(one));
    }
  }

  // What is wrong with the folder itself is said of the service.
  void add_list_of(const Candidate& service) {
    std::error_code error;
    if (!std::filesystem::is_directory(service.root.path, error)) return;
    const auto text = read_text(below(service.root.path, kFileList), Need::kOptional, report_);
    if (!text) return;
    for (const ListedPath& path : parse_file_list(*text, report_)) {
      Candidate one;
      one.file = text->path;
      one.line = path.line;
      one.what = path_in_quotes(path.path);
      path.folder ? as_folder(one, path.path) : as_file(one, path.path);
      one.root.config.name = path.path;
      one.root.config.mode = path.mode;
      one.root.config.hosts = service.root.config.hosts;
      add(std::move(one));
    }
  }

  static void as_folder(Candidate& one, const std::string& path) {
    one.where = where_is(path);
    one.root.path = path;
  }

  // A link is kept alike itself, not what it leads to.
  static void as_file(Candidate& one, const std::string& path) {
    one.kind = Candidate::Kind::kFile;
    one.root.path = folder_of(path);
    one.root.config.filter.only = {name_of(path)};
    one.where = {path, below(where_is(one.root.path).real, name_of(path))};
  }

  // Whether it is listed in critical_files, for which it then needs no root of its own.
  bool take_script(const Where& folder, const std::string& script) {
    const auto& listed = from_.conf.critical_files.paths;
    for (const std::string& folder_path : {folder.written, folder.real}) {
      const std::string path = below(folder_path, script);
      if (std::find(listed.begin(), listed.end(), path) == listed.end()) continue;
      scripts_.insert(path);
      return true;
    }
    return false;
  }

  void add_listed() {
    for (const std::string& path : from_.conf.critical_files.paths) {
      if (scripts_.contains(path)) continue;
      Candidate one = listed("critical_files", from_.conf.critical_files, path);
      as_file(one, path);
      add(std::move(one));
    }
    for (const std::string& path : from_.conf.critical_dirs.paths) {
      Candidate one = listed("critical_dirs", from_.conf.critical_dirs, path);
      as_folder(one, path);
      add(std::move(one));
    }
  }

  Candidate listed(const char* key, const PathList& list, const std::string& path) {
    Candidate one;
    one.file = from_.conf_path;
    one.line = list.line;
    one.what = std::string(key) + ": " + path_in_quotes(path);
    one.root.config.name = path;
    one.root.config.hosts = all_;
    return one;
  }

  void add(const SyncSection& section) {
    Candidate one;
    one.file = from_.conf_path;
    one.line = section.path_line;
    one.root.config = {section.name, section.mode, hosts_of(section), section.filter};
    one.root.allow_setuid = section.allow_setuid;
    one.root.service = section.service;
    if (!section.path) return;
    one.what = "sync " + section.name + ": " + path_in_quotes(*section.path);
    as_folder(one, *section.path);
    add(std::move(one));
  }

  // Those of the line of the service that writes it, where it has one.
  std::optional<std::vector<HostId>> writers_of(const SyncSection& section) {
    if (section.mode != sync::Mode::kOwner || section.service.empty()) return std::nullopt;
    for (const ServiceRow& row : from_.services) {
      if (row.entry.name != section.service) continue;
      std::vector<HostId> out = row.entry.preference;
      std::sort(out.begin(), out.end());
      return out;
    }
    report_.fault(
        from_.conf_path, section.service_line,
        "service is " + in_quotes(section.service) + ", which the services file does not have",
        "a service that it has");
    return std::nullopt;
  }

  std::vector<HostId> hosts_of(const SyncSection& section) {
    const auto writers = writers_of(section);
    if (!section.hosts) return writers.value_or(all_);
    std::vector<HostId> out = listed_hosts(section);
    for (const HostId writer : writers.value_or(std::vector<HostId>()))
      if (std::find(out.begin(), out.end(), writer) == out.end())
        report_.fault(from_.conf_path, section.hosts_line,
                      "hosts does not name host " + std::to_string(writer.value) +
                          ", where service " + in_quotes(section.service) + " may run",
                      "every host of its line");
    return out;
  }

  std::vector<HostId> listed_hosts(const SyncSection& section) {
    std::set<HostId> out;
    for (const std::string& word : *section.hosts) {
      const std::string names = "hosts names " + in_quotes(word);
      const auto id = from_.hosts.named_by(word);
      if (!id) {
        report_.fault(from_.conf_path, section.hosts_line, names + ", which is not in hosts",
                      "one of " + from_.hosts.candidates());
      } else if (!out.insert(*id).second) {
        report_.fault(from_.conf_path, section.hosts_line,
                      names + ", which is host " + std::to_string(id->value) + " again",
                      "each host once");
      }
    }
    return {out.begin(), out.end()};
  }

  void check_places() {
    const Where config = where_is(from_.config_dir);
    const std::optional<Where> state =
        from_.state_dir.empty() ? std::nullopt : std::optional(where_is(from_.state_dir));
    const std::string in_config = "the configuration folder " + path_in_quotes(config.written);
    for (Candidate& one : candidates_) {
      const bool service = one.kind == Candidate::Kind::kService;
      if (lies_in(config, one.where)) {
        refuse(one, around(one.where, config) + in_config, "a folder outside");
      } else if (!service && lies_in(one.where, config) && !in_service(one.where)) {
        refuse(one, "lies in " + in_config,
               "a path outside: what is there is sent by `clusterctl push config`");
      } else if (state && lies_in(*state, one.where)) {
        refuse(one,
               around(one.where, *state) + "the state folder " + path_in_quotes(state->written),
               "a folder outside");
      } else if (state && lies_in(one.where, *state)) {
        refuse(one, "lies in the state folder " + path_in_quotes(state->written), "a path outside");
      }
    }
  }

  static std::string around(const Where& outer, const Where& inner) {
    return outer.written == inner.written || outer.real == inner.real ? "is " : "contains ";
  }

  bool in_service(const Where& where) const {
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& one) {
      return one.kind == Candidate::Kind::kService && lies_in(where, one.where);
    });
  }

  void check_nesting() {
    for (std::string Where::*form : {&Where::written, &Where::real}) {
      std::map<std::string, Candidate*> places;
      for (Candidate& one : candidates_) {
        const auto [first, fresh] = places.try_emplace(one.where.*form, &one);
        if (!fresh) report_nested(one, *first->second, "is the same as ");
      }
      for (Candidate& one : candidates_) {
        for (std::string path = one.where.*form; path != "/";) {
          path = folder_of(path);
          const auto outer = places.find(path);
          if (outer != places.end()) report_nested(one, *outer->second, "lies in ");
        }
      }
    }
  }

  // Said where it can be changed: a service's folder is where it is.
  void report_nested(Candidate& inner, Candidate& outer, const std::string& how) {
    if (inner.refused || outer.refused) return;
    Candidate& told = inner.kind == Candidate::Kind::kService ? outer : inner;
    told.refused = true;
    report_.fault(told.file, told.line, inner.what + " " + how + outer.what,
                  "folders and files that do not lie in each other");
  }

  void look(Candidate& one) {
    const auto warn = [&](const std::string& text) {
      report_.warn(one.file, one.line,
                   one.what + " " + text + "; it is not kept alike until there is a folder");
    };
    struct stat info {};
    if (::stat(one.root.path.c_str(), &info) != 0) {
      const int error = errno;
      const std::string folder =
          one.kind == Candidate::Kind::kFile ? "is in a folder that " : "is a folder that ";
      if (error == ENOENT || error == ENOTDIR) return warn(folder + "does not exist");
      return warn(folder + "cannot be looked at (" + std::strerror(error) + ")");
    }
    if (!S_ISDIR(info.st_mode))
      return refuse(one, "is not a folder", "a folder, or nothing there yet");
    if (one.kind != Candidate::Kind::kFile) return;
    if (::lstat(one.where.written.c_str(), &info) != 0) return;
    if (S_ISDIR(info.st_mode))
      refuse(one, "is a folder", "a file, or critical_dirs with this folder");
    else if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
      refuse(one, "is a device, socket or pipe", "a file");
  }

  const RootSources& from_;
  Report& report_;
  std::vector<HostId> all_;
  std::vector<Candidate> candidates_;
  std::set<std::string> scripts_;  // of services, that critical_files lists
};

}  // namespace

std::vector<sync::LocalRoot> local_roots(const RootSources& sources, Report& report) {
  return Roots(sources, report).run();
}

}  // namespace cluster::config
