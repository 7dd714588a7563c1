#include "core/needs.h"

#include <algorithm>

namespace cluster::core {

namespace {

using Edges = std::map<std::string, std::vector<std::string>>;

// Takes away, again and again, what leads to none of those that are left.
void peel(std::set<std::string>& left, const Edges& to, const Edges& from) {
  std::map<std::string, size_t> ahead;
  std::vector<std::string> ends;
  for (const std::string& service : left) {
    const auto next = to.find(service);
    const size_t count =
        next == to.end()
            ? 0
            : static_cast<size_t>(std::count_if(next->second.begin(), next->second.end(),
                                                [&](const auto& s) { return left.contains(s); }));
    ahead[service] = count;
    if (count == 0) ends.push_back(service);
  }
  while (!ends.empty()) {
    const std::string at = std::move(ends.back());
    ends.pop_back();
    left.erase(at);
    const auto before = from.find(at);
    if (before == from.end()) continue;
    for (const std::string& service : before->second)
      if (left.contains(service) && --ahead[service] == 0) ends.push_back(service);
  }
}

// Services on a circle, or between two: all others are done with at once.
std::set<std::string> entangled(const std::vector<Relation>& relations) {
  std::set<std::string> left;
  Edges to, from;
  for (const Relation& relation : relations) {
    left.insert(relation.service);
    left.insert(relation.on);
    to[relation.service].push_back(relation.on);
    from[relation.on].push_back(relation.service);
  }
  peel(left, to, from);
  peel(left, from, to);
  return left;
}

}  // namespace

std::string to_string(const Circle& circle) {
  std::string out;
  for (const std::string& service : circle.path) out += (out.empty() ? "" : ", ") + service;
  return out;
}

bool Relations::take(std::vector<Relation> told) {
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  if (told == taken_) return false;
  taken_ = std::move(told);
  counting_.clear();
  on_.clear();
  circles_.clear();
  const std::set<std::string> doubtful = entangled(taken_);
  for (const Relation& relation : taken_) {
    std::vector<std::string> back;
    if (doubtful.contains(relation.service) && doubtful.contains(relation.on))
      back = way(relation.on, relation.service);
    if (back.empty()) {
      counting_.insert(relation);
      on_[relation.service].push_back(relation.on);
      continue;
    }
    back.insert(back.begin(), relation.service);
    circles_.push_back({relation, std::move(back)});
  }
  return true;
}

// Both ends included; empty: there is none.
std::vector<std::string> Relations::way(const std::string& from, const std::string& to) const {
  std::map<std::string, std::string> reached_from = {{from, ""}};
  std::vector<std::string> open = {from};
  while (!open.empty() && !reached_from.contains(to)) {
    const std::string at = std::move(open.back());
    open.pop_back();
    const auto next = on_.find(at);
    if (next == on_.end()) continue;
    for (const std::string& service : next->second)
      if (reached_from.emplace(service, at).second) open.push_back(service);
  }
  std::vector<std::string> out;
  if (!reached_from.contains(to)) return out;
  for (std::string at = to; !at.empty(); at = reached_from.at(at)) out.push_back(at);
  std::reverse(out.begin(), out.end());
  return out;
}

bool Relations::comes_after(const std::string& later, const std::string& earlier) const {
  return later != earlier && on_.contains(later) && !way(later, earlier).empty();
}

std::vector<std::string> Relations::in_sequence(const std::vector<std::string>& services) const {
  std::set<std::string> to_come(services.begin(), services.end());
  std::vector<std::string> out;
  // Whatever it comes after is put before it: none of that leads back here.
  std::vector<std::string> open;
  for (const std::string& service : services) {
    open.push_back(service);
    while (!open.empty()) {
      const std::string at = open.back();
      const auto next = on_.find(at);
      const size_t before = open.size();
      if (to_come.contains(at) && next != on_.end())
        std::copy_if(next->second.begin(), next->second.end(), std::back_inserter(open),
                     [&](const std::string& earlier) { return to_come.contains(earlier); });
      if (open.size() != before) continue;
      if (to_come.erase(at) != 0) out.push_back(at);
      open.pop_back();
    }
  }
  return out;
}

}  // namespace cluster::core
