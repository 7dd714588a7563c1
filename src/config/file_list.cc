#include "config/file_list.h"

#include <optional>
#include <set>
#include <string_view>

#include "config/files_conf.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr const char* kPathAndMode = "PATH MODE, where MODE is 0 newer, 1 older or 2 merge";

std::optional<sync::Mode> mode_of(std::string_view number) {
  if (number == "0") return sync::Mode::kNewer;
  if (number == "1") return sync::Mode::kOlder;
  if (number == "2") return sync::Mode::kMerge;
  return std::nullopt;
}

class ListParser {
 public:
  ListParser(const TextFile& text, Report& report) : text_(text), report_(report) {}

  std::vector<ListedPath> run() {
    bool ended = false;
    int last = 1;
    for (const Line& line : text_.lines) {
      last = line.number;
      if (!line.sound || line.text.empty()) continue;
      if (ended) {
        fault(line, "something follows END", "nothing");
        break;
      }
      if (line.text == "END") {
        ended = true;
      } else if (line.text == "DIRS" || line.text == "FILES") {
        folders_ = line.text == "DIRS";
      } else {
        take(line);
      }
    }
    if (!ended) report_.fault(text_.path, last, "the list has no end", "a line END");
    return std::move(out_);
  }

 private:
  void fault(const Line& line, const std::string& wrong, const std::string& expected) {
    report_.fault(text_.path, line.number, wrong, expected);
  }

  void take(const Line& line) {
    if (!folders_)
      return fault(line, in_quotes(line.text) + " stands before DIRS and FILES", "DIRS");
    const std::string_view text = line.text;
    const size_t blank = text.find_last_of(" \t");
    if (blank == std::string_view::npos)
      return fault(line, path_in_quotes(line.text) + " has no mode", kPathAndMode);
    const auto mode = mode_of(text.substr(blank + 1));
    if (!mode)
      return fault(line, "the mode is " + in_quotes(std::string(text.substr(blank + 1))),
                   "0 (newer), 1 (older) or 2 (merge)");
    std::string_view name = text.substr(0, blank);
    name = name.substr(0, name.find_last_not_of(" \t") + 1);
    const auto path = clean_path(name);
    const std::string names = "the list names " + path_in_quotes(std::string(name));
    if (!path) return report_.fault(text_.path, line.number, Error{names + path.error()});
    if (!*folders_ && name.ends_with('/'))
      return fault(line, names + ", which ends in a slash", "the path of a file");
    if (!once_.insert(*path).second) return fault(line, names + " twice", "each path once");
    if (out_.size() == kMaxListedPaths)
      return fault(line, "the list names too many paths",
                   "at most " + std::to_string(kMaxListedPaths));
    out_.push_back({*path, *folders_, *mode, line.number});
  }

  const TextFile& text_;
  Report& report_;
  std::optional<bool> folders_;  // what is listed now; nullopt: nothing yet
  std::set<std::string> once_;
  std::vector<ListedPath> out_;
};

}  // namespace

std::vector<ListedPath> parse_file_list(const TextFile& text, Report& report) {
  return ListParser(text, report).run();
}

}  // namespace cluster::config
