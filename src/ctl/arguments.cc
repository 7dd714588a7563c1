#include "ctl/arguments.h"

#include <algorithm>
#include <cstdlib>

#include "setup/setup.h"

namespace cluster::ctl {
namespace {

struct Command {
  const char* name;
  const char* words;  // as usage shows them
  size_t least;
  size_t most;
  const char* does;
};

constexpr Command kCommands[] = {
    {"status", "", 0, 0, "hosts and services at a glance"},
    {"hosts", "", 0, 0, "the hosts alone"},
    {"services", "", 0, 0, "the services alone"},
    {"watch", "", 0, 0, "the status, then what happens, as it happens"},
    {"log", "", 0, 0, "what happened lately"},
    {"explain", "SERVICE", 1, 1, "why a service is where it is"},
    {"simulate", "--lose HOST...", 0, 0, "what would run where without these hosts"},
    {"reload", "", 0, 0, "read the configuration anew"},
    {"start", "SERVICE", 1, 1, "lift a stop"},
    {"stop", "SERVICE", 1, 1, "stop it, until start or a cold start of the whole cluster"},
    {"restart", "SERVICE", 1, 1, "stop and start it where it is"},
    {"enable", "SERVICE", 1, 1, "lift a disable"},
    {"disable", "SERVICE", 1, 1, "stop it, until enable"},
    {"clear", "SERVICE", 1, 1, "forget its failures and an earlier move"},
    {"move", "SERVICE HOST", 2, 2, "run it there, until that host fails or clear"},
    {"standby", "[HOST]", 0, 1, "let a host (this one) run nothing, until online"},
    {"online", "[HOST]", 0, 1, "end standby"},
    {"maintenance", "on|off [HOST]", 1, 2, "leave what runs on a host alone"},
    {"files", "[log PATH | restore PATH VERSION | confirm ROOT | revert ROOT]", 0, 3,
     "files that are kept alike: how far each host is"},
    {"push", "config | service NAME | file PATH", 1, 2, "send it to the other hosts"},
    {"readmit", "HOST|self", 1, 1, "let a host that lost its state back in"},
    {"silence", "HOST|SERVICE|all SECONDS", 2, 2, "tell nobody of it for so long; 0 ends that"},
    {"init", "HOST...", 1, config::kMaxHosts, "write the first configuration, with passphrases"},
    {"invite", "HOST", 1, 1, "what to do to add a host"},
};

const Command* find_command(const std::string& name) {
  const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                   [&](const Command& command) { return name == command.name; });
  return found == std::end(kCommands) ? nullptr : found;
}

std::optional<std::chrono::microseconds> parse_seconds(const std::string& text) {
  constexpr double kLongest = 1e9;  // seconds; thirty years
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string::npos) return {};
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (*end != '\0' || seconds <= 0 || seconds > kLongest) return {};
  return std::chrono::microseconds(std::max<int64_t>(1, static_cast<int64_t>(seconds * 1e6)));
}

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// An option that takes a value: "--bus X" or "--bus=X".
class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words) {}

  bool done() const { return at_ == words_.size(); }
  const std::string& next() { return words_[at_++]; }
  bool next_is_plain() const { return !done() && !is_option(words_[at_]); }

  Result<std::string> value(const std::string& option, const char* expected) {
    const size_t equals = option.find('=');
    if (equals != std::string::npos) return option.substr(equals + 1);
    if (done()) return Error{option + " needs a value: " + expected};
    return next();
  }

 private:
  const std::vector<std::string>& words_;
  size_t at_ = 0;
};

void split_commas(const std::string& text, std::vector<std::string>& out) {
  size_t from = 0;
  while (from <= text.size()) {
    const size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) out.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
}

Status read_option(const std::string& word, Reader& reader, Arguments& out) {
  const std::string name = word.substr(0, word.find('='));
  if (word == "--json") {
    out.json = true;
  } else if (word == "--help" || word == "-h") {
    out.help = true;
  } else if (word == "--version") {
    out.version = true;
  } else if (name == "--bus") {
    auto value = reader.value(word, "system, session or a D-Bus address");
    if (!value) return Error{value.error()};
    const bool address = value->find(':') != std::string::npos;
    if (*value != "system" && *value != "session" && !address) {
      return Error{"--bus takes system, session or a D-Bus address, not \"" + *value + "\""};
    }
    out.bus = *value;
  } else if (name == "--timeout") {
    const auto value = reader.value(word, "seconds");
    if (!value) return Error{value.error()};
    out.timeout = parse_seconds(*value);
    if (!out.timeout)
      return Error{"--timeout takes seconds, such as 30 or 0.5, not \"" + *value + "\""};
  } else if (name == "--config-dir") {
    const auto value = reader.value(word, "a folder");
    if (!value) return Error{value.error()};
    if (value->empty()) return Error{"--config-dir takes a folder"};
    out.config_dir = *value;
  } else if (name == "--lose") {
    const auto value = reader.value(word, "hosts");
    if (!value) return Error{value.error()};
    split_commas(*value, out.lost);
    while (out.command == "simulate" && reader.next_is_plain())
      split_commas(reader.next(), out.lost);
  } else {
    return Error{"unknown option " + word};
  }
  return {};
}

Status check(const Arguments& arguments) {
  if (arguments.help || arguments.version) return {};
  if (arguments.command.empty()) return Error{"a command is missing"};
  const Command* command = find_command(arguments.command);
  if (!command) return Error{"unknown command \"" + arguments.command + "\""};
  const bool simulate = arguments.command == "simulate";
  if (arguments.lost.empty() == simulate) {
    return Error{simulate ? "simulate needs --lose HOST..." : "--lose belongs to simulate"};
  }
  const bool sets_up = arguments.command == "init" || arguments.command == "invite";
  if (!arguments.config_dir.empty() && !sets_up)
    return Error{"--config-dir belongs to init and invite"};
  if (arguments.words.size() < command->least || arguments.words.size() > command->most) {
    return Error{arguments.command + " takes " + (*command->words ? command->words : "no words")};
  }
  return {};
}

}  // namespace

Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments out;
  Reader reader(words);
  bool options_end = false;
  while (!reader.done()) {
    const std::string& word = reader.next();
    if (!options_end && word == "--") {
      options_end = true;
    } else if (!options_end && is_option(word)) {
      const Status status = read_option(word, reader, out);
      if (!status) return Error{status.error()};
    } else if (out.command.empty()) {
      out.command = word;
    } else {
      out.words.push_back(word);
    }
  }
  const Status status = check(out);
  if (!status) return Error{status.error()};
  return out;
}

std::string usage() {
  std::string out =
      "Usage: clusterctl [--bus system|session|ADDRESS] [--json] [--timeout SECONDS] COMMAND\n\n";
  constexpr size_t kWordsWidth = 30;
  for (const Command& command : kCommands) {
    std::string line = std::string("  ") + command.name;
    if (*command.words) line += std::string(" ") + command.words;
    if (line.size() < kWordsWidth) {
      line.resize(kWordsWidth, ' ');
    } else {
      line += "\n" + std::string(kWordsWidth, ' ');
    }
    out += line + command.does + "\n";
  }
  out +=
      "\nA HOST is an ID (its line in the hosts file) or a name; for init and invite an\n"
      "ADDRESS[:PORT], or \"NAME,\" for one without an address of its own. These two need no\n"
      "daemon, and take --config-dir FOLDER.\n"
      "Exits 0: done, 1: refused or failed, 2: wrong usage, 3: no daemon answers.\n";
  return out;
}

}  // namespace cluster::ctl
