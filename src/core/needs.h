// Relations among services: which comes after which, and which runs only with which, as service.conf has it.
//
// Each host tells those of the services on whose line it is, so all hosts that know the same decide alike. Every
// host refuses a circle within its own files, but some show only where the files of several are joined: then the
// relation that closes one, in the order of Relation, counts for nobody. The rest never leads back, so nothing
// waits for itself.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cluster::core {

// What ties a service to its host counts before what only orders: a circle is opened where that costs less.
struct Relation {
  enum class Kind : uint8_t { kWith, kAfter };
  Kind kind = Kind::kAfter;
  std::string service;
  std::string on;

  auto operator<=>(const Relation&) const = default;
};

struct Circle {
  Relation ignored;               // which would have closed it
  std::vector<std::string> path;  // from its service over `on` back to its service
};

std::string to_string(const Circle& circle);  // "a, b, a"

class Relations {
 public:
  // All that there are now, in any order. True: others than before.
  bool take(std::vector<Relation> told);

  bool empty() const { return taken_.empty(); }
  bool counts(const Relation& relation) const { return counting_.contains(relation); }
  // By whatever counts, and over however many others.
  bool comes_after(const std::string& later, const std::string& earlier) const;
  const std::vector<Circle>& circles() const { return circles_; }
  // These services, each behind those of them that it comes after, else in the order given.
  std::vector<std::string> in_sequence(const std::vector<std::string>& services) const;

 private:
  std::vector<std::string> way(const std::string& from, const std::string& to) const;

  std::vector<Relation> taken_;
  std::set<Relation> counting_;
  std::map<std::string, std::vector<std::string>> on_;
  std::vector<Circle> circles_;
};

}  // namespace cluster::core
