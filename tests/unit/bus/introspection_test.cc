// What the daemon shows of itself on the bus against the files in dbus/.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/bus/fixture.h"

namespace cluster::bus::test {
namespace {

// One tag of an XML document that is as regular as these are: attributes in double quotes.
struct Tag {
  std::string name;
  std::string attributes;
  bool opens = true;
  bool closes = false;
};

std::vector<Tag> tags(const std::string& xml) {
  std::vector<Tag> out;
  size_t at = 0;
  while ((at = xml.find('<', at)) != std::string::npos) {
    const bool comment = xml.compare(at, 4, "<!--") == 0;
    const size_t end = std::min(comment ? xml.find("-->", at) : xml.find('>', at), xml.size());
    std::string inside = xml.substr(at + 1, end - at - 1);
    at = end;
    if (comment || inside.empty() || inside[0] == '!' || inside[0] == '?') continue;
    Tag tag;
    if (inside[0] == '/') {
      tag.opens = false;
      tag.closes = true;
      inside.erase(0, 1);
    } else if (inside.back() == '/') {
      tag.closes = true;
      inside.pop_back();
    }
    const size_t blank = std::min(inside.find_first_of(" \n"), inside.size());
    tag.name = inside.substr(0, blank);
    tag.attributes = inside.substr(blank);
    out.push_back(tag);
  }
  return out;
}

std::string attribute(const Tag& tag, const std::string& name) {
  const std::string start = " " + name + "=\"";
  const size_t at = tag.attributes.find(start);
  if (at == std::string::npos) return "";
  const size_t from = at + start.size();
  return tag.attributes.substr(from, tag.attributes.find('"', from) - from);
}

// One line a member with its arguments: "…Manager1 method MoveService in s name in u host".
std::set<std::string> members(const std::string& xml) {
  std::set<std::string> out;
  std::string interface;
  std::string member;
  for (const Tag& tag : tags(xml)) {
    const bool is_member = tag.name == "method" || tag.name == "signal" || tag.name == "property";
    if (tag.opens && tag.name == "interface") interface = attribute(tag, "name");
    if (tag.opens && is_member) {
      member = interface + " " + tag.name + " " + attribute(tag, "name");
      if (tag.name == "property")
        member += " " + attribute(tag, "type") + " " + attribute(tag, "access");
    } else if (tag.opens && tag.name == "arg") {
      const std::string direction = attribute(tag, "direction");
      member += " " + (direction.empty() ? "" : direction + " ") + attribute(tag, "type") + " " +
                attribute(tag, "name");
    } else if (tag.opens && tag.name == "annotation" && !member.empty()) {
      member += " " + attribute(tag, "name") + "=" + attribute(tag, "value");
    }
    if (tag.closes && is_member) {
      out.insert(member);
      member.clear();
    }
  }
  std::erase_if(out, [](const std::string& line) { return line.starts_with("org.freedesktop."); });
  return out;
}

// Tests run from the root of the source tree, or from wherever, with the program below build/.
std::string file(const std::string& name) {
  std::filesystem::path folder = std::filesystem::current_path();
  if (!std::filesystem::exists(folder / "dbus")) {
    folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    while (folder.has_relative_path() && !std::filesystem::exists(folder / "dbus")) {
      folder = folder.parent_path();
    }
  }
  std::ifstream in(folder / "dbus" / name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Introspection : public BusTest {
 protected:
  void compare(const std::string& path, const std::string& name) {
    const auto shown = members(introspect(path));
    const auto written = members(file(name));
    std::vector<std::string> only_shown;
    std::vector<std::string> only_written;
    std::set_difference(shown.begin(), shown.end(), written.begin(), written.end(),
                        std::back_inserter(only_shown));
    std::set_difference(written.begin(), written.end(), shown.begin(), shown.end(),
                        std::back_inserter(only_written));
    EXPECT_FALSE(written.empty());
    EXPECT_EQ(only_shown, std::vector<std::string>()) << "is not in dbus/" << name;
    EXPECT_EQ(only_written, std::vector<std::string>()) << "is not on the bus at " << path;
  }
};

TEST_F(Introspection, IsAsTheFilesSay) {
  start_bus();
  compare("/com/bammeson/cluster", "com.bammeson.cluster.xml");
  compare("/com/bammeson/cluster/host/1", "com.bammeson.cluster.Host1.xml");
  compare("/com/bammeson/cluster/service/web", "com.bammeson.cluster.Service1.xml");
}

TEST_F(Introspection, ObjectsAreFoundBelowTheRoot) {
  start_bus();
  const std::string root = introspect("/com/bammeson/cluster");
  EXPECT_NE(root.find("org.freedesktop.DBus.ObjectManager"), std::string::npos);
  EXPECT_NE(root.find("node name=\"host\""), std::string::npos);
  EXPECT_NE(introspect("/com/bammeson/cluster/service").find("node name=\"mail_2d1\""),
            std::string::npos);
}

}  // namespace
}  // namespace cluster::bus::test
