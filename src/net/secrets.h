// What this host and each other host authenticate each other with.
//
// Each line of the hosts file is put through scrypt (N=2^15, r=8, p=1; salt: a label, the ID, the
// name) into 48 bytes, once, on a worker thread. A pair's secret is HKDF over both lines' outputs,
// the lower ID's first, so both ends get the same whoever dials.
//
// Of a long hosts file a host links with few: beyond kDerivedAtOnce lines only its own is derived at once, another when
// the core expects a link with that host, or when somebody first says that he is that host. Handshakes with it wait
// meanwhile, and nothing else does.
//
// The outputs are cached, so a restart pays nothing. A cache entry is the output sealed by
// AES-256-GCM under a key derived from the node key, with ID, name and passphrase as additional
// data: an entry for another passphrase, name or node key just does not open and is made anew. The
// database alone therefore gives away nothing; with the node key beside it a thief could try
// passphrases cheaply, but then also has the secrets themselves and, on the same disk, the hosts file.
//
// Which keys and which secrets count is the core's to say (core::SetAccess); the secrets that rotation
// makes are sealed like the cache, and the core keeps them.
//
// Lives on the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "net/handshake.h"
#include "net/identity.h"

struct event_base;

namespace cluster::net {

class Background;

// One line of the hosts file. `name` is the host's name without port.
struct HostLine {
  HostId id;
  std::string name;
  std::string passphrase;

  bool operator==(const HostLine&) const = default;
};

// Where the sealed outputs are kept. Keys are printable and begin with "net/secret/".
struct SecretCache {
  std::function<std::optional<std::string>(const std::string& key)> load;
  std::function<void(const std::string& key, const std::optional<std::string>& value)> save;
};

class Secrets final : public Peers {
 public:
  Secrets(event_base* base, const Identity& identity, SecretCache cache);
  ~Secrets() override;

  static constexpr size_t kDerivedAtOnce = 32;
  // At start and at each reload: derives what is not cached (lines in their order, `self` first),
  // drops what is gone.
  void set_lines(HostId self, std::vector<HostLine> lines);
  void set_access(core::SetAccess access);

  // The secret with this count that follows from the session of an authenticated peer.
  core::PairSecret derive_next(const Handshake::Peer& peer, uint64_t count) const;

  // Nothing is being derived of what set_lines found missing.
  bool ready() const { return awaited_ == 0; }
  // What is called (on the loop) after each line that has been derived, and whether ready() is true by that; the
  // Transport that uses these secrets sets it.
  void on_derived(std::function<void(bool ready)> derived) { on_derived_ = std::move(derived); }

  // Peers
  HostId self() const override { return self_; }
  std::optional<std::string> name(HostId host) const override;
  std::vector<Credential> credentials(HostId host, const NodeId& node) const override;
  bool deriving(HostId host) const override;
  std::optional<std::string> admit(HostId host, const NodeId& node) const override;

 private:
  struct Line;

  std::optional<Credential> of_passphrases(HostId host) const;
  void derive(Line& line, bool awaited) const;
  void derived(const HostLine& line, std::string output, bool awaited) const;

  SecretCache cache_;
  std::string cache_key_;
  HostId self_;
  std::map<HostId, std::unique_ptr<Line>> lines_;
  std::map<HostId, core::SetAccess> access_;
  std::function<void(bool ready)> on_derived_;
  mutable size_t awaited_ = 0;
  std::unique_ptr<Background> worker_;
};

}  // namespace cluster::net
