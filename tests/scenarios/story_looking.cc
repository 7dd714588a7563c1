// Operators' orders, and everything that looks: expectations, settling, pictures of the cluster.
#include <algorithm>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/scenarios/story.h"
#include "tests/scenarios/words.h"
#include "tests/sim/describe.h"

namespace cluster::scenarios {

using sim::Instant;
using sim::Machine;

namespace {

constexpr Duration kSettleWithin = seconds(120);
constexpr Duration kReplyWithin = seconds(120);
// Longer than the dead time, so that a silence is noticed before anything is called settled.
constexpr Duration kRestFor = seconds(8);

}  // namespace

bool Story::running(const std::string& host) { return machine(host).running(); }

// HOST$ VERB [SERVICE] [HOST]: typed on that host; waits for the answer. With & it does not wait.
bool Story::operate(const Words& words) {
  if (words[0].back() != '$') return false;
  command(words);
  return true;
}

// The files as edited in the story.
void Story::push(const std::string& at, bool background) {
  auto answered = std::make_shared<bool>(false);
  Chronicle* chronicle = chronicle_.get();
  const bool taken = machine(at).push(spec_, [=](const core::Reply& reply) {
    *answered = true;
    std::istringstream lines(reply.text);
    std::string line;
    std::getline(lines, line);
    chronicle->add(at + " answers: " +
                   (reply.refusal == core::Refusal::kNone ? "done, " : "refused, ") + line);
    while (std::getline(lines, line)) chronicle->add("  " + line);
  });
  if (!taken) chronicle_->add("nobody answers on " + at);
  if (taken && !background && !world().run_until([=] { return *answered; }, kReplyWithin))
    faults_.push_back("no answer to a push");
}

void Story::command(const Words& words) {
  std::string at = words[0].substr(0, words[0].size() - 1);
  bool background = words.back() == "&";
  if (words.at(1) == "push") return push(at, background);
  size_t count = words.size() - (background ? 1 : 0);
  for (size_t v = 0; v <= static_cast<size_t>(core::Verb::kSilence); ++v) {
    auto verb = static_cast<core::Verb>(v);
    if (words.at(1) != sim::to_string(verb)) continue;
    bool of_host = verb >= core::Verb::kStandby && verb <= core::Verb::kReadmit;
    const bool silences = verb == core::Verb::kSilence;  // silence NAME SECONDS
    bool of_self = verb == core::Verb::kReadmitSelf;
    std::string service = of_host || of_self ? "" : words.at(2);
    HostId host = of_self     ? HostId()
                  : of_host   ? id(words.at(2))
                  : silences  ? HostId()
                  : count > 3 ? id(words[3])
                              : HostId();
    const auto length = silences ? static_cast<uint32_t>(std::stoul(words.at(3))) : uint32_t{0};
    auto answered = std::make_shared<bool>(false);
    Chronicle* chronicle = chronicle_.get();
    bool taken = machine(at).command(
        verb, service, host,
        [=](const core::Reply& reply) {
          *answered = true;
          chronicle->add(
              at + " answers: " + (reply.refusal == core::Refusal::kNone ? "done, " : "refused, ") +
              reply.text);
        },
        length);
    if (!taken) chronicle_->add("nobody answers on " + at);
    if (taken && !background && !world().run_until([=] { return *answered; }, kReplyWithin))
      faults_.push_back("no answer to: " + words[1]);
    return;
  }
  throw std::runtime_error("no such command: " + words[1]);
}

bool Story::look(const Words& words) {
  const std::string& verb = words[0];
  if (verb == "expect") {
    expect(words);
  } else if (verb == "within") {
    within(words);
  } else if (verb == "settle") {
    settle(words);
  } else if (verb == "show") {
    show();
  } else if (verb == "view") {
    for (Machine* m : machines(words, 1)) show_view(*m);
  } else if (verb == "explain") {  // explain SERVICE HOST
    Machine& m = machine(words.at(2));
    if (!m.healthy()) throw std::runtime_error(m.name() + " has no engine to ask");
    std::string text = m.core().explain(m.now(), words.at(1)).value_or("no such service");
    std::string line;
    for (char c : text + "\n") {
      if (c != '\n') {
        line += c;
      } else if (!line.empty()) {
        chronicle_->add("  " + line);
        line.clear();
      }
    }
  } else if (verb == "simulate") {  // simulate HOST LOST...
    Machine& m = machine(words.at(1));
    std::vector<HostId> lost;
    for (size_t i = 2; i < words.size(); ++i) lost.push_back(id(words[i]));
    std::istringstream text(m.core().simulate(m.now(), lost));
    for (std::string line; std::getline(text, line);) chronicle_->add("  " + line);
  } else if (verb == "voters") {  // voters HOST…
    for (Machine* m : machines(words, 1)) {
      const core::VotersView seen = m->view().voters;
      std::string line = "  " + m->name() + ": set " + std::to_string(seen.number) + ", " +
                         core::listed(seen.names);
      if (!seen.before.empty()) line += ", together with " + core::listed(seen.before);
      if (!seen.change.empty()) line += "; " + seen.change;
      if (!seen.differ.empty()) line += "; other hosts files: " + core::listed(seen.differ);
      chronicle_->add(line);
    }
  } else if (verb == "watch-gap") {
    chronicle_->watch_gap(words.at(1));
  } else {
    return false;
  }
  return true;
}

// SERVICE on HOST... | SERVICE nowhere | HOST sees HOST up|down | one copy of SERVICE |
// HOST voters HOST... | gap of SERVICE below TIME | HOST linked HOST | HOST unlinked HOST | HOST state SERVICE STATE
std::string Story::objection(const Words& w) {
  if (w.size() == 4 && w[0] == "one" && w[1] == "copy") {
    int most = chronicle_->most_copies(w[3]);
    return most <= 1 ? "" : "there were " + std::to_string(most) + " copies of " + w[3];
  }
  if (w.size() == 5 && w[0] == "gap") {
    Duration gap = chronicle_->gap(w[2]);
    return gap <= duration(w[4]) ? ""
                                 : w[2] + " had no copy for " + std::to_string(to_ms(gap)) + " ms";
  }
  if (w.size() == 4 && w[1] == "sees") {
    core::View view = machine(w[0]).view();
    for (const core::HostView& h : view.hosts)
      if (h.name == w[2]) return h.up == (w[3] == "up") ? "" : w[0] + " sees it otherwise";
    return w[0] + " knows no " + w[2];
  }
  if (w.size() == 3 && (w[1] == "linked" || w[1] == "unlinked")) {
    bool linked = world().network().linked(machine(w[0]).index(), machine(w[2]).index());
    return linked == (w[1] == "linked")
               ? ""
               : std::string("they are ") + (linked ? "" : "not ") + "linked";
  }
  if (w.size() >= 4 &&
      w[1] == "reaches") {  // A reaches B direct | A reaches B relay C | A reaches B mesh C
    core::View view = machine(w[0]).view();
    for (const core::HostView& h : view.hosts) {
      if (h.name != w[2]) continue;
      const std::string path =
          core::to_string(h.path) + (h.via ? " " + name(h.via) : std::string());
      const std::string wanted = w[3] + (w.size() > 4 ? " " + w[4] : "");
      return path == wanted ? "" : "it is by " + path;
    }
    return w[0] + " knows no " + w[2];
  }
  if (w.size() >= 2 &&
      w[1] == "voters") {  // A voters A B C: these alone, for good; A voters: it knows none
    const core::VotersView seen = machine(w[0]).view().voters;
    const bool they = seen.names == core::Names(w.begin() + 2, w.end()) && seen.before.empty();
    return they ? "" : "they are " + core::listed(seen.names) + ": " + seen.change;
  }
  if (w.size() == 1 && w[0] == "keys") return keys_->locked_out().value_or("");
  if (w.size() == 5 && w[1] == "knows" && w[3] == "by") {  // A knows B by secret|passphrases
    const auto known = world().credentials(machine(w[0]).index(), machine(w[2]).index());
    const bool secret = !known.empty() && known.front() != core::Generation{};
    return secret == (w[4] == "secret") ? ""
                                        : std::string("it is by ") + (known.empty() ? "nothing"
                                                                      : secret      ? "a secret"
                                                                               : "the passphrases");
  }
  if (w.size() == 4 && w[1] == "state") {
    core::View view = machine(w[0]).view();
    for (const core::ServiceView& s : view.services)
      if (s.name == w[2])
        return core::to_string(s.state) == w[3] ? ""
                                                : std::string("it is ") + core::to_string(s.state);
    return w[0] + " knows no " + w[2];
  }
  if (w.size() >= 2 && (w[1] == "on" || w[1] == "nowhere")) {
    std::vector<std::string> on, wanted(w.begin() + 2, w.end());
    for (sim::MachineId m : world().copies(w[0])) on.push_back(world().machine(m).name());
    std::sort(on.begin(), on.end());
    std::sort(wanted.begin(), wanted.end());
    if (on == wanted) return "";
    std::string text = w[0] + " is ";
    for (const std::string& n : on) text += "on " + n + " ";
    return text + (on.empty() ? "nowhere" : "");
  }
  throw std::runtime_error("no such expectation");
}

void Story::expect(const Words& words) {
  std::string text;
  for (size_t i = 1; i < words.size(); ++i) text += " " + words[i];
  std::string why = objection(Words(words.begin() + 1, words.end()));
  if (why.empty()) return;
  chronicle_->add("NOT AS EXPECTED:" + text + ": " + why);
  faults_.push_back("expected" + text + ": " + why);
}

// within TIME EXPECTATION: lets time pass until it holds, at most so long.
void Story::within(const Words& words) {
  Words rest(words.begin() + 2, words.end());
  world().run_until([&] { return objection(rest).empty(); }, duration(words.at(1)),
                    milliseconds(10));
  Words all(words.begin() + 1, words.end());
  expect(all);
}

// Until all hosts that run agree and nothing moves for a while.
void Story::settle(const Words& words) {
  Duration limit = words.size() > 1 ? duration(words[1]) : kSettleWithin;
  const auto picture = [this] {
    std::string text;
    for (const std::string& n : names_) {
      Machine& m = machine(n);
      if (!m.healthy()) continue;
      if (!m.core().inspect().settled) text += "?" + std::to_string(world().now().count());
      for (const core::HostView& h : m.view().hosts) text += h.up ? '+' : '-';
      for (const core::ServiceView& s : m.view().services)
        text += std::string(core::to_string(s.state)) + std::to_string(s.host.value);
      for (const sim::ServiceSpec& s : spec_.services) {
        auto script = m.scripts().running_script(s.name);
        if (script && *script != core::Script::kStatus)
          text += "?" + std::to_string(world().now().count());
      }
    }
    return text;
  };
  std::string last;
  Instant since = world().now();
  bool rested = world().run_until(
      [&] {
        std::string now = picture();
        if (now != last) since = world().now();
        last = now;
        return world().now() - since >= kRestFor;
      },
      limit);
  if (rested || world().failed()) return;
  chronicle_->add("NOT SETTLED");
  faults_.push_back("the cluster did not settle");
}

// One line a service: where copies are, and what each host that runs believes.
void Story::show() {
  for (const sim::ServiceSpec& s : spec_.services) {
    std::string line = "  " + s.name + ": ";
    std::vector<sim::MachineId> on = world().copies(s.name);
    for (size_t i = 0; i < on.size(); ++i)
      line += (i ? ", " : "runs on ") + world().machine(on[i]).name();
    if (on.empty()) line += "runs nowhere";
    chronicle_->add(line);
  }
}

void Story::show_view(Machine& m) {
  if (!m.running()) {
    chronicle_->add("  " + m.name() + " is not running");
    return;
  }
  core::View view = m.view();
  std::string line = "  " + m.name() + " sees";
  for (const core::HostView& h : view.hosts)
    line += " " + h.name + "=" + (h.up ? std::string("up/") + core::to_string(h.path) : "down") +
            (h.standby ? "/standby" : "") + (h.maintenance ? "/maintenance" : "");
  chronicle_->add(line);
  for (const core::ServiceView& s : view.services)
    chronicle_->add("  " + m.name() + " sees " + s.name + " " + core::to_string(s.state) +
                    (s.host ? " on " + name(s.host) : "") + ": " + s.reason);
}

}  // namespace cluster::scenarios
