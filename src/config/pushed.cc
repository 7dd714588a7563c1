#include "config/pushed.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/scan.h"
#include "config/text.h"

namespace cluster::config {

namespace {

// By what it is known by: a key, or the title of a sync section.
using Settings = std::map<std::string, std::string>;

struct Edit {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};

struct Read {
  std::string text;  // with comments
  Scan scan;
};

std::optional<Read> read(const std::string& path, const std::string& bytes, Report& report) {
  const TextFile file = split_text(path, bytes, report);
  if (!file.sound) return std::nullopt;
  Read out;
  out.text = file.joined();
  out.scan = scan(path, out.text, report);
  return report.ok() ? std::optional(std::move(out)) : std::nullopt;
}

// On one line, without comments.
std::string text_of(const Scan& scan, const Statement& statement) {
  std::string out = scan.text.substr(statement.begin, statement.end - statement.begin);
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

bool is_local(std::span<const Key> keys, const Statement& statement) {
  const Key* key = find_key(keys, statement.key);
  return key != nullptr && key->scope == Scope::kHost && !statement.section;
}

bool is_sync(const Statement& statement) { return statement.section && statement.key == "sync"; }

const Statement* path_of(const Statement& section) {
  for (const Statement& inner : section.inner)
    if (is_local(sync_section_keys(), inner)) return &inner;
  return nullptr;
}

std::string apply(std::string text, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return a.begin > b.begin; });
  for (const Edit& edit : edits) text.replace(edit.begin, edit.end - edit.begin, edit.text);
  return text;
}

// What stands over several lines leaves as many behind.
Edit replacing(const Scan& scan, const Statement& statement, std::string by) {
  const auto begin = scan.text.begin() + static_cast<std::ptrdiff_t>(statement.begin);
  const auto end = scan.text.begin() + static_cast<std::ptrdiff_t>(statement.end);
  by.append(static_cast<size_t>(std::count(begin, end, '\n')), '\n');
  return {statement.begin, statement.end, std::move(by)};
}

}  // namespace

Result<core::PushFiles> read_push_files(const Options& options) {
  core::PushFiles out;
  for (const auto& [path, to] : {std::pair{options.config_dir + "/cluster.conf", &out.cluster_conf},
                                 std::pair{hosts_path(options), &out.hosts},
                                 std::pair{options.config_dir + "/services", &out.services}}) {
    std::ifstream in(path, std::ios::binary);
    to->assign(std::istreambuf_iterator<char>(in), {});
    if (!in.is_open() || in.bad())
      return Error{path + ":1: it cannot be read (" + std::strerror(errno) + "); expected a file"};
  }
  return out;
}

Result<std::string> with_own_settings(const std::string& pushed, const std::string& own,
                                      const std::string& own_path) {
  if (pushed == own) return pushed;
  Report report, unread;
  const std::optional<Read> ours = read(own_path, own, report);
  if (!ours) return Error{to_string(report.faults().front())};
  const std::optional<Read> theirs = read(own_path, pushed, unread);
  if (!theirs) return pushed;

  Settings settings, paths;
  for (const Statement& statement : ours->scan.statements) {
    if (is_local(cluster_conf_keys(), statement)) {
      settings.emplace(statement.key, text_of(ours->scan, statement));
    } else if (is_sync(statement)) {
      if (const Statement* path = path_of(statement))
        paths.emplace(statement.title, text_of(ours->scan, *path));
    }
  }
  std::vector<Edit> edits;
  for (const Statement& statement : theirs->scan.statements) {
    if (is_local(cluster_conf_keys(), statement)) {
      auto mine = settings.extract(statement.key);
      edits.push_back(replacing(theirs->scan, statement, mine ? mine.mapped() : ""));
    } else if (is_sync(statement)) {
      const Statement* path = path_of(statement);
      const auto mine = paths.find(statement.title);
      if (path != nullptr && mine != paths.end())
        edits.push_back(replacing(theirs->scan, *path, mine->second));
    }
  }
  std::string out = apply(theirs->text, std::move(edits));
  for (const auto& [key, text] : settings) out += text + "\n";
  return out;
}

}  // namespace cluster::config
