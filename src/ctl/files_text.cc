#include "ctl/files_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ctl/status_text.h"

namespace cluster::ctl {
namespace {

constexpr size_t kNameWidth = 12;  // to which long names are cut on narrow terminals
constexpr size_t kPathWidth = 16;
constexpr size_t kHostsInSyncShown = 4;  // of one root; more are counted

const Json& roots_of(const Json& status) {
  static const Json kNone = Json::object();
  const auto files = status.find("files");
  return list_at(files != status.end() && files->is_object() ? *files : kNone, "roots");
}

std::string count_text(uint64_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

Cell state_cell(const std::string& state) {
  if (state == "in sync") return {state, Tone::kGood};
  if (state == "paused") return {"PAUSED", Tone::kBad};
  if (state == "down") return {state, Tone::kFaint};
  return {state, state == "apart" ? Tone::kBad : Tone::kWarning};
}

// Of this host alone, without what others lack.
std::string own_state(const Json& root) {
  std::string state = text_at(root, "state");
  if (state != "behind") return state;
  if (number_at(root, "missing_files") > 0) return state;
  if (!list_at(root, "failing").empty()) return "failing";
  if (number_at(root, "held_back") > 0) return "held back";
  return "in sync";
}

std::string behind_text(uint64_t files, uint64_t bytes) {
  return files == 0 ? "" : count_text(files, "file") + ", " + size_text(bytes);
}

std::vector<Cell> own_row(const Json& status, const Json& root) {
  const Cell state = state_cell(own_state(root));
  const Tone tone = state.tone == Tone::kBad ? Tone::kBad : Tone::kPlain;
  return {{tone == Tone::kBad ? "!" : "", Tone::kBad},
          {text_at(root, "name"), tone},
          {host_label(status, own_host(status)), tone},
          state,
          {behind_text(number_at(root, "missing_files"), number_at(root, "missing_bytes")), tone},
          {std::to_string(number_at(root, "files")), Tone::kPlain},
          {size_text(number_at(root, "bytes")), Tone::kPlain},
          {text_at(root, "path"), Tone::kPlain}};
}

std::vector<Cell> host_row(const Json& root, const Json& host) {
  const Cell state = state_cell(text_at(host, "state"));
  const Tone tone = state.tone == Tone::kBad ? Tone::kBad : Tone::kPlain;
  std::string behind =
      behind_text(number_at(host, "behind_files"), number_at(host, "behind_bytes"));
  const auto seconds = host.find("behind_seconds");
  if (!behind.empty() && seconds != host.end() && seconds->is_number())
    behind += ", " + time_text(static_cast<uint64_t>(std::max(0.0, seconds->get<double>())));
  if (const std::string seen = text_at(host, "last_seen"); !seen.empty())
    behind = joined(behind, "since " + seen);
  return {{tone == Tone::kBad ? "!" : "", Tone::kBad},
          {text_at(root, "name"), Tone::kFaint},
          {std::to_string(id_at(host, "id")) + " " + text_at(host, "name"), tone},
          state,
          {behind, tone},
          {"", Tone::kPlain},
          {"", Tone::kPlain},
          {"", Tone::kPlain}};
}

// Where many hosts have all of a root, that is one line.
std::vector<std::vector<Cell>> host_rows(const Json& root) {
  const Json& hosts = list_at(root, "hosts");
  const auto plain = [](const Json& host) { return text_at(host, "state") == "in sync"; };
  const size_t same = static_cast<size_t>(std::count_if(hosts.begin(), hosts.end(), plain));
  std::vector<std::vector<Cell>> out;
  for (const Json& host : hosts)
    if (same <= kHostsInSyncShown || !plain(host)) out.push_back(host_row(root, host));
  if (same > kHostsInSyncShown)
    out.push_back({{"", Tone::kPlain},
                   {text_at(root, "name"), Tone::kFaint},
                   {std::to_string(same) + " others", Tone::kPlain},
                   state_cell("in sync"),
                   {"", Tone::kPlain},
                   {"", Tone::kPlain},
                   {"", Tone::kPlain},
                   {"", Tone::kPlain}});
  return out;
}

std::string transfer_text(const Json& transfer) {
  std::string out = printable(text_at(transfer, "path")) + ": " +
                    size_text(number_at(transfer, "here")) + " of " +
                    size_text(number_at(transfer, "bytes"));
  if (const uint64_t rate = number_at(transfer, "bytes_per_second"); rate > 0)
    out += ", " + size_text(rate) + "/s";
  if (const auto left = transfer.find("seconds_left"); left != transfer.end() && left->is_number())
    out += ", " + time_text(number_at(transfer, "seconds_left")) + " left";
  return out;
}

std::string notes(const Json& root) {
  const std::string name = text_at(root, "name");
  std::string out;
  const auto note = [&](const std::string& text) { out += name + ": " + text + "\n"; };
  if (const std::string why = text_at(root, "paused_why"); !why.empty()) note("paused: " + why);
  if (const auto owner = root.find("owner"); owner != root.end())
    note(id_at(root, "owner") == 0 ? "no host that is seen writes it"
                                   : "written by host " + std::to_string(id_at(root, "owner")));
  if (const uint64_t held = number_at(root, "held_back"); held > 0)
    note(count_text(held, "delete") + (held == 1 ? " is" : " are") +
         " held back until clusterctl files confirm " + name + ", or revert");
  for (const Json& transfer : list_at(root, "transfers")) note(transfer_text(transfer));
  for (const Json& failing : list_at(root, "failing"))
    if (failing.is_string()) note("not in place: " + printable(failing.get<std::string>()));
  for (const Json& host : list_at(root, "hosts"))
    if (const std::string why = text_at(host, "apart_why"); !why.empty())
      note("nothing is exchanged with " + std::to_string(id_at(host, "id")) + " " +
           text_at(host, "name") + ": " + why);
  return out;
}

}  // namespace

std::string files_line(const Json& status) {
  std::string names;
  size_t others = 0;
  const Json& roots = roots_of(status);
  for (const Json& root : roots) {
    const std::string state = text_at(root, "state");
    if (state == "in sync") continue;
    ++others;
    names = joined(names, text_at(root, "name").append(" (").append(state).append(")"));
  }
  if (others == 0) return "";
  return "files: " + std::to_string(others) + " of " + count_text(roots.size(), "root") +
         (others == 1 ? " is" : " are") + " not in sync: " + names;
}

std::string files_table(const Json& status, const Style& style) {
  const Json& roots = roots_of(status);
  if (roots.empty()) return "this host keeps no files alike with others\n";
  const std::vector<Column> columns = {
      {"", false, 0, 0},      {"ROOT", false, kNameWidth, 0}, {"HOST", false, kNameWidth, 0},
      {"STATE", false, 0, 0}, {"BEHIND", false, 0, 0},        {"FILES", true, 0, 2},
      {"SIZE", true, 0, 3},   {"PATH", false, kPathWidth, 1}};
  std::vector<std::vector<Cell>> rows;
  std::string below;
  for (const Json& root : roots) {
    rows.push_back(own_row(status, root));
    for (std::vector<Cell>& row : host_rows(root)) rows.push_back(std::move(row));
    below += notes(root);
  }
  return render_table(columns, rows, style) + (below.empty() ? "" : "\n" + below);
}

std::string file_log_table(const Json& log, const Style& style) {
  if (log.empty()) return "no earlier version of it is kept here\n";
  const std::vector<Column> columns = {{"VERSION", false, 0, 0},
                                       {"KEPT", false, 0, 0},
                                       {"EDITED", false, 0, 2},
                                       {"SIZE", true, 0, 0},
                                       {"WHAT", false, kPathWidth, 1}};
  std::vector<std::vector<Cell>> rows;
  for (const Json& each : log) {
    const std::string type = text_at(each, "type");
    const std::string size = type == "file" ? size_text(number_at(each, "size")) : type;
    rows.push_back({{text_at(each, "version"), Tone::kHeading},
                    {text_at(each, "kept"), Tone::kPlain},
                    {text_at(each, "edited"), Tone::kPlain},
                    {size, Tone::kPlain},
                    {text_at(each, "label"), Tone::kPlain}});
  }
  return render_table(columns, rows, style);
}

}  // namespace cluster::ctl
