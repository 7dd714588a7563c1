#include "net/resolver.h"

#include <netdb.h>

#include <algorithm>

namespace cluster::net {
namespace {

Resolver::Answer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (error != 0) return {{}, "cannot resolve " + name + ": " + gai_strerror(error)};
  Resolver::Answer answer;
  for (const addrinfo* at = found; at && answer.addresses.size() < kMaxAddressesPerName;
       at = at->ai_next) {
    const Endpoint endpoint(at->ai_addr, at->ai_addrlen);
    if (std::find(answer.addresses.begin(), answer.addresses.end(), endpoint) ==
        answer.addresses.end())
      answer.addresses.push_back(endpoint);
  }
  freeaddrinfo(found);
  if (answer.addresses.empty()) answer.error = "cannot resolve " + name + ": it has no address";
  return answer;
}

}  // namespace

void Resolver::resolve(DialId asker, const std::string& name, uint16_t port, Done done) {
  if (const std::optional<Endpoint> literal = Endpoint::parse(name, port))
    return done({{*literal}, {}});
  const auto [at, first] = waiting_.try_emplace(name);
  at->second.push_back({asker, port, std::move(done)});
  if (!first) return;
  const bool accepted = background_.run([this, name]() -> Background::Done {
    return [this, name, answer = look_up(name)] { answered(name, answer); };
  });
  if (!accepted) answered(name, {{}, "cannot resolve " + name + ": too many lookups are waiting"});
}

void Resolver::forget(DialId asker) {
  for (auto& [name, all] : waiting_)
    std::erase_if(all, [asker](const Waiting& one) { return one.asker == asker; });
}

void Resolver::answered(const std::string& name, Answer answer) {
  const auto node = waiting_.extract(name);
  if (node.empty()) return;
  for (const Waiting& one : node.mapped()) {
    for (Endpoint& endpoint : answer.addresses) endpoint.set_port(one.port);
    one.done(answer);
  }
}

}  // namespace cluster::net
