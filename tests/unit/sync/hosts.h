// A few hosts that keep one folder alike, without time of their own: what is said arrives at once, and what is to be placed is.
// What tests/sync tries at random is told here step by step.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/sync.h"

namespace cluster::sync {

class Hosts;

class TestHost {
 public:
  void start();  // with what it has stored
  void stop();
  void lose_state();  // while it is stopped: its node is new

  void write(const std::string& path, const std::string& text);
  void write_unseen(const std::string& path, const std::string& text);  // no watch tells of it
  void push(const std::string& path);
  // Of orders: "done: TEXT" or "refused: TEXT"; empty: there is none yet.
  std::string take_answer() { return std::exchange(answer_, {}); }
  // In mode owner. The answer to `begin`, once there is one: "runs", or "refused: WHY".
  void begin(uint64_t epoch, std::optional<Duration> max_lag = std::nullopt, bool alone = false);
  void found_running(uint64_t epoch, bool alone = false);
  void end();
  std::string take_begun() { return std::exchange(begun_, {}); }
  // What others have is not put in place: why; empty: it is again.
  void refuse_to_place(const std::string& why) { refuses_ = why; }
  void pause(const std::string& why);  // empty: no longer
  void remove(const std::string& path);
  // What a path holds; nullopt: nothing.
  std::optional<std::string> read(const std::string& path) const;
  std::set<std::string> copies(const std::string& path) const;  // what they hold
  bool retained(const std::string& text) const { return retained_.contains(digest(text)); }
  bool pinned(const std::string& text) const { return pinned_.contains(digest(text)); }
  void forget_bases() { bases_.clear(); }  // by which texts are merged
  size_t known() const { return engine_->root("data")->all().size(); }
  RootView view() const { return engine_->view().at(0); }
  std::vector<Duration> offsets() const;  // of the other hosts' clocks, ahead of this one's
  std::string alerts() const { return alerts_; }
  std::string logs() const { return logs_; }
  NodeId node() const;
  bool running() const { return engine_ != nullptr; }

  Duration clock_error{};  // added to the time that all have

 private:
  friend class Hosts;
  TestHost(Hosts& hosts, uint32_t id) : hosts_(hosts), id_(id) {}

  static std::string digest(const std::string& text) {
    return text + std::string(kDigestBytes - text.size(), '\0');
  }
  void step(FileEvent event);
  void perform(FileAction& action);
  void put(const Place& place);
  std::optional<std::string> merged(const Place& place, const std::string& here) const;
  void look(const std::string& path);
  void scan();
  Now now() const;
  uint64_t inode_ = 0;

  Hosts& hosts_;
  uint32_t id_;
  uint8_t life_ = 1;
  std::map<std::string, Found> folder_;
  std::set<std::string> retained_, pinned_, bases_;
  StoredIndex stored_;
  std::string alerts_, logs_, answer_, begun_, refuses_;
  std::unique_ptr<Sync> engine_;
  MonoTime wake_ = kNever;
};

class Hosts {
 public:
  explicit Hosts(size_t count, Mode mode = Mode::kNewer, Duration keep = hours(24 * 90));

  TestHost& operator[](size_t index) { return *hosts_.at(index); }
  void link(size_t a, size_t b);
  void cut(size_t a, size_t b);
  void pass(Duration time);  // while whatever is to be done is done

 private:
  friend class TestHost;
  TestHost* of(NodeId node);
  void drain();

  std::vector<std::unique_ptr<TestHost>> hosts_;
  std::set<std::pair<TestHost*, TestHost*>> links_;
  std::deque<std::pair<TestHost*, FileEvent>> events_;
  bool draining_ = false;
  Mode mode_;
  Duration keep_;
  MonoTime mono_ = MonoTime(seconds(100));
  WallTime wall_{hours(24 * 365 * 57)};
};

}  // namespace cluster::sync
