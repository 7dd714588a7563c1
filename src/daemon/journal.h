// Lines for systemd's journal, with fields that programs can look for: by its native protocol, and never waiting.
// sd_journal_send(3) would wait for a journal that hangs, and with it whatever this host has to renew.
#pragma once

#include <sys/un.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/fd.h"

namespace cluster::daemon {

// "CLUSTER_HOST", "server1": names of upper-case letters, digits and '_'.
using JournalFields = std::vector<std::pair<std::string_view, std::string>>;

class Journal {
 public:
  // Null: there is none that listens.
  static std::unique_ptr<Journal> open(const std::string& socket = "/run/systemd/journal/socket");
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // `priority` is one of syslog's. False: it did not take it, and the next line that it takes says how many are lost.
  bool send(int priority, std::string_view text, const JournalFields& fields);

 private:
  Journal(Fd fd, const sockaddr_un& address) : fd_(std::move(fd)), address_(address) {}
  bool put(const std::string& entry);

  const Fd fd_;
  const sockaddr_un address_;  // not connected: whoever listens there may be another after a while
  unsigned long lost_ = 0;
};

// The MESSAGE_ID of what an alert is about ("host-down") or of "service-state"; empty: it has none. They never change:
// people look for them, and the catalog explains them.
std::string_view message_id(std::string_view kind);

}  // namespace cluster::daemon
